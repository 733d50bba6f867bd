//! A queue with tasks in every state, of every scope, and with all that can belong to them, written past the
//! product: texts of many scripts, bytes of all values, odd microseconds, NULLs.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use crate::harness::raw::quoted;
use dutiful::documents::{NewText, NewVector, StoredChunk, StoredPage};
use dutiful::{Client, NewToken, Scope};
use std::fmt::Write;

/// Rows of one statement.
const STATEMENT_ROWS: i64 = 500;
/// 2026-01-01.
const NOW: i64 = 1_767_225_600_000_000;
const TEXTS: [&str; 6] = [
    "plain",
    "größer ≥ 7",
    "日本語",
    "🦀🚀👩‍👩‍👧",
    "e\u{301} a  ",
    "'quoted' \"x\" \t",
];
const SCOPES: [&str; 6] = [
    "none",
    "waiting",
    "active",
    "until_success",
    "always",
    "window",
];

/// How many tasks move.
pub(crate) fn tasks() -> i64 {
    let told = std::env::var("DUTIFUL_TEST_MOVE_TASKS").ok();
    told.map_or(1_000, |number| number.parse().unwrap())
}

/// Fills all tables; the highest task of all has been there and is gone again.
pub(crate) async fn fill(db: &TestDb, tasks: i64) {
    for (table, columns, row) in [
        ("tasks", TASK, task as fn(Dialect, i64) -> Option<String>),
        ("attempts", ATTEMPT, attempt),
        ("steps", STEP, step),
        ("logs", LOG, log),
    ] {
        let mut id = 1;
        while id <= tasks {
            let until = (id + STATEMENT_ROWS).min(tasks + 1);
            let rows: Vec<String> = (id..until).filter_map(|id| row(db.dialect(), id)).collect();
            let values = rows.join(", ");
            db.exec(&format!(
                "INSERT INTO dutiful_{table} ({columns}) VALUES {values}"
            ))
            .await;
            id = until;
        }
    }
    raise_ids(db, tasks).await;
    others(db).await;
}

/// As if the product had given these ids, and one more to a task that is gone.
async fn raise_ids(db: &TestDb, tasks: i64) {
    let last = tasks + 7;
    if db.dialect() == Dialect::Postgres {
        for (table, last) in [("tasks", last), ("logs", tasks * 2)] {
            db.rows(&format!(
                "SELECT setval(pg_get_serial_sequence('dutiful_{table}', 'id'), {last})"
            ))
            .await;
        }
        return;
    }
    db.exec(&format!(
        "INSERT INTO dutiful_tasks (id, task_name, task_payload) VALUES ({last}, 'Gone', 'null')"
    ))
    .await;
    db.exec(&format!("DELETE FROM dutiful_tasks WHERE id = {last}"))
        .await;
}

async fn others(db: &TestDb) {
    let at = |micros| time(db.dialect(), Some(micros));
    for (name, paused, next) in [
        ("daily", 0, at(NOW + 1)),
        ("größer 🚀", 1, "NULL".to_owned()),
    ] {
        db.exec(&format!(
            "INSERT INTO dutiful_periodic (name, task_name, task_payload, schedule, missed, missed_window,
               overlap, paused, next_at, last_at, last_task_id, fired, skipped, created_at)
             VALUES ({}, 'Report', '{{\"day\":1}}', 'cron Europe/Berlin 0 9 * * MON-FRI', 'latest', 0, 'skip',
               {paused}, {next}, {}, 3, 17, 2, {})",
            quoted(name),
            at(NOW - 3_600_000_001),
            at(NOW - 86_400_000_007)
        ))
        .await;
    }
    db.exec(&format!(
        "UPDATE dutiful_periodic SET payload_version = 3, priority = -2, max_retries = 9,
           changed_schedule = 'every 60000000', changed_payload = '{{}}', changed_payload_version = 2,
           changed_at = {}, changed_by = 'größer' WHERE name = 'daily'",
        at(NOW - 5)
    ))
    .await;
    figures_and_pauses(db).await;
    let client = db.client().await;
    for name in ["billing", "ops"] {
        client
            .create_token(NewToken::new(name, [Scope::Enqueue]))
            .await
            .unwrap();
    }
    client
        .rotate_token("ops", std::time::Duration::from_secs(60))
        .await
        .unwrap();
    for number in 0..50 {
        let actor = format!("token:{number}");
        client
            .audit(&actor, "task.cancel", None, Some("größer 🦀"))
            .await
            .unwrap();
    }
    let draft = || client.submit_json("Once", serde_json::json!(1)).held();
    for number in 0..20 {
        let key = format!("request-{number}");
        client
            .submit_once(&key, [number; 32], vec![draft()])
            .await
            .unwrap();
    }
    documents(&client).await;
}

