//! `cargo xtask bench`: measurements side by side, on servers started for them.
//!
//! A contest lets Dutiful and a rival do the same work in turn, each on an empty database. What a
//! rival is (a peer, or the bare drivers) is in `peers` and `limits`; what both commands share is
//! in the modules beside them. `all` has no rival.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

mod all;
mod base;
mod chart;
mod contest;
mod figure;
mod limits;
mod locks;
mod machine;
mod numbers;
mod options;
mod page;
mod peers;
mod programs;
mod record;
mod rivals;
mod scripts;
mod stage;

/// `cargo xtask bench ...`
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Other task queues beside Dutiful, doing the same work in the same run
    Peers(peers::Peers),
    /// The bare drivers beside Dutiful: which share of what the database can do is reached
    Limits(limits::Limits),
    /// Dutiful alone in other situations: payloads, backlogs, full tables, many names, many processes, idle
    All(all::All),
    /// Write page and picture again from what was measured
    Page(options::Output),
}

/// Runs one of the commands; fails when anything that was to be measured could not be.
pub(crate) fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Peers(peers) => peers::run(peers),
        Command::Limits(limits) => limits::run(limits),
        Command::All(all) => all::run(all),
        Command::Page(output) => {
            let (folder, results) = output.folders()?;
            page::write(&folder, &results).map(|()| ExitCode::SUCCESS)
        }
    }
}
