//! Starting a worker: checks, threads, the first beat.

use super::claimer::Claimer;
use super::handle::WorkerHandle;
use super::heart::Heart;
use super::lane::Lane;
use super::registry::Registry;
use super::settler::Settler;
use super::shared::Shared;
use super::watch::Watch;
use super::{
    Retention, caught, figures, janitor, joins, lane_thread, recorder, shutdown, thread, waker,
};
use crate::migrate::selftest;
use crate::periodic::local::{self, Host, Local};
use crate::periodic::{Definition, scheduler};
use crate::store::task_types::{self, Published};
use crate::store::{retry, workers};
use crate::{Client, Error, ErrorKind, Result};
use dutiful_core::Schedule;
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};

/// How long the last writes may take once everything is settled. When the database is away the worker's row
/// stays, and is pruned later.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// What a worker was told besides its task types.
pub(crate) struct Settings {
    pub(crate) grace: Duration,
    pub(crate) retention: Retention,
}

/// Checks everything that can be checked before work begins, and starts the threads.
pub(crate) async fn start(
    client: Client,
    registry: Registry,
    settings: Settings,
) -> Result<WorkerHandle> {
    registry.check()?;
    let headline = headline(&registry);
    let handlers = registry.handlers();
    let periodics = registry
        .periodics
        .into_iter()
        .collect::<Result<Vec<Definition>>>()?;
    let locals = registry
        .locals
        .into_iter()
        .map(Local::new)
        .collect::<Result<Vec<Local>>>()?;
    client.migrator().check().await?;
    selftest::skip_locked_holds(client.db()).await?;
    let worker: Arc<str> = worker_name().into();
    let published: Vec<Published> = handlers.iter().filter_map(|of| of.published()).collect();
    let (reports, settle) = mpsc::unbounded_channel();
    let lanes = handlers
        .into_iter()
        .map(|handler| Arc::new(Lane::new(handler)));
    let shared = Shared {
        signal: client.wake().subscribe(),
        ..Shared::new(client, worker, lanes.collect(), reports)
    };
    let shared = Arc::new(shared);
    let hints = waker::hint_socket(shared.client.db()).await;
    let card = card(&shared, hints.as_ref().map(|(_, address)| address.clone()));
    // Beats once before the first claim, so that whoever sees the lease finds the worker.
    workers::enter(shared.client.db(), &card).await?;
    task_types::publish(shared.client.db(), &shared.worker, published).await?;
    let (heart_alive, heart_end) = oneshot::channel::<()>();
    let (finished, done) = watch::channel(false);
    let started = start_heart(&shared, card, heart_alive).and_then(|()| {
        announce(&shared, &headline, &periodics, &locals);
        let parts = Parts {
            settler: Settler::new(Arc::clone(&shared), settle),
            locals_end: start_locals(&shared, locals, settings.grace)?,
            heart_end,
            periodics,
            settings,
        };
        let socket = hints
            .map(|(socket, _)| socket.into_std())
            .transpose()
            .ok()
            .flatten();
        start_main(&shared, parts, socket, finished)
    });
    if let Err(error) = started {
        shared.stopping.cancel();
        shared.end();
        let leave = workers::leave(shared.client.db(), &shared.worker);
        // It is pruned later where this fails too.
        let _ = tokio::time::timeout(LAST_WRITES, leave).await;
        return Err(error);
    }
    Ok(WorkerHandle {
        stopping: shared.stopping.clone(),
        done,
        shared,
    })
}

/// Starts the lanes' threads, and the one that looks after them and their leases.
fn start_heart(
    shared: &Arc<Shared>,
    card: workers::Card,
    alive: oneshot::Sender<()>,
) -> Result<()> {
    for index in 0..shared.lanes.len() {
        lane_thread::start(shared, index)?;
    }
    let heart = Heart::new(Arc::clone(shared), card);
    let watch = Watch::new(Arc::clone(shared));
    let heart = caught::part(Arc::clone(shared), "heart", heart.run());
    let watch = caught::part(Arc::clone(shared), "watch", watch.run());
    start_thread("dutiful-heart", async move {
        let _alive = alive;
        tokio::join!(heart, watch);
    })
}

fn start_main(
    shared: &Arc<Shared>,
    parts: Parts,
    hints: Option<std::net::UdpSocket>,
    finished: watch::Sender<bool>,
) -> Result<()> {
    let shared = Arc::clone(shared);
    let main = run(Arc::clone(&shared), parts, hints);
    start_thread("dutiful-worker", async move {
        caught::part(Arc::clone(&shared), "main loop", main).await;
        shared.end();
        finished.send_replace(true);
    })
}

struct Parts {
    settler: Settler,
    periodics: Vec<Definition>,
    /// Closed once the local periodics have ended.
    locals_end: mpsc::Receiver<()>,
    /// Closed once the heart has stopped.
    heart_end: oneshot::Receiver<()>,
    settings: Settings,
}

