//! Submitting and settling inside transactions that belong to the caller, with every driver.
//!
//! One trial exists for each engine, driver and case, named `postgres::sqlx::a_rollback_leaves_nothing`.
//! Which engines are there is told by the environment, as for the conformance tests, whose harness this
//! shares. sqlx is tried when the crate's feature `sqlx` is on.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../conformance/harness/mod.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;

mod app;
mod drivers;
mod send;
mod settle;
mod submit;

use app::App;
use harness::database::History;
use harness::engine::{self, Dialect, Engine, Found};
use harness::trial::{Case, missing, run_on};
use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Trials at once, unless told otherwise: they mostly wait for a server.
const THREADS: usize = 4;

/// Makes `cases::<A>()` of a group: its promises, each with the driver `A`.
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn cases<A: $crate::app::App>() -> Vec<$crate::harness::trial::Case> {
            vec![$($crate::harness::trial::Case {
                name: stringify!($name),
                on: |_| true,
                run: |db| Box::pin($name::<A>(db)),
            }),+]
        }
    };
}
pub(crate) use cases;

fn with<A: App>() -> Vec<Case> {
    [submit::cases::<A>(), settle::cases::<A>()].concat()
}

fn trials(engine: &Engine) -> Vec<Trial> {
    let drivers = match engine.dialect {
        Dialect::Sqlite => vec![
            ("rusqlite", with::<drivers::Rusqlite>()),
            #[cfg(feature = "sqlx")]
            ("sqlx", with::<drivers::Sqlx<sqlx::Sqlite>>()),
        ],
        Dialect::Mysql => vec![
            ("mysql_async", with::<drivers::MysqlAsync>()),
            #[cfg(feature = "sqlx")]
            ("sqlx", with::<drivers::Sqlx<sqlx::MySql>>()),
        ],
        Dialect::Postgres => vec![
            ("tokio_postgres", with::<drivers::TokioPostgres>()),
            #[cfg(feature = "sqlx")]
            ("sqlx", with::<drivers::Sqlx<sqlx::Postgres>>()),
        ],
    };
    let trial = |driver: &str, case: Case| {
        let engine = engine.clone();
        Trial::test(
            format!("{}::{driver}::{}", engine.name, case.name),
            move || {
                run_on(&engine, History::Fresh, case.run);
                Ok(())
            },
        )
    };
    let of_driver = |(driver, cases): (&str, Vec<Case>)| {
        cases
            .into_iter()
            .map(|case| trial(driver, case))
            .collect::<Vec<_>>()
    };
    drivers.into_iter().flat_map(of_driver).collect()
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    let found = engine::all().into_iter();
    let trials = found.flat_map(|found| match found {
        Found::Engine(engine) => trials(&engine),
        Found::Missing { name, why } => vec![missing(&name, why)],
    });
    harness::trial::run(&arguments, trials.collect())
}
