//! `cargo xtask bench all`: Dutiful alone, in the situations that a team brings it into.
//!
//! A scenario prepares an empty database of its own, measures, and notes each figure at once: what was
//! measured is kept when the rest fails.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Args;

use super::options::Options;
use super::page;
use super::record::Book;
use super::stage::Stage;
use crate::runner::interrupted;
use notes::Notes;
use scenarios::{ALL, Scenario, Scene};
use sizes::Sizes;

mod cost;
mod idle;
pub(super) mod notes;
mod scenarios;
mod settings;
mod sizes;
pub(super) mod table;
mod talker;

/// What is measured.
#[derive(Args)]
pub(crate) struct All {
    #[command(flatten)]
    options: Options,
    /// Only these: base, payloads, backlog, finished, waiting, snapshot, names, processes, idle, cost,
    /// settings
    #[arg(long, value_name = "SCENARIO,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Also what takes minutes on each engine: a backlog of 100 times --tasks, and 10,000,000 finished rows
    #[arg(long)]
    long: bool,
    /// How many rows are there beforehand where that is measured [default: 1,000,000]
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
}

pub(crate) fn run(all: &All) -> Result<ExitCode> {
    let options = &all.options;
    options.check()?;
    let sizes = Sizes::new(options.tasks, all.rows, all.long)?;
    let chosen = chosen(&all.only)?;
    let (folder, results) = options.output.folders()?;
    let mut book = Book::open(results.join(page::ALL))?;
    let session = notes::session()?;
    let stage = Stage::build(options)?;
    let mut failed = false;
    for base in stage.start(options)? {
        let scene = Scene {
            stage: &stage,
            base,
            sizes,
        };
        let mut notes = Notes::new(&mut book, base, stage.version(base)?, session)?;
        for scenario in &chosen {
            notes.begin(scenario.name);
            match (scenario.run)(&scene, &mut notes) {
                Err(error) if interrupted() => return Err(error),
                Err(error) => {
                    eprintln!("FAILED: {} on {}: {error:#}", scenario.name, base.name());
                    failed = true;
                }
                Ok(()) => {}
            }
        }
    }
    page::write(&folder, &results)?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The scenarios of these names, all when there are none.
fn chosen(only: &[String]) -> Result<Vec<&'static Scenario>> {
    let names: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
    for name in only {
        ensure!(
            names.contains(&name.as_str()),
            "no scenario is called {name}; there are: {}",
            names.join(", ")
        );
    }
    let is_chosen =
        |scenario: &&Scenario| only.is_empty() || only.iter().any(|name| name == scenario.name);
    Ok(ALL.iter().filter(is_chosen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_are_chosen_by_name() {
        assert_eq!(chosen(&[]).unwrap().len(), ALL.len());
        let some = chosen(&["idle".to_owned()]).unwrap();
        assert_eq!((some.len(), some[0].name), (1, "idle"));
        let error = chosen(&["idel".to_owned()]).err().unwrap();
        assert!(error.to_string().contains("snapshot"), "{error}");
    }
}
