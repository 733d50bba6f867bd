//! Random histories of everything that can happen to tasks, on every engine and in a model in memory that
//! knows only the rules of the core. After each step the rows and the model agree.
//!
//! The seed of each history is printed; `DUTIFUL_TEST_SEED` runs that one alone.
//! `DUTIFUL_TEST_HISTORIES` says how many there are, for longer searches.

#![allow(clippy::unwrap_used, missing_docs)]

// The conformance suite uses all of it.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../conformance/harness/mod.rs"]
mod harness;

mod compare;
mod history;
mod random;
mod table;

use harness::engine::{self, Dialect, Engine, Found};
use harness::trial;
use harness::{TestDb, database};
use libtest_mimic::{Arguments, Trial};
use random::Random;
use std::env;
use std::process::ExitCode;
use std::time::SystemTime;

/// Histories on a server, unless told otherwise; SQLite goes through more in the same time.
const ON_A_SERVER: u64 = 32;
const ON_SQLITE: u64 = 128;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    trial::keep_handlers_quiet();
    let trials = engine::all().into_iter().map(|found| match found {
        Found::Engine(engine) => {
            let name = format!("{}::rows_and_the_model_agree_after_every_step", engine.name);
            Trial::test(name, move || {
                trial::run_on(&engine, database::History::Fresh, |db| {
                    Box::pin(histories(db))
                });
                Ok(())
            })
        }
        Found::Missing { name, why } => trial::missing(&name, why),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

async fn histories(db: TestDb) {
    for seed in seeds(db.engine()) {
        println!("{}: DUTIFUL_TEST_SEED={seed}", db.engine().name);
        history::run(&db, Random::new(seed)).await;
    }
}

fn seeds(engine: &Engine) -> Vec<u64> {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    if let Some(seed) = number("DUTIFUL_TEST_SEED") {
        return vec![seed];
    }
    let usual = if engine.dialect == Dialect::Sqlite {
        ON_SQLITE
    } else {
        ON_A_SERVER
    };
    let count = number("DUTIFUL_TEST_HISTORIES").unwrap_or(usual);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    let mut random = Random::new(u64::try_from(now.as_nanos() & u128::from(u64::MAX)).unwrap());
    (0..count).map(|_| random.next()).collect()
}
