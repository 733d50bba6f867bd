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

use harness::database::{History, TestDb};
use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{Case, missing, run_on};
use libtest_mimic::{Arguments, Trial};
use login::SECRET;
use std::process::ExitCode;

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
            run_on(&engine, History::Empty, case.run);
            Ok(())
        })
    };
    cases.into_iter().map(trial).collect()
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
