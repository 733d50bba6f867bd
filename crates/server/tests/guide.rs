//! The guide to moving from a home-made queue, done as it is written: every block, in its order, on each server
//! that it is for. Its Python runs with PyMySQL and requests.

#![allow(clippy::unwrap_used, missing_docs)]

// The conformance suite reads the same documents, and knows the same engines.
#[allow(dead_code, reason = "the guide is read here")]
#[path = "../../dutiful/tests/conformance/harness/documents.rs"]
mod documents;
#[allow(dead_code, reason = "the guide needs few of their questions")]
#[path = "../../dutiful/tests/conformance/harness/engine.rs"]
mod engine;
#[allow(dead_code, reason = "the guide has what no driver is needed for")]
#[path = "../../dutiful/tests/python/packages.rs"]
mod packages;
#[allow(dead_code, reason = "the guide runs plain statements")]
#[path = "../../dutiful/tests/conformance/harness/raw.rs"]
mod raw;
#[allow(dead_code, reason = "the other documents need the rest")]
mod shell;

use documents::{Block, GUIDE, blocks};
use engine::{Dialect, Engine, Found};
use libtest_mimic::{Arguments, Failed, Trial};
use raw::Raw;
use shell::Shell;
use std::path::Path;
use std::process::ExitCode;

const PREFIX: &str = "dutiful_";
/// The extra `rsa` is for MySQL's login without TLS.
const MODULES: [&str; 2] = ["PyMySQL[rsa]>=1.1,<2", "requests>=2.32,<3"];
/// What the Python of the guide finds: how to connect is a team's own.
const CONNECT: &str = "
import os, pymysql
from urllib.parse import unquote, urlsplit
parts = urlsplit(os.environ['DUTIFUL_DATABASE_URL'])
connection = pymysql.connect(
    host=parts.hostname, port=parts.port or 3306, user=unquote(parts.username or ''),
    password=unquote(parts.password or ''), database=parts.path.strip('/'), charset='utf8mb4',
)
";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = engine::all().into_iter().filter_map(|found| match found {
        Found::Engine(engine) => {
            let is_for = engine.dialect == Dialect::Mysql && engine.is_alone();
            is_for.then(|| trial(engine))
        }
        Found::Missing { name, why } => {
            let name = format!("{name}::missing");
            Some(Trial::test(name, move || Err(Failed::from(why))))
        }
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trial(engine: Engine) -> Trial {
    let name = format!("{}::the_guide_to_moving_is_right", engine.name);
    match packages::installed("guide", &MODULES) {
        Ok(modules) => Trial::test(name, move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build()?;
            runtime.block_on(followed(&engine, &modules));
            Ok(())
        }),
        Err(why) if packages::in_ci() => Trial::test(name, move || Err(Failed::from(why))),
        Err(why) => {
            eprintln!("SKIPPED: {name} ({why})");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
    }
}

async fn followed(engine: &Engine, modules: &Path) {
    let name = format!("dg{}", std::process::id());
    let server = Raw::server(Dialect::Mysql, &engine.url, PREFIX).await;
    server.exec(&format!("CREATE DATABASE {name}")).await;
    let url = with_database(&engine.url, &name);
    let mut shell = Shell::new();
    shell.database = Some(url.clone());
    let raw = Raw::server(Dialect::Mysql, &url, PREFIX).await;
    let guide: Vec<Block> = blocks()
        .into_iter()
        .filter(|block| block.document == GUIDE)
        .collect();
    assert!(guide.len() >= 15, "{}", guide.len());
    for block in &guide {
        println!("{}:{}", block.document, block.line);
        match block.language.as_str() {
            "sh mysql" => block.text.lines().for_each(|line| shell.run(line)),
            "python mysql" => shell.python(&format!("{CONNECT}{}", block.text), Some(modules)),
            "sql mysql" => {
                for statement in block.text.split(';').map(str::trim) {
                    if statement.starts_with("SELECT") {
                        assert!(!raw.rows(statement).await.is_empty(), "{statement}");
                    } else if !statement.is_empty() {
                        raw.exec(statement).await;
                    }
                }
            }
            other => panic!("{}:{}: nothing tries `{other}`", block.document, block.line),
        }
    }
    went_back(&raw).await;
    drop(shell);
    raw.close().await;
    server.exec(&format!("DROP DATABASE {name}")).await;
    server.close().await;
}

/// After all of it the old table holds what both systems have done, each once.
async fn went_back(raw: &Raw) {
    let rows = raw
        .rows(
            "SELECT JSON_UNQUOTE(JSON_EXTRACT(task_payload, '$.message')),
                    JSON_UNQUOTE(JSON_EXTRACT(result_data, '$.output')), status, max_retries
             FROM ai_server_tasks ORDER BY id",
        )
        .await;
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| cell.as_deref().unwrap_or("-"))
                .collect()
        })
        .collect();
    let mut rows = rows.into_iter();
    // One ran there before the change, one was submitted twice and ran here.
    assert_eq!(rows.next().unwrap(), ["hi ", "hi hi hi ", "success", "3"]);
    assert_eq!(
        rows.next().unwrap(),
        ["again ", "again again ", "success", "4"]
    );
    // By plain SQL, by urllib, by requests.
    let new: Vec<Vec<&str>> = rows.collect();
    assert_eq!(new.len(), 3, "{new:?}");
    assert!(new.iter().all(|row| row[0] == "new "), "{new:?}");
    assert_eq!(new[2][1..3], ["new new new ", "success"]);
}

fn with_database(url: &str, name: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let server = &place[..place.rfind('/').unwrap()];
    match query {
        "" => format!("{server}/{name}"),
        query => format!("{server}/{name}?{query}"),
    }
}
