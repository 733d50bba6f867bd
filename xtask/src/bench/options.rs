//! What every command of `cargo xtask bench` can be asked for.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use super::base::Base;
use crate::workspace::{root, target_dir};

/// Options of a measurement.
#[derive(Args)]
pub(crate) struct Options {
    /// Measure only on these: sqlite, postgres, mariadb, mysql (all four when none is named),
    /// mariadb11, postgres18
    #[arg(long = "engine", value_name = "NAME,...", value_delimiter = ',')]
    engines: Vec<Base>,
    /// How many tasks are drained (those that are slow drain less)
    #[arg(long, value_name = "N", default_value_t = 50_000)]
    pub(crate) tasks: u64,
    /// Measure this binary instead of the one of this checkout, which is built
    #[arg(long, value_name = "FILE")]
    pub(crate) dutiful: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Options of contests.
#[derive(Args)]
pub(crate) struct Contests {
    #[command(flatten)]
    pub(crate) options: Options,
    /// How often each side runs
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) pairs: usize,
}

/// Where what was measured goes.
#[derive(Args)]
pub(crate) struct Output {
    /// Write page, picture and results into this folder instead of docs/ and the build folder
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
}

impl Options {
    /// The engines that are measured.
    pub(crate) fn bases(&self) -> Vec<Base> {
        if self.engines.is_empty() {
            Base::USUAL.to_vec()
        } else {
            self.engines.clone()
        }
    }

    /// Mistakes that would cost an hour when they are noticed at the end.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(self.tasks >= 1_000, "--tasks must be at least 1,000");
        Ok(())
    }
}

impl Contests {
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(self.pairs > 0, "--pairs must be at least 1");
        self.options.check()
    }
}

impl Output {
    /// Where page and picture are written, and where the results.
    pub(crate) fn folders(&self) -> Result<(PathBuf, PathBuf)> {
        match &self.into {
            Some(folder) => Ok((folder.clone(), folder.clone())),
            None => Ok((root()?.join("docs"), target_dir()?.join("bench"))),
        }
    }
}
