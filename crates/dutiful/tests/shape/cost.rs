//! The bounds. They are about twice what was counted, so that only a change of shape passes them.

use crate::harness::engine::Dialect;
use crate::harness::proxy::server_of;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until, within};
use crate::turns::Turns;
use dutiful::{Client, Filter, SeriesFilter, State, Status, Step, Timestamp, Worker};
use serde_json::json;
use std::future::IntoFuture;
use std::time::Duration;

cases![
    a_drain_takes_few_round_trips,
    a_bulk_takes_few_round_trips,
    callers_at_once_share_round_trips,
    a_drain_reads_no_table_from_end_to_end,
    a_drain_reads_no_table_that_was_analysed_before_its_backlog,
    a_drain_reads_no_table_that_was_analysed_with_its_backlog,
    looks_skip_what_waits_for_later_and_what_has_ended,
    a_drain_writes_little_log,
    no_look_reads_a_table_from_end_to_end,
];

const LONG: Duration = Duration::from_secs(60);
const TASKS: u64 = 5_000;
/// Rows of tasks that ended long ago.
const ENDED: u64 = 50_000;

/// A client whose round trips are counted; SQLite has none.
async fn counted(db: &TestDb) -> Option<(Client, Turns)> {
    if db.dialect() == Dialect::Sqlite {
        return None;
    }
    let turns = Turns::start(server_of(db.url())).await;
    let client = Client::builder(&turns.url(db.url())).table_prefix(db.prefix());
    Some((client.connect().await.unwrap(), turns))
}

async fn submit(client: &Client) {
    for thousand in 0..TASKS / 1_000 {
        let payloads = (0..1_000).map(|number| json!([thousand, number]));
        client.submit_many::<Script>(payloads).await.unwrap();
    }
}

/// Runs everything with the settings of a new user.
async fn drain(client: Client) {
    let mut echo = Script::<0>::echo();
    echo.poll_interval = Duration::from_secs(1);
    let worker = Worker::new(client.clone()).register(echo);
    let worker = worker.start().await.unwrap();
    until("all have succeeded", || async {
        let stats = client.stats().await.unwrap();
        let done = stats
            .names
            .iter()
            .filter_map(|name| name.counts.get(&State::Succeeded));
        done.sum::<u64>() >= TASKS
    })
    .await;
    worker.shutdown().await;
}

/// A claim and a settling serve hundreds of tasks: a few round trips for each of their batches.
async fn a_drain_takes_few_round_trips(db: TestDb) {
    let Some((client, turns)) = counted(&db).await else {
        return;
    };
    let other = db.client().await;
    submit(&other).await;
    let before = turns.count();
    let mut echo = Script::<0>::echo();
    echo.poll_interval = Duration::from_secs(1);
    let worker = Worker::new(client).register(echo).start().await.unwrap();
    until("all have succeeded", || async {
        other.stats().await.unwrap().names[0]
            .counts
            .get(&State::Succeeded)
            == Some(&TASKS)
    })
    .await;
    let count = turns.count() - before;
    worker.shutdown().await;
    assert!(count < TASKS / 30, "{count} round trips for {TASKS} tasks");
}

async fn a_bulk_takes_few_round_trips(db: TestDb) {
    let Some((client, turns)) = counted(&db).await else {
        return;
    };
    // The first calls open connections and prepare their statements.
    let mut counts = Vec::new();
    for call in 0..5 {
        let before = turns.count();
        let payloads = (0..1_000).map(|number| json!([call, number]));
        client.submit_many::<Script>(payloads).await.unwrap();
        counts.push(turns.count() - before);
    }
    let count = counts.iter().min().unwrap();
    assert!(*count <= 5, "{counts:?} round trips for 1,000 tasks a call");
}

