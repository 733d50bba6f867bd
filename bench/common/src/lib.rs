//! What the programs that measure the peers share: a peer's program says how its peer submits and
//! works, this says what is measured and prints the figures.
//!
//! ```text
//! PROGRAM submit-one N [NAME=VALUE ...]  one task after the other
//! PROGRAM bulk N ...                     1,000 tasks a call
//! PROGRAM drain N ...                    one worker process runs N tasks that wait
//! PROGRAM pick-up N ...                  N tasks, each submitted to an idle worker
//! ```
//!
//! The database is named by `BENCH_DATABASE_URL` and is empty. `NAME=VALUE` is a setting of the
//! peer; those that are not given have the values that were found best.

#![forbid(unsafe_code)]

mod measure;
mod options;
mod peer;
mod ran;
mod usage;

use anyhow::{Context, Result};

pub use options::Options;
pub use peer::{Numbered, Peer, Purpose};
pub use ran::ran;

/// Where the database is.
const URL_VARIABLE: &str = "BENCH_DATABASE_URL";

/// The whole program of a peer.
pub fn run<P: Peer>() -> ! {
    let code = match measure_one::<P>() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{}: {error:#}", P::NAME);
            1
        }
    };
    // Workers may still run: nobody waits for them.
    std::process::exit(code)
}

fn measure_one<P: Peer>() -> Result<()> {
    let url = std::env::var(URL_VARIABLE).with_context(|| format!("{URL_VARIABLE} is not set"))?;
    let mut words = std::env::args().skip(1);
    let usage = "usage: PROGRAM submit-one|bulk|drain|pick-up N [NAME=VALUE ...]";
    let name = words.next().context(usage)?;
    let tasks: u64 = words.next().context(usage)?.parse().context(usage)?;
    let options = Options::parse(words)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    // The workers of some peers cannot leave their thread.
    let local = tokio::task::LocalSet::new();
    let taken = local.block_on(&runtime, measure::take::<P>(&url, &name, tasks, options));
    // Some workers panic when they are dropped in the middle of their work.
    std::mem::forget((local, runtime));
    taken
}
