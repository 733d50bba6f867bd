//! Looking at leases while a trial goes on: a row tells how long its lease holds, and forgets it when it is
//! lost.

use crate::arena::Arena;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

const LOOK: Duration = Duration::from_millis(150);

/// Until when each attempt of a task was last seen to hold its lease, in nanoseconds since 1970.
pub(crate) type Seen = HashMap<(i64, i64), u128>;

/// Looks at the leases of some tasks again and again.
pub(crate) struct Watch(JoinHandle<Seen>, Arc<tokio::sync::Notify>);

impl Watch {
    pub(crate) fn start(arena: &Arc<Arena>, tasks: &[i64]) -> Watch {
        let over = Arc::new(tokio::sync::Notify::new());
        let (told, arena) = (Arc::clone(&over), Arc::clone(arena));
        let ids: Vec<String> = tasks.iter().map(i64::to_string).collect();
        let sql = format!(
            "SELECT id, attempt, {} FROM dutiful_tasks WHERE worker IS NOT NULL AND id IN ({})",
            arena.micros("due_at"),
            ids.join(", ")
        );
        let watching = tokio::spawn(async move {
            let raw = arena.raw().await;
            let mut seen = Seen::default();
            loop {
                for row in raw.rows(&sql).await {
                    let [id, attempt, until] =
                        [0, 1, 2].map(|cell| row[cell].as_deref().unwrap().parse::<i64>().unwrap());
                    let until = u128::try_from(until).unwrap() * 1_000;
                    seen.insert((id, attempt), until);
                }
                tokio::select! {
                    () = told.notified() => break,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
            raw.close().await;
            seen
        });
        Watch(watching, over)
    }

    /// What was seen.
    pub(crate) async fn stop(self) -> Seen {
        self.1.notify_one();
        self.0.await.unwrap()
    }
}
