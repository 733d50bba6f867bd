//! `cargo xtask bench peers`.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
use clap::Args;

use super::base::Base;
use super::contest::Contest;
use super::locks::version;
use super::options::{Contests, Options};
use super::page;
use super::programs::Programs;
use super::record::{Book, Record};
use super::rivals::{Language, RIVALS, Rival};
use super::scripts::{self, Start};
use super::stage::Stage;
use crate::runner::interrupted;

/// Which peers are measured, and how.
#[derive(Args)]
pub(crate) struct Peers {
    #[command(flatten)]
    contests: Contests,
    /// Measure only the peers whose names begin so
    #[arg(long, value_name = "PEER,...", value_delimiter = ',')]
    only: Vec<String>,
}

/// A rival whose program is there.
struct Ready {
    rival: &'static Rival,
    start: Start,
    version: String,
}

pub(crate) fn run(peers: &Peers) -> Result<ExitCode> {
    peers.contests.check()?;
    let options = &peers.contests.options;
    let chosen = chosen(options, &peers.only)?;
    let (folder, results) = options.output.folders()?;
    let mut book = Book::open(results.join(page::PEERS))?;
    let stage = Stage::build(options)?;
    let (ready, mut failed) = prepare(&stage.programs, &chosen)?;
    for base in stage.start(options)? {
        for ready in &ready {
            if ready.rival.families.contains(&base.family()) {
                failed |= !hold(&stage, base, ready, &peers.contests, &mut book)?;
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

/// The rivals of that name that run on one of the engines.
fn chosen(options: &Options, only: &[String]) -> Result<Vec<&'static Rival>> {
    for name in only {
        if !RIVALS.iter().any(|rival| rival.name.starts_with(name)) {
            let names: Vec<&str> = RIVALS.iter().map(|rival| rival.name).collect();
            bail!("no peer is called {name}; there are: {}", names.join("; "));
        }
    }
    let families: Vec<_> = options.bases().iter().map(|base| base.family()).collect();
    let is_named =
        |rival: &&Rival| only.is_empty() || only.iter().any(|name| rival.name.starts_with(name));
    let is_usable = |rival: &&Rival| {
        rival
            .families
            .iter()
            .any(|family| families.contains(family))
    };
    let chosen: Vec<&Rival> = RIVALS.iter().filter(is_named).filter(is_usable).collect();
    ensure!(
        !chosen.is_empty(),
        "none of these peers runs on these engines"
    );
    Ok(chosen)
}

/// Builds the programs, or fetches what they need; tells whether any failed. A peer whose language
/// is not at hand is left out with a loud line.
fn prepare(programs: &Programs, chosen: &[&'static Rival]) -> Result<(Vec<Ready>, bool)> {
    let (mut all, mut failed) = (Vec::new(), false);
    for &rival in chosen {
        let folder = format!("bench/peers/{}", rival.program);
        let start = match rival.language {
            Language::Rust => programs
                .build_own(&folder, &format!("peer-{}", rival.program))
                .map(Start::program),
            _ => scripts::provide(programs, rival),
        };
        match start {
            Ok(start) => all.push(Ready {
                rival,
                start,
                version: version(&programs.root.join(scripts::lock(rival)), rival.package)?,
            }),
            Err(error) if interrupted() => return Err(error),
            Err(error) if rival.language == Language::Rust => {
                eprintln!("FAILED: {}: {error:#}", rival.name);
                failed = true;
            }
            Err(error) => eprintln!("SKIPPED: {}: {error:#}", rival.name),
        }
    }
    Ok((all, failed))
}

/// Measures everything of one rival on one engine; tells whether all could be measured.
fn hold(
    stage: &Stage,
    base: Base,
    ready: &Ready,
    contests: &Contests,
    book: &mut Book<Record>,
) -> Result<bool> {
    let mut complete = true;
    for measure in ready.rival.measures {
        let command = || {
            let mut command = ready.start.command();
            let tasks = ready.rival.tasks(measure, contests.options.tasks);
            command.arg(measure.rival).arg(tasks.to_string());
            command.args(ready.rival.settings);
            command
        };
        let contest = Contest {
            base,
            measure,
            rival: ready.rival.name,
            version: &ready.version,
            command: &command,
            tasks: contests.options.tasks,
            pairs: contests.pairs,
        };
        match contest.hold(stage) {
            Ok(records) => records
                .into_iter()
                .try_for_each(|record| book.add(record))?,
            Err(error) if interrupted() => return Err(error),
            Err(error) => {
                let (name, base) = (ready.rival.name, base.name());
                eprintln!("FAILED: {name} on {base}, {}: {error:#}", measure.rival);
                complete = false;
            }
        }
    }
    Ok(complete)
}
