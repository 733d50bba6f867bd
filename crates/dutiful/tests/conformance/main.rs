//! The promises of Dutiful, each tried on every engine that is there.
//!
//! One trial exists for each engine and case, named `sqlite::late_settle_after_expiry_changes_nothing`, and
//! once more as `sqlite_again::...` on a database that went up, down and up; `DUTIFUL_TEST_AGAIN=share` lets the
//! servers share these, `none` leaves them out. Nothing is skipped inside a case: an engine is there, or it has
//! no trials. Which engines are there is told by the environment; see `harness/engine.rs`.
//!
//! What lives here: the list of groups and the start of the trials. The cases are in one file a group.

#![allow(clippy::unwrap_used, missing_docs)]

mod harness;

mod adopt;
mod audit;
mod away;
mod bulk;
mod claim;
mod dedup;
mod delete;
mod documents;
mod documents_gone;
mod drain;
mod edit;
mod edit_slot;
mod explain;
mod figures;
mod follow;
mod hold;
mod joins;
mod json;
mod kept;
mod lanes;
mod lease;
mod limits;
mod list;
mod locks;
mod looks;
mod lost_link;
mod migrate;
mod odd_rows;
mod once;
mod operate;
mod operations;
mod outcome;
mod pause;
mod payloads;
mod periodic;
mod plain_json;
mod plain_sql;
mod previews;
mod prune;
mod rescue;
mod retention;
mod retry;
mod server_report;
mod settle;
mod shutdown;
mod start;
mod steps;
mod submit;
mod submit_all;
mod task_types;
mod tokens;
mod user_code;
mod version;
mod wake;
mod worker;

use harness::engine::{self, Engine, Found};
use harness::trial::{Again, Case, trials};
use libtest_mimic::Arguments;
use std::process::ExitCode;

/// Trials at once, unless told otherwise: they mostly wait for a server or a lease.
const THREADS: usize = 14;

fn groups() -> Vec<Vec<Case>> {
    vec![
        submit::cases(),
        bulk::cases(),
        submit_all::cases(),
        plain_sql::cases(),
        lost_link::cases(),
        away::cases(),
        dedup::cases(),
        claim::cases(),
        lanes::cases(),
        user_code::cases(),
        odd_rows::cases(),
        wake::cases(),
        locks::cases(),
        lease::cases(),
        rescue::cases(),
        settle::cases(),
        retry::cases(),
        operate::cases(),
        edit::cases(),
        edit_slot::cases(),
        delete::cases(),
        documents::cases(),
        documents_gone::cases(),
        hold::cases(),
        explain::cases(),
        follow::cases(),
        limits::cases(),
        kept::cases(),
        outcome::cases(),
        version::cases(),
        start::cases(),
        steps::cases(),
        joins::cases(),
        shutdown::cases(),
        drain::cases(),
        pause::cases(),
        previews::cases(),
        operations::cases(),
        worker::cases(),
        json::cases(),
        plain_json::cases(),
        list::cases(),
        looks::cases(),
        figures::cases(),
        migrate::cases(),
        periodic::cases(),
        retention::cases(),
        task_types::cases(),
        tokens::cases(),
        server_report::cases(),
        audit::cases(),
        once::cases(),
        prune::cases(),
        payloads::cases(),
        adopt::cases(),
        adopt::odd::cases(),
        adopt::side_by_side::cases(),
        adopt::refused::cases(),
    ]
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(THREADS));
    harness::trial::keep_handlers_quiet();
    let cases: Vec<Case> = groups().into_iter().flatten().collect();
    let found = engine::all();
    let is_server = |found: &&Found| matches!(found, Found::Engine(engine) if engine.is_server());
    let servers = found.iter().filter(is_server).count();
    let (mut trials_of_all, mut server) = (Vec::new(), 0);
    for found in found {
        match found {
            Found::Engine(engine) => {
                let again = again(&engine, server, servers);
                server += usize::from(engine.is_server());
                trials_of_all.extend(trials(&engine, &cases, again));
            }
            Found::Missing { name, why } => {
                trials_of_all.push(harness::trial::missing(&name, why));
            }
        }
    }
    harness::trial::run(&arguments, trials_of_all)
}

/// What is tried once more on an engine, which is this one of so many servers if it is a server.
fn again(engine: &Engine, server: usize, servers: usize) -> Again {
    match std::env::var("DUTIFUL_TEST_AGAIN").as_deref() {
        Ok("none") => Again::None,
        Ok("share") if engine.is_server() => Again::Share {
            first: server,
            of: servers,
        },
        _ => Again::All,
    }
}