/// Two documents: one that readers see, with a newer generation on its way, and one that was only added.
async fn documents(client: &Client) {
    let documents = client.documents();
    let task = |_, _| {
        client
            .submit_json("Once", serde_json::json!("document"))
            .held()
    };
    for (name, bytes) in [
        ("größer 🦀.md", vec![b'x'; 300_000]),
        ("größer 🦀.md", vec![0, 255, 13]),
        ("b.md", vec![7]),
    ] {
        let added = documents.add("main", name, &bytes, task).await.unwrap();
        let id = added.document.generation.id;
        let pages = TEXTS.iter().zip(1..).map(|(text, number)| StoredPage {
            number,
            method: "ocr".into(),
            confidence: (number > 1).then_some(0.5),
            place: (number > 2).then_some((3, 9)),
            warnings: vec![(*text).to_owned()],
            markdown: (*text).to_owned(),
        });
        let pages: Vec<StoredPage> = pages.collect();
        documents.put_pages(id, &pages).await.unwrap();
        let text = NewText {
            format: "markdown".into(),
            title: Some("größer".into()),
            pages: 6,
            ..NewText::default()
        };
        documents.transcribed(id, &text).await.unwrap();
        let chunks = TEXTS.iter().zip(0..).map(|(text, number)| StoredChunk {
            id: 0,
            generation: id,
            number,
            start: 1,
            end: 2,
            first_page: 1,
            last_page: 2,
            tokens: 4,
            content_hash: [u8::try_from(number).unwrap(); 32],
            heading_path: vec![(*text).to_owned()],
            text: (*text).to_owned(),
        });
        let chunks: Vec<StoredChunk> = chunks.collect();
        documents
            .put_chunks(id, &chunks, Some("model"))
            .await
            .unwrap();
        if bytes.len() > 3 {
            documents.publish(id).await.unwrap();
        }
    }
    for (number, vector) in [(0, Ok(vec![0.5, -1.0])), (1, Err("größer".to_owned()))] {
        let content_hash = [number; 32];
        let vector = NewVector {
            content_hash,
            vector,
        };
        documents.put_vectors("model", &[vector]).await.unwrap();
    }
    let minute = std::time::Duration::from_secs(60);
    client.hold("api", minute, "429").await.unwrap();
}

