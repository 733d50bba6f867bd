//! `cargo xtask bench limits`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::base::{Base, Family};
use super::contest::Contest;
use super::figure::{Figure, Measure, RATE};
use super::locks::version;
use super::options::Contests;
use super::page;
use super::programs::command;
use super::record::{Book, Record};
use super::stage::Stage;
use crate::runner::interrupted;

/// How the limits are measured.
#[derive(Args)]
pub(crate) struct Limits {
    #[command(flatten)]
    contests: Contests,
}

const INSERT_ONE: Measure = Measure {
    rival: "insert-one",
    dutiful: "submit-one",
    figures: &[(RATE, Figure::SubmitOne)],
};
const INSERT_BULK: Measure = Measure {
    rival: "insert-bulk",
    dutiful: "submit-bulk",
    figures: &[(RATE, Figure::SubmitBulk)],
};
const INSERT_BULK_WITHOUT_KEY: Measure = Measure {
    rival: "insert-bulk-without-key",
    dutiful: "submit-bulk-without-dedup",
    figures: &[(RATE, Figure::SubmitBulkWithoutDedup)],
};
const CYCLE: Measure = Measure {
    rival: "cycle",
    dutiful: "drain",
    figures: &[(RATE, Figure::Drain)],
};

/// What is measured on every engine, with the shape where there are several.
fn measures(family: Family) -> Vec<(&'static Measure, &'static str)> {
    let mut all = vec![
        (&INSERT_ONE, ""),
        (&INSERT_BULK, ""),
        (&INSERT_BULK_WITHOUT_KEY, ""),
    ];
    let shapes: &[&str] = match family {
        Family::Sqlite => &["100", "500"],
        Family::Postgres => &["two-connections"],
        Family::Mysql => &["json-table", "in-list"],
    };
    all.extend(shapes.iter().map(|shape| (&CYCLE, *shape)));
    all
}

/// The driver whose version is told.
fn driver(family: Family) -> &'static str {
    match family {
        Family::Sqlite => "rusqlite",
        Family::Postgres => "tokio-postgres",
        Family::Mysql => "mysql_async",
    }
}

pub(crate) fn run(limits: &Limits) -> Result<ExitCode> {
    limits.contests.check()?;
    let options = &limits.contests.options;
    let (folder, results) = options.output.folders()?;
    let mut book = Book::open(results.join(page::LIMITS))?;
    let stage = Stage::build(options)?;
    let mut failed = false;
    for base in stage.start(options)? {
        for (measure, shape) in measures(base.family()) {
            match hold(&stage, base, measure, shape, &limits.contests, &mut book) {
                Err(error) if interrupted() => return Err(error),
                Err(error) => {
                    eprintln!("FAILED: {} on {}: {error:#}", measure.rival, base.name());
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

fn hold(
    stage: &Stage,
    base: Base,
    measure: &Measure,
    shape: &str,
    contests: &Contests,
    book: &mut Book<Record>,
) -> Result<()> {
    let options = &contests.options;
    let tasks = match measure.rival {
        // As `dutiful bench` has it.
        "insert-one" => (options.tasks / 10).min(5_000),
        _ => options.tasks,
    };
    let run = || {
        let mut command = command(&stage.limits);
        command.arg(measure.rival).arg(tasks.to_string());
        command.args((!shape.is_empty()).then_some(shape));
        command
    };
    let driver = driver(base.family());
    let rival = format!("{} {shape}", measure.rival);
    let lock = stage.programs.root.join("bench/limits/Cargo.lock");
    let contest = Contest {
        base,
        measure,
        rival: rival.trim_end(),
        version: &format!("{driver} {}", version(&lock, driver)?),
        command: &run,
        tasks: options.tasks,
        pairs: contests.pairs,
    };
    let records = contest.hold(stage)?;
    records.into_iter().try_for_each(|record| book.add(record))
}
