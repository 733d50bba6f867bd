//! A Python program submits by plain SQL in its own transaction, a worker runs the tasks, and the program
//! reads status and result back by plain SQL: with `sqlite3`, PyMySQL and psycopg, on every engine that is
//! there.
//!
//! The drivers are installed by pip into the target folder when they are missing. Where there is no Python
//! or no pip this is an error in CI, and elsewhere a line that says what was skipped.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "conformance/harness/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;

#[path = "python/packages.rs"]
mod packages;

use dutiful::{Context, Task, TaskError, Worker};
use harness::TestDb;
use harness::database::History;
use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{missing, run_on};
use libtest_mimic::{Arguments, Failed, Trial};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::AsyncWriteExt;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/plain_sql.py");
/// The extra `rsa` is for MySQL's login without TLS.
const DRIVERS: [&str; 2] = ["PyMySQL[rsa]>=1.1,<2", "psycopg[binary]>=3.2,<4"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = engine::all().into_iter().map(|found| match found {
        Found::Engine(engine) => trial(engine),
        Found::Missing { name, why } => missing(&name, why),
    });
    harness::trial::run(&arguments, trials.collect())
}

fn trial(engine: Engine) -> Trial {
    let name = format!(
        "{}::python_submits_and_reads_results_by_plain_sql",
        engine.name
    );
    let packages = if engine.dialect == Dialect::Sqlite {
        packages::python().map(drop)
    } else {
        drivers().map(drop)
    };
    match packages {
        Ok(()) => Trial::test(name, move || {
            run_on(&engine, History::Fresh, |db| Box::pin(tried(db)));
            Ok(())
        }),
        Err(why) if packages::in_ci() => Trial::test(name, move || Err(Failed::from(why))),
        Err(why) => {
            eprintln!("SKIPPED: {name} ({why})");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
    }
}

/// The folder with the drivers.
fn drivers() -> Result<PathBuf, String> {
    packages::installed("drivers", &DRIVERS)
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Greeting {
    message: String,
    count: u32,
}

struct Greet {
    runs: Arc<AtomicU32>,
}

impl Task for Greet {
    type Payload = Greeting;
    type Output = Value;

    async fn process(&self, payload: Greeting, _: &Context) -> Result<Value, TaskError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(json!({ "said": payload.message.repeat(payload.count as usize) }))
    }
}

struct Echo;

impl Task for Echo {
    type Payload = Value;
    type Output = Value;

    async fn process(&self, payload: Value, _: &Context) -> Result<Value, TaskError> {
        Ok(payload)
    }
}

/// What a payload becomes: the result, or a word of the reason why it is invalid.
type Expected = Result<Value, &'static str>;

fn cases() -> Vec<(&'static str, String, Expected)> {
    let said = |text: &str| Ok(json!({ "said": text }));
    let case = |name, payload: &str, expected| (name, payload.to_owned(), expected);
    vec![
        case("Greet", r#"{"message":"hi ","count":2}"#, said("hi hi ")),
        // Nobody asked for dedup, so the same again is another task.
        case("Greet", r#"{"message":"hi ","count":2}"#, said("hi hi ")),
        case(
            "Greet",
            " {\n\t\"count\" : 1 , \"message\" : \"grüße 🚀 'n' \\\"q\\\" \\\\ 50%\" } ",
            said("grüße 🚀 'n' \"q\" \\ 50%"),
        ),
        case("Echo", r#"{ "a" : 1 }"#, Ok(json!({ "a": 1 }))),
        case("Echo", r#"{"a": 1, "a": 2}"#, Err("twice")),
        case(
            "Echo",
            "9007199254740993",
            Ok(json!(9_007_199_254_740_993_u64)),
        ),
        case(
            "Greet",
            r#"{"message":"a","message":"b","count":1}"#,
            Err("twice"),
        ),
        case("Greet", r#"{"message":"no count"}"#, Err("count")),
        case("Greet", r#"{"message":"too few","count":-1}"#, Err("-1")),
        case("Greet", "this is no JSON", Err("expected")),
        case("Greet", "", Err("expected")),
        (
            "Echo",
            format!("{}1{}", "[".repeat(500), "]".repeat(500)),
            Err("deeper"),
        ),
    ]
}

async fn tried(db: TestDb) {
    let runs = Arc::new(AtomicU32::new(0));
    let worker = Worker::new(db.client().await).register(Greet {
        runs: Arc::clone(&runs),
    });
    let worker = worker.register(Echo).start().await.unwrap();
    let cases = cases();
    let tasks: Vec<_> = cases
        .iter()
        .map(|(name, payload, _)| json!([name, payload]))
        .collect();
    let report = program(&db, &Value::from(tasks)).await;

    assert_eq!(report["rolled_back"], 0, "a rollback leaves nothing");
    assert_eq!(db.count("tasks_orders").await, 1);
    let inserted = report["inserted"].as_array().unwrap();
    assert_eq!(inserted.len(), cases.len());
    for (row, (name, payload, _)) in inserted.iter().zip(&cases) {
        assert_defaults(row, name, payload);
    }
    let ended = report["ended"].as_array().unwrap();
    for (row, (name, payload, expected)) in ended.iter().zip(&cases) {
        assert_ended(row, expected, &format!("{name} {payload}"));
    }
    let valid = cases
        .iter()
        .filter(|(name, _, expected)| *name == "Greet" && expected.is_ok());
    assert_eq!(
        runs.load(Ordering::SeqCst) as usize,
        valid.count(),
        "what is invalid is never run"
    );
    worker.shutdown().await;
}

/// Runs the program to its end and takes its report.
async fn program(db: &TestDb, tasks: &Value) -> Value {
    let mut command = tokio::process::Command::new("python3");
    command
        .arg(PROGRAM)
        .arg(db.url())
        .arg(format!("{}tasks", db.prefix()));
    if db.dialect() != Dialect::Sqlite {
        command.env("PYTHONPATH", drivers().unwrap());
    }
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(tasks.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    assert!(
        output.status.success(),
        "the program ended with {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Before the commit: two columns are as given, and each other has its default.
fn assert_defaults(row: &Value, name: &str, payload: &str) {
    let mut row = row.as_object().unwrap().clone();
    assert!(row.remove("id").unwrap().as_i64() > Some(0));
    for time in ["created_at", "due_at"] {
        assert!(!row.remove(time).unwrap().is_null(), "{time}");
    }
    assert_eq!(
        Value::from(row),
        json!({
            "task_name": name, "task_payload": payload, "payload_version": 1, "status": "not_started",
            "priority": 0, "last_run_at": null, "finished_at": null, "worker": null, "attempt": 0,
            "retries": 0, "max_retries": 3, "crashes": 0, "error_kind": null, "error_message": null,
            "result_data": null, "progress": null, "progress_note": null, "dedup_key": null,
            "dedup_scope": "none", "dedup_until": null, "submission_key": null,
        })
    );
}

fn assert_ended(row: &Value, expected: &Expected, what: &str) {
    assert_eq!(row["retries"], 0, "{what}");
    match expected {
        Ok(result) => {
            assert_eq!(
                (&row["status"], &row["error_kind"]),
                (&json!("success"), &Value::Null),
                "{what}"
            );
            let stored = row["result_data"].as_str().unwrap();
            assert_eq!(
                &serde_json::from_str::<Value>(stored).unwrap(),
                result,
                "{what}"
            );
        }
        Err(reason) => {
            assert_eq!(row["status"], "error", "{what}");
            assert_eq!(row["error_kind"], "invalid_payload", "{what}");
            let text = row["error_message"].as_str().unwrap();
            assert!(text.contains(reason), "{what}: {text}");
            assert_eq!(row["result_data"], Value::Null, "{what}");
        }
    }
}
