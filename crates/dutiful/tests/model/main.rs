//! Random histories of everything that can happen to tasks, with up to two workers that run something at
//! once, on every engine and in a model in memory. After each step the rows and the model agree.
//!
//! The model decides by the same `decide` of the core as the product. So what is shown here is that the SQL
//! of every engine does what the core says, in any order of events; that the core says the right thing is
//! shown by its own tests.
//!
//! Seeds are drawn once: all engines play the same histories, of which SQLite plays the most. Each seed is
//! printed; `DUTIFUL_TEST_SEED` plays that one alone. `DUTIFUL_TEST_HISTORIES` says how many there are, for
//! longer searches.

#![allow(clippy::unwrap_used, missing_docs)]

// The conformance suite uses all of it.
#[allow(dead_code, unused_imports, unused_macros)]
#[path = "../conformance/harness/mod.rs"]
mod harness;

mod compare;
mod history;
mod random;
mod runs;
mod submissions;
mod table;

use harness::engine::{self, Dialect, Engine, Found};
use harness::trial;
use harness::{TestDb, database};
use libtest_mimic::{Arguments, Trial};
use random::Random;
use std::env;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::SystemTime;

/// Histories on a server, unless told otherwise; SQLite goes through more in the same time.
const ON_A_SERVER: usize = 12;
const ON_SQLITE: usize = 64;
/// Histories in one trial.
const IN_A_TRIAL: usize = 16;

/// What the seeds of all histories are drawn from.
static DRAW: LazyLock<u64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(now.unwrap().as_nanos() & u128::from(u64::MAX)).unwrap()
});

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    trial::keep_handlers_quiet();
    let trials = engine::all().into_iter().flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![trial::missing(&name, why)],
    });
    harness::trial::run(&arguments, trials.collect())
}

/// A trial for each part of the histories, so that no trial is long, however many there are.
fn trials(engine: &Engine) -> Vec<Trial> {
    let seeds = seeds(engine);
    let parts = seeds.chunks(IN_A_TRIAL).enumerate();
    let trial = |(part, seeds): (usize, &[u64])| {
        let name = format!(
            "{}::rows_and_the_model_agree_after_every_step_{}",
            engine.name,
            part + 1
        );
        let (engine, seeds) = (engine.clone(), seeds.to_vec());
        Trial::test(name, move || {
            trial::run_on(&engine, database::History::Fresh, |db| {
                Box::pin(histories(db, seeds))
            });
            Ok(())
        })
    };
    parts.map(trial).collect()
}

async fn histories(db: TestDb, seeds: Vec<u64>) {
    let clients = [db.client().await, db.client().await];
    for seed in seeds {
        println!("{}: DUTIFUL_TEST_SEED={seed}", db.engine().name);
        history::run(&db, &clients, Random::new(seed)).await;
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
    let told = number("DUTIFUL_TEST_HISTORIES").map(|count| usize::try_from(count).unwrap());
    let mut random = Random::new(*DRAW);
    std::iter::repeat_with(|| random.next())
        .take(told.unwrap_or(usual))
        .collect()
}
