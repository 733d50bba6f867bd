//! Logging in to the servers that are there: by the kinds of passwords they know, with and without TLS,
//! and what is said when it does not work.
//!
//! Which engines are there is told by the environment, as for the conformance suite, and the certificate of
//! the authority behind their TLS by `DUTIFUL_TEST_TLS_CA`. What lives here: the list of trials.

#![allow(clippy::unwrap_used, missing_docs)]

mod harness;
mod login;
mod refused;
mod tls;

use harness::database::TestDb;
use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{Case, missing};
use libtest_mimic::{Arguments, Trial};
use login::SECRET;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// No trial takes longer, even where a name cannot be looked up.
const TRIAL_MAX: Duration = Duration::from_secs(55);
/// These have no certificate of ours; the pooler has users of its own, too.
const WITHOUT_TLS: [&str; 2] = ["postgres18", "galera1"];
const POOLER: &str = "pgbouncer";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let trials = engine::all().into_iter().flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![missing(&name, why)],
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn trials(engine: &Engine) -> Vec<Trial> {
    if engine.dialect == Dialect::Sqlite || engine.name.starts_with(POOLER) {
        return Vec::new();
    }
    let mut cases = refused::cases();
    match tls::authority() {
        _ if WITHOUT_TLS.contains(&engine.name.as_str()) => cases.extend(tls::cases_without()),
        Some(_) => cases.extend(tls::cases()),
        None => eprintln!(
            "NOT TRIED on {}: TLS, because DUTIFUL_TEST_TLS_CA is not set; `cargo xtask test` sets it",
            engine.name
        ),
    }
    let trial = |case: Case| {
        let engine = engine.clone();
        Trial::test(format!("{}::{}", engine.name, case.name), move || {
            run_on(&engine, case);
            Ok(())
        })
    };
    cases.into_iter().map(trial).collect()
}

/// Runs one case on an empty database of its own, which is dropped however it ends.
fn run_on(engine: &Engine, case: Case) {
    let runtime = runtime();
    let db = runtime.block_on(TestDb::empty(engine));
    let place = db.place();
    let bounded = async { tokio::time::timeout(TRIAL_MAX, (case.run)(db)).await };
    let ended = catch_unwind(AssertUnwindSafe(|| runtime.block_on(bounded)));
    runtime.shutdown_timeout(Duration::from_secs(1));
    self::runtime().block_on(place.remove());
    match ended {
        Ok(in_time) => assert!(in_time.is_ok(), "no end within {TRIAL_MAX:?}"),
        Err(panic) => resume_unwind(panic),
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// The ways to prove who one is that a server knows, as its `CREATE USER` has them.
async fn proofs(db: &TestDb) -> Vec<String> {
    if db.dialect() == Dialect::Postgres {
        return vec![format!("PASSWORD '{SECRET}'")];
    }
    let version = db.cell("SELECT VERSION()").await.unwrap();
    if version.contains("MariaDB") {
        return vec![format!(
            "IDENTIFIED VIA mysql_native_password USING PASSWORD('{SECRET}')"
        )];
    }
    let mut proofs = vec![format!(
        "IDENTIFIED WITH caching_sha2_password BY '{SECRET}'"
    )];
    // MySQL has thrown it out in version 9.
    let native = "SELECT COUNT(*) FROM information_schema.plugins
                  WHERE plugin_name = 'mysql_native_password' AND plugin_status = 'ACTIVE'";
    if db.int(native).await > 0 {
        proofs.push(format!(
            "IDENTIFIED WITH mysql_native_password BY '{SECRET}'"
        ));
    }
    proofs
}

/// The usual one.
async fn plain_proof(db: &TestDb) -> String {
    proofs(db).await.remove(0)
}