fn start_locals(
    shared: &Shared,
    locals: Vec<Local>,
    grace: Duration,
) -> Result<mpsc::Receiver<()>> {
    let (alive, locals_end) = mpsc::channel(1);
    for local in locals {
        let host = Host {
            client: shared.client.clone(),
            worker: Arc::clone(&shared.worker),
            stopping: shared.stopping.clone(),
            grace,
        };
        local.start(host, alive.clone())?;
    }
    Ok(locals_end)
}

/// The worker's own loop: claims, settles, wakes, schedules, prunes; then shuts down.
async fn run(shared: Arc<Shared>, parts: Parts, hints: Option<std::net::UdpSocket>) {
    let hints = hints.and_then(|socket| UdpSocket::from_std(socket).ok());
    let part = |name, work| tokio::spawn(caught::part(Arc::clone(&shared), name, work));
    let claimer = part("claimer", Claimer::new(Arc::clone(&shared)).run().boxed());
    let settler = part("settler", parts.settler.run().boxed());
    let recorder = part("recorder", recorder::run(Arc::clone(&shared)).boxed());
    let scheduler = scheduler::run(
        shared.client.clone(),
        parts.periodics,
        shared.stopping.clone(),
    );
    let janitor = janitor::run(Arc::clone(&shared), parts.settings.retention);
    // These hold nothing that must be given back, so they may be cut off at any await.
    let helpers = [
        part("waker", waker::run(Arc::clone(&shared), hints).boxed()),
        part("scheduler", scheduler.boxed()),
        part("janitor", janitor.boxed()),
        part("figures", figures::run(Arc::clone(&shared)).boxed()),
        part("joins", joins::run(Arc::clone(&shared)).boxed()),
    ];
    shared.stopping.cancelled().await;
    let grace = parts.settings.grace;
    tokio::join!(
        shutdown::drain(&shared, claimer, grace),
        local::ended(parts.locals_end, grace)
    );
    for helper in helpers {
        helper.abort();
    }
    // With the heart, or the process may be gone before its row is.
    let last = async { tokio::join!(settler, recorder, parts.heart_end) };
    let _ = tokio::time::timeout(LAST_WRITES, last).await;
}

fn start_thread(name: &str, work: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    let cannot = |error| Error::new(ErrorKind::Config, format!("cannot start `{name}`: {error}"));
    thread::event_loop(name.to_owned(), || work).map_err(cannot)
}

fn worker_name() -> String {
    let host: String = host()
        .chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect();
    format!(
        "{host}-{}-{:08x}",
        std::process::id(),
        retry::random() & 0xffff_ffff
    )
}

/// The name of this machine.
pub(crate) fn host() -> String {
    let from_env = || std::env::var("HOSTNAME").ok();
    let from_kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = from_kernel().or_else(from_env).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() {
        "host".to_owned()
    } else {
        name.to_owned()
    }
}

fn card(shared: &Shared, hint_address: Option<String>) -> workers::Card {
    let names: Vec<&str> = shared.lanes.iter().map(|lane| lane.spec.name).collect();
    workers::Card {
        worker: shared.worker.to_string(),
        host: host(),
        process_id: i64::from(std::process::id()),
        task_names: serde_json::json!(names).to_string(),
        hint_address,
    }
}

/// How many tasks there are of which kind. What a periodic brings along is that periodic's.
fn headline(registry: &Registry) -> String {
    let periodic = registry.periodics.len() + registry.locals.len();
    let database = registry.plain_count();
    let all = periodic + database;
    let plural = if all == 1 { "" } else { "s" };
    format!("🚀 Started {all} task{plural} ({periodic} periodic, {database} database)")
}

fn announce(shared: &Shared, headline: &str, periodics: &[Definition], locals: &[Local]) {
    tracing::info!("{headline}");
    for lane in &shared.lanes {
        let spec = &lane.spec;
        tracing::info!(
            "{} {}: {} at once, timeout {}, lease {}",
            spec.emoji,
            spec.name,
            spec.batch_size,
            super::log::human(spec.timeout),
            super::log::human(spec.lease)
        );
    }
    for periodic in periodics {
        let lane = shared
            .lanes
            .iter()
            .find(|lane| lane.spec.name == periodic.task_name);
        let emoji = lane.map_or("⏰", |lane| lane.spec.emoji);
        tracing::info!(
            "{emoji} {}: periodic, {}",
            periodic.name,
            ticks(&periodic.schedule)
        );
    }
    for local in locals {
        tracing::info!(
            "{} {}: periodic in this process alone, {}",
            local.spec.emoji,
            local.name,
            ticks(&local.schedule)
        );
    }
}

/// A schedule as people read it.
fn ticks(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Every(interval) => format!("every {}", super::log::human(*interval)),
        Schedule::Cron {
            expression,
            time_zone,
        } => format!("cron {expression} ({time_zone})"),
    }
}

#[cfg(test)]
mod tests;
