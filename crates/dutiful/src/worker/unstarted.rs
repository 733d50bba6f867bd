//! What tests of single parts stand on: a worker that was never started, and what it would have logged.

use super::handler::Handler;
use super::lane::{Job, Lane};
use super::shared::{Report, Shared};
use crate::Client;
use crate::store::claim::Claimed;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// A worker with one lane, which nobody serves, on a database in memory.
pub(crate) async fn worker(
    handler: Arc<dyn Handler>,
) -> (Arc<Shared>, mpsc::UnboundedReceiver<Report>) {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    let (sender, reports) = mpsc::unbounded_channel();
    let lanes = vec![Arc::new(Lane::new(handler))];
    let shared = Shared::new(client, "unstarted".into(), lanes, sender);
    (Arc::new(shared), reports)
}

/// A task that the worker holds, on its way to a slot. It has no row.
pub(crate) fn claimed(shared: &Shared, id: i64, payload: &str) -> Job {
    let lane = &shared.lanes[0];
    let root = &shared.grace_over;
    let lease = (lane.spec.lease, Instant::now());
    shared.inflight.claimed(id, 1, 0, lease, root);
    Job {
        claimed: Claimed {
            id,
            attempt: 1,
            payload_version: 1,
            payload: Ok(payload.to_owned()),
            facts: None,
            last_chance: false,
        },
    }
}

/// Looks until it is so, for at most a minute.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..12_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("waited a minute in vain for this: {what}");
}

/// Keeps what this thread logs, as `LEVEL text`.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// Listens until the guard is dropped.
    pub(crate) fn listen() -> (Log, tracing::subscriber::DefaultGuard) {
        // While there is one alone, other threads decide for all what is listened to.
        static ANOTHER: OnceLock<Dispatch> = OnceLock::new();
        ANOTHER.get_or_init(|| Dispatch::new(Log::default()));
        let log = Log::default();
        let guard = tracing::subscriber::set_default(log.clone());
        (log, guard)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= tracing::Level::INFO
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let line = format!("span {}", span.metadata().name());
        self.0.lock().unwrap().push(line);
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let line = format!("{} {}", event.metadata().level(), text.0);
        self.0.lock().unwrap().push(line);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