async fn figures_and_pauses(db: &TestDb) {
    let at = |micros| time(db.dialect(), Some(micros));
    for (step, minute, name) in [
        ("minute", 0, "Resize"),
        ("minute", 1, "Resize"),
        ("minute", 1, "resize"),
        ("hour", 0, "🦀"),
        ("all", 0, "größer"),
    ] {
        let begins = at(NOW - minute * 60_000_000);
        db.exec(&format!(
            "INSERT INTO dutiful_figures (step, begins_at, task_name, figures)
             VALUES ('{step}', {begins}, {}, '{{}}')",
            quoted(name)
        ))
        .await;
    }
    let until = at(NOW - 61_000_001);
    db.exec(&format!(
        "UPDATE dutiful_figures_until SET version = 7, tasks_until = {until}, checked_until = {until}"
    ))
    .await;
    for (table, columns, values) in [
        (
            "figures_left",
            "task_name, state, finished_at, tasks",
            format!("'Resize', 'failed', {until}, 3"),
        ),
        (
            "pauses",
            "task_name, paused_at, paused_by",
            format!("'größer', {until}, 'ops'"),
        ),
        (
            "previews",
            "preview_key, asked_by, asked_for, created_at, operation_id",
            format!(
                "{}, 'ops', '{{}}', {until}, NULL",
                bytes(db.dialect(), 5, 32)
            ),
        ),
        ("joins", "task_id, first_open", "5, 1".to_owned()),
        ("items", "join_id, number, task_id", "5, 0, 1".to_owned()),
        ("items", "join_id, number, task_id", "5, 1, 2".to_owned()),
    ] {
        db.exec(&format!(
            "INSERT INTO dutiful_{table} ({columns}) VALUES ({values})"
        ))
        .await;
    }
}

const TASK: &str = "id, task_name, task_payload, payload_version, status, priority, created_at, due_at, \
    last_run_at, finished_at, worker, attempt, retries, max_retries, crashes, error_kind, error_message, \
    result_data, progress, progress_note, dedup_key, dedup_scope, dedup_until, submission_key";

/// What makes a state: status, due in so many seconds, finished, worker, attempt, retries, kind of error.
type Life = (
    &'static str,
    Option<i64>,
    bool,
    Option<&'static str>,
    i64,
    i64,
    Option<&'static str>,
);

const LIVES: [Life; 13] = [
    // Held, scheduled, queued.
    ("not_started", None, false, None, 0, 0, None),
    ("not_started", Some(90_000_000), false, None, 0, 0, None),
    ("not_started", Some(-500), false, None, 0, 0, None),
    // Running with a lease, for the first time and after a failure.
    (
        "not_started",
        Some(90_000_000),
        false,
        Some("host-1-a"),
        1,
        0,
        None,
    ),
    (
        "error",
        Some(90_000_000),
        false,
        Some("host-2-b"),
        2,
        1,
        Some("failed"),
    ),
    // Running with a lease that has run out.
    (
        "not_started",
        Some(-90),
        false,
        Some("host-3-c"),
        1,
        0,
        None,
    ),
    // Retrying, succeeded, failed, invalid, discarded, cancelled, quarantined.
    (
        "error",
        Some(80_000_000),
        false,
        None,
        1,
        1,
        Some("timed_out"),
    ),
    ("success", None, true, None, 1, 0, None),
    ("error", None, true, None, 3, 3, Some("failed")),
    ("error", None, true, None, 0, 0, Some("invalid_payload")),
    ("error", None, true, None, 1, 0, Some("discarded")),
    ("error", None, true, None, 1, 0, Some("cancelled")),
    ("error", None, true, None, 3, 0, Some("lease_lost")),
];

fn task(dialect: Dialect, id: i64) -> Option<String> {
    let number = usize::try_from(id).unwrap();
    let (status, due, finished, worker, attempt, retries, kind) = LIVES[number % LIVES.len()];
    let text = TEXTS[number % TEXTS.len()];
    let scope = SCOPES[number / LIVES.len() % SCOPES.len()];
    let at = |micros: Option<i64>| time(dialect, micros);
    let word = |word: Option<&str>| word.map_or("NULL".to_owned(), quoted);
    let is = |so: bool, text: String| if so { text } else { "NULL".to_owned() };
    let slot = number % 7 != 0;
    Some(format!(
        "({id}, {}, {}, {}, '{status}', {}, {}, {}, {}, {}, {}, {attempt}, {retries}, {}, {}, {}, {}, {}, \
         {}, {}, {}, '{scope}', {}, {})",
        quoted(["Resize", "größer", "Noch eins", "🦀"][number % 4]),
        quoted(&format!(
            "{{\"n\":{id},\"text\":\"{}\"}}",
            text.replace(['"', '\t'], "~")
        )),
        1 + id % 3,
        id % 19 - 9,
        at(Some(NOW - id * 1_000_003)),
        at(due.map(|seconds| NOW + seconds * 1_000_000 + id % 999_983)),
        at((attempt > 0).then_some(NOW - id)),
        at(finished.then_some(NOW - id + 13)),
        word(worker),
        3 + id % 5,
        if kind == Some("lease_lost") { 3 } else { 0 },
        word(kind),
        is(kind.is_some(), quoted(&format!("why {text}"))),
        is(
            status == "success",
            quoted(&format!("[\"{}\"]", text.replace(['"', '\t'], "~")))
        ),
        is(worker.is_some(), (id % 101).to_string()),
        is(worker.is_some(), quoted(text)),
        is(slot, bytes(dialect, id, 32)),
        at((scope == "window").then_some(NOW + 1 + id)),
        is(number % 5 != 0, bytes(dialect, -id, 16)),
    ))
}

