//! What a worker costs when there is nothing to do, and how much memory it takes when there was much.

use crate::arena::Arena;
use crate::engine::Dialect;
use crate::fleet::{Process, Role, WORKER};
use crate::wait::until;
use std::sync::Arc;
use std::time::{Duration, Instant};

const TASKS: u64 = 20_000;
const IDLE: Duration = Duration::from_secs(10);
const SETTLE_DOWN: Duration = Duration::from_secs(3);
const LIMIT: Duration = Duration::from_secs(60);
/// A server's own cleaning counts as queries too, and comes at most once a minute: of so many looks one is without it.
const LOOKS: u32 = 3;
const QUERIES_A_SECOND: f64 = 2.0;
/// The promise is 1 % for the program as it is shipped; one without optimisation may take six times that.
const PROCESSOR_SHARE: f64 = if cfg!(debug_assertions) { 0.06 } else { 0.01 };
const MEMORY_MAX: u64 = 40 * 1024;
/// The counters are read by statements that count too.
const OWN_QUERIES: f64 = 10.0;

pub(crate) async fn an_idle_worker_costs_next_to_nothing(arena: Arc<Arena>) {
    arena.submit(TASKS, |_| 0).await;
    // 18 names, AuditTask and AbortTask.
    let role = Role {
        names: 18,
        ..WORKER
    };
    let busy = Process::start(&arena, role);
    let drained = until("all tasks succeed", LIMIT, || async {
        arena.open_tasks().await == 0
    })
    .await;
    let memory = busy.memory_peak();
    assert_eq!(busy.stop().await, Some(0));
    catch_up(&arena).await;
    // Another one, because servers may count the last queries of a busy connection seconds late.
    let worker = Process::start(&arena, role);
    tokio::time::sleep(SETTLE_DOWN).await;

    let mut idle = look(&arena, &worker).await;
    for _ in 1..LOOKS {
        if idle.is_quiet() {
            break;
        }
        idle = look(&arena, &worker).await;
    }
    assert_eq!(worker.stop().await, Some(0));

    eprintln!(
        "{}: idle {:.2?} queries/s, {:.2} % of a core; {TASKS} tasks drained in {drained:.1?}, \
         peak memory {:.1} MB",
        arena.engine.name,
        idle.queries_a_second,
        idle.share * 100.0,
        memory as f64 / 1024.0
    );
    assert!(idle.is_quiet(), "{:?} queries/s", idle.queries_a_second);
    assert!(idle.share < PROCESSOR_SHARE, "{:.4} of a core", idle.share);
    assert!(memory < MEMORY_MAX, "{memory} KiB");
}

/// What an idle worker cost while it was looked at.
struct Idle {
    queries_a_second: Option<f64>,
    /// Of one core.
    share: f64,
    seconds: f64,
}

impl Idle {
    fn is_quiet(&self) -> bool {
        let most = QUERIES_A_SECOND + OWN_QUERIES / self.seconds;
        self.queries_a_second.is_none_or(|queries| queries <= most)
    }
}

async fn look(arena: &Arena, worker: &Process) -> Idle {
    let (began, ticks) = (Instant::now(), worker.processor_ticks());
    let before = queries(arena).await;
    tokio::time::sleep(IDLE).await;
    let after = queries(arena).await;
    let seconds = began.elapsed().as_secs_f64();
    let queries = before.zip(after).map(|(before, after)| after - before);
    Idle {
        queries_a_second: queries.map(|queries| queries as f64 / seconds),
        share: (worker.processor_ticks() - ticks) as f64 / 100.0 / seconds,
        seconds,
    }
}

/// The figures of what was run are kept: adding them up is work that is left, and no idling.
async fn catch_up(arena: &Arena) {
    let far = match arena.engine.dialect {
        Dialect::Sqlite => "4102444800000000",
        Dialect::Mysql | Dialect::Postgres => "'2100-01-01'",
    };
    let sql = format!(
        "UPDATE dutiful_figures_until
         SET tasks_until = {far}, attempts_until = {far}, checked_until = {far}, checked_again_until = {far}"
    );
    assert_eq!(arena.exec(&sql).await, 1);
}

/// The queries so far, where the engine counts them: transactions on PostgreSQL, where each query of an
/// idle worker is one.
async fn queries(arena: &Arena) -> Option<i64> {
    let cell = match arena.engine.dialect {
        Dialect::Sqlite => return None,
        Dialect::Mysql => arena
            .server_rows("SHOW GLOBAL STATUS LIKE 'Questions'")
            .await
            .remove(0)
            .remove(1),
        Dialect::Postgres => {
            let sql = format!(
                "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{}'",
                arena.database()
            );
            arena.server_rows(&sql).await.remove(0).remove(0)
        }
    };
    cell.and_then(|cell| cell.parse().ok())
}