async fn callers_at_once_share_round_trips(db: TestDb) {
    let Some((client, turns)) = counted(&db).await else {
        return;
    };
    client.submit_json("Script", json!("first")).await.unwrap();
    let before = turns.count();
    let callers = (0..64).map(|caller| {
        let client = client.clone();
        tokio::spawn(async move {
            for number in 0..50 {
                client
                    .submit_json("Script", json!([caller, number]))
                    .await
                    .unwrap();
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        within("they are stored", caller.into_future())
            .await
            .unwrap();
    }
    let count = turns.count() - before;
    assert_eq!(db.count("tasks").await, 64 * 50 + 1);
    assert!(count < 64 * 50 / 5, "{count} round trips for 3,200 tasks");
}

/// Tasks that ended long ago must not be read again and again, whatever the planner knows of the table.
async fn a_drain_reads_no_table_from_end_to_end(db: TestDb) {
    fill_with_ended(&db).await;
    submit(&db.client().await).await;
    drain_reads_by_index(&db).await;
}

async fn a_drain_reads_no_table_that_was_analysed_before_its_backlog(db: TestDb) {
    fill_with_ended(&db).await;
    analyse(&db).await;
    submit(&db.client().await).await;
    drain_reads_by_index(&db).await;
}

async fn a_drain_reads_no_table_that_was_analysed_with_its_backlog(db: TestDb) {
    fill_with_ended(&db).await;
    submit(&db.client().await).await;
    analyse(&db).await;
    drain_reads_by_index(&db).await;
}

async fn analyse(db: &TestDb) {
    db.exec(match db.dialect() {
        Dialect::Mysql => "ANALYZE TABLE dutiful_tasks",
        Dialect::Sqlite | Dialect::Postgres => "ANALYZE dutiful_tasks",
    })
    .await;
}

async fn drain_reads_by_index(db: &TestDb) {
    let before = rows_read_past_indexes(db).await;
    let mut echo = Script::<0>::echo();
    echo.poll_interval = Duration::from_secs(1);
    let worker = Worker::new(db.client().await)
        .register(echo)
        .start()
        .await
        .unwrap();
    until("all have run", || async {
        let due = "SELECT COUNT(*) FROM dutiful_tasks WHERE task_name = 'Script' AND priority = 0 AND due_at IS NOT NULL";
        db.int(due).await == 0
    })
    .await;
    worker.shutdown().await;
    let read = rows_read_past_indexes(db).await - before;
    let rows = i64::try_from(ENDED + TASKS).unwrap();
    assert!(
        read < rows,
        "{read} rows were read past the indexes of a table of {rows}"
    );
}

async fn fill_with_ended(db: &TestDb) {
    let columns = "task_name, task_payload, status, due_at, finished_at, result_data";
    let values =
        |number: &str, now: &str| format!("'Script', {number}, 'success', NULL, {now}, '1'");
    let sql = match db.dialect() {
        Dialect::Sqlite => format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ENDED})
             INSERT INTO dutiful_tasks ({columns}) SELECT {} FROM n",
            values("CAST(i AS TEXT)", "1")
        ),
        Dialect::Mysql => format!(
            "INSERT INTO dutiful_tasks ({columns})
             SELECT {} FROM JSON_TABLE('[{}]', '$[*]' COLUMNS (i INT PATH '$')) AS n",
            values("i", "UTC_TIMESTAMP(6)"),
            vec!["1"; usize::try_from(ENDED).unwrap()].join(",")
        ),
        Dialect::Postgres => format!(
            "INSERT INTO dutiful_tasks ({columns}) SELECT {} FROM generate_series(1, {ENDED}) AS n (i)",
            values("i::text", "clock_timestamp()")
        ),
    };
    assert_eq!(db.exec(&sql).await, ENDED);
}

async fn rows_read_past_indexes(db: &TestDb) -> i64 {
    match db.dialect() {
        // Its plans are looked at where its statements are.
        Dialect::Sqlite => 0,
        Dialect::Mysql => status(db, "Handler_read_rnd_next").await,
        Dialect::Postgres => {
            // Sessions tell what they have counted when they have been idle for a second.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            db.int("SELECT COALESCE(SUM(seq_tup_read), 0)::bigint FROM pg_stat_user_tables")
                .await
        }
    }
}

/// A worker that has something to do looks for more every 20 to 200 ms: no look may go through the index.
async fn looks_skip_what_waits_for_later_and_what_has_ended(db: TestDb) {
    if db.dialect() != Dialect::Mysql {
        // Nobody else counts the entries of indexes that were read.
        return;
    }
    fill_with_ended(&db).await;
    db.exec(
        "INSERT INTO dutiful_tasks (task_name, task_payload, due_at)
         SELECT 'Script', id, UTC_TIMESTAMP(6) + INTERVAL 1 DAY FROM dutiful_tasks",
    )
    .await;
    let client = db.client().await;
    let worker = Worker::new(db.client().await).register(Script::<0>::echo());
    let worker = worker.start().await.unwrap();
    let before = status(&db, "Handler_read_next").await;
    for number in 0..10 {
        let id = client.submit_json("Script", json!(["due", number])).await;
        client.wait(id.unwrap().id, LONG).await.unwrap();
        // Some looks find nothing.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let read = status(&db, "Handler_read_next").await - before;
    worker.shutdown().await;
    let rows = i64::try_from(2 * ENDED).unwrap();
    assert!(read < rows, "{read} entries were read beside {rows} rows");
}

/// Whatever is asked for, and however little of it there is.
async fn no_look_reads_a_table_from_end_to_end(db: TestDb) {
    fill_with_ended(&db).await;
    let client = db.client().await;
    let ended = db.earlier("finished_at", Duration::from_secs(3_600));
    db.exec(&format!("UPDATE dutiful_tasks SET {ended}")).await;
    client.submit_json("Other", json!(1)).await.unwrap();
    client.keep_figures().await.unwrap();
    analyse(&db).await;
    let past_indexes = rows_read_past_indexes(&db).await;
    let now = client.stats().await.unwrap().now;
    let mut filters = vec![
        Filter::new(),
        Filter::new().task_name("Script"),
        Filter::new().task_name("Other"),
        Filter::new().task_name("Third"),
        Filter::new().text("nowhere"),
        Filter::new().status(Status::Error),
        Filter::new().status(Status::NotStarted),
        Filter::new().created_before(Timestamp::from_micros(1)),
        Filter::new().created_after(now),
        Filter::new().finished_after(now),
        Filter::new().finished_before(now).text("nowhere"),
    ];
    filters.extend(State::ALL.iter().map(|state| Filter::new().state(*state)));
    for filter in &filters {
        let before = entries_read(&db).await;
        client.list(filter).await.unwrap();
        client.count(filter).await.unwrap();
        let read = entries_read(&db).await - before;
        assert!(
            read < i64::try_from(ENDED).unwrap(),
            "{read} for {filter:?}"
        );
    }
    let before = entries_read(&db).await;
    client.stats().await.unwrap();
    let days = SeriesFilter::new(Step::Day);
    client.stats_series(&days).await.unwrap();
    let read = entries_read(&db).await - before;
    // MySQL reads two thousand rows of its own to tell these counters.
    assert!(read < 5_000, "{read} for statistics");
    let read = rows_read_past_indexes(&db).await - past_indexes;
    // MySQL counts the rows of its own in which it keeps these counters; there the entries above tell enough.
    let few = read < i64::try_from(ENDED).unwrap();
    assert!(few || db.dialect() == Dialect::Mysql, "{read} past indexes");
}

/// How many entries and rows were read, in whatever way. Only MySQL tells it at once.
async fn entries_read(db: &TestDb) -> i64 {
    if db.dialect() != Dialect::Mysql {
        return 0;
    }
    let counters = [
        "Handler_read_next",
        "Handler_read_prev",
        "Handler_read_key",
        "Handler_read_rnd_next",
    ];
    let mut read = 0;
    for counter in counters {
        read += status(db, counter).await;
    }
    read
}

async fn a_drain_writes_little_log(db: TestDb) {
    let client = db.client().await;
    submit(&client).await;
    let reader = (db.dialect() == Dialect::Sqlite).then(|| {
        // A reader that began before the drain keeps the log from beginning again.
        let reader = rusqlite::Connection::open(db.folder().unwrap().join("tasks.db")).unwrap();
        reader
            .execute_batch("BEGIN; SELECT COUNT(*) FROM dutiful_tasks")
            .unwrap();
        reader
    });
    let before = log_bytes(&db).await;
    drain(client).await;
    let bytes = (log_bytes(&db).await - before) / i64::try_from(TASKS).unwrap();
    drop(reader);
    let most = match db.dialect() {
        Dialect::Sqlite => 1_000,
        Dialect::Mysql => 6_000,
        // The first change of a page after a checkpoint writes the whole page.
        Dialect::Postgres => 3_000,
    };
    assert!(bytes < most, "{bytes} bytes of log for each task");
}

async fn log_bytes(db: &TestDb) -> i64 {
    match db.dialect() {
        Dialect::Sqlite => {
            let log = db.folder().unwrap().join("tasks.db-wal");
            i64::try_from(std::fs::metadata(log).unwrap().len()).unwrap()
        }
        Dialect::Mysql => status(db, "Innodb_os_log_written").await,
        Dialect::Postgres => {
            db.int("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")
                .await
        }
    }
}

async fn status(db: &TestDb, name: &str) -> i64 {
    let rows = db.rows(&format!("SHOW GLOBAL STATUS LIKE '{name}'")).await;
    rows[0][1].as_ref().unwrap().parse().unwrap()
}