const ATTEMPT: &str = "task_id, attempt, worker, started_at, ended_at, outcome, error_message";

fn attempt(dialect: Dialect, id: i64) -> Option<String> {
    let at = |micros| time(dialect, Some(micros));
    let one = |attempt: i64| {
        format!(
            "({id}, {attempt}, 'host-9-z', {}, {}, 'failed', {})",
            at(NOW - id - attempt),
            at(NOW - id + attempt),
            quoted(TEXTS[usize::try_from(id).unwrap() % TEXTS.len()])
        )
    };
    (id % 2 == 0).then(|| [one(1), one(2)].join(", "))
}

const STEP: &str = "task_id, step_name, attempt, result_data, created_at";

fn step(dialect: Dialect, id: i64) -> Option<String> {
    let one = |name: &str| {
        let at = time(dialect, Some(NOW - id));
        format!("({id}, {}, 1, '{{\"page\":7}}', {at})", quoted(name))
    };
    // Upper case, lower case, an accent and a space at the end are different names, and have one order.
    let names = ["page-1", "Page-1", "page-1 ", "pagé-1", "🦀"];
    (id % 5 == 0).then(|| names.map(one).join(", "))
}

const LOG: &str = "id, task_id, attempt, logged_at, message";

fn log(dialect: Dialect, id: i64) -> Option<String> {
    let text = quoted(TEXTS[usize::try_from(id).unwrap() % TEXTS.len()]);
    Some(format!(
        "({}, {id}, 1, {}, {text})",
        id * 2,
        time(dialect, Some(NOW + id))
    ))
}

/// A time as a value of a statement.
pub(crate) fn time(dialect: Dialect, micros: Option<i64>) -> String {
    let Some(micros) = micros else {
        return "NULL".to_owned();
    };
    match dialect {
        Dialect::Sqlite => micros.to_string(),
        Dialect::Mysql => {
            format!("(TIMESTAMP'1970-01-01 00:00:00' + INTERVAL {micros} MICROSECOND)")
        }
        Dialect::Postgres => {
            format!("(timestamptz '1970-01-01 00:00:00Z' + {micros} * interval '1 microsecond')")
        }
    }
}

/// Bytes that differ for each number, the first zero, all values among them.
fn bytes(dialect: Dialect, number: i64, length: usize) -> String {
    let mut hex = String::from("00");
    for byte in 1..length {
        let byte = i64::try_from(byte).unwrap();
        let value = if byte < 9 {
            number.to_be_bytes()[usize::try_from(byte - 1).unwrap()]
        } else {
            u8::try_from((number * 31 + byte * 97).rem_euclid(256)).unwrap()
        };
        write!(hex, "{value:02x}").unwrap();
    }
    match dialect {
        Dialect::Sqlite | Dialect::Mysql => format!("x'{hex}'"),
        Dialect::Postgres => format!("decode('{hex}', 'hex')"),
    }
}
