//! Where contests take place: servers of their own, and an empty database for each run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::base::Base;
use super::options::Options;
use super::programs::{PATIENCE, Programs, URL_VARIABLE, command};
use crate::db::run::quietly;
use crate::runner::interrupted;
use crate::servers::Servers;

/// What the names of the tables of a bench begin with.
const PREFIX: &str = "dutiful_bench_";

/// Programs and servers.
pub(crate) struct Stage {
    pub(crate) programs: Programs,
    pub(crate) limits: PathBuf,
    dutiful: PathBuf,
    servers: Servers,
}

impl Stage {
    /// Builds what every contest needs.
    pub(crate) fn build(options: &Options) -> Result<Stage> {
        let programs = Programs::new()?;
        let dutiful = match &options.dutiful {
            Some(file) => file
                .canonicalize()
                .with_context(|| format!("no binary at {}", file.display()))?,
            None => programs.build_dutiful()?,
        };
        let limits = programs.build_own("bench/limits", "bench-limits")?;
        Ok(Stage {
            programs,
            limits,
            dutiful,
            servers: Servers::new()?,
        })
    }

    /// Starts the servers; returns those of the asked for that are there.
    pub(crate) fn start(&self, options: &Options) -> Result<Vec<Base>> {
        let mut bases = options.bases();
        let engines = bases.iter().filter_map(|base| match base {
            Base::Sqlite => None,
            Base::Server(engine) => Some(*engine),
        });
        let engines: Vec<_> = engines.collect();
        let names = self.servers.start(&engines, true, interrupted)?;
        bases.retain(|base| *base == Base::Sqlite || names.contains(&base.name()));
        if bases.is_empty() || interrupted() {
            bail!("nothing to measure on");
        }
        Ok(bases)
    }

    fn url(&self, base: Base) -> Result<String> {
        match base {
            Base::Sqlite => {
                let folder = self.programs.folder.join("run");
                fs::create_dir_all(&folder)?;
                Ok(format!("sqlite:{}", folder.join("bench.db").display()))
            }
            Base::Server(engine) => self.servers.url(engine),
        }
    }

    /// Makes an empty database in place of the last one; returns its address.
    pub(crate) fn fresh(&self, base: Base) -> Result<String> {
        let url = self.url(base)?;
        quietly(command(&self.limits).arg("fresh").env(URL_VARIABLE, &url))
            .with_context(|| format!("cannot empty the database of {}", base.name()))?;
        Ok(url)
    }

    /// The server's name and version.
    pub(crate) fn version(&self, base: Base) -> Result<String> {
        let url = self.url(base)?;
        let text = quietly(command(&self.limits).arg("version").env(URL_VARIABLE, url))?;
        Ok(text.trim().to_owned())
    }

    /// Runs some measurements of `dutiful bench` on an empty database, all else being default.
    pub(crate) fn run_dutiful(&self, base: Base, tasks: u64, only: &str) -> Result<Value> {
        let url = self.fresh(base)?;
        let tasks = tasks.to_string();
        let outcome = self.bench(&url, &["--only", only, "--tasks", &tasks], PATIENCE);
        outcome.with_context(|| format!("dutiful bench --only {only} on {}", base.name()))
    }

    /// Runs `dutiful bench` with these words.
    pub(crate) fn bench(&self, url: &str, words: &[&str], patience: Duration) -> Result<Value> {
        let mut bench = self.dutiful(url, &["bench", "--json"]);
        self.programs.measure(bench.args(words), url, patience)
    }

    /// Makes an empty database with the tables that a bench works in; returns its address.
    pub(crate) fn tables(&self, base: Base) -> Result<String> {
        let url = self.fresh(base)?;
        let words = ["--table-prefix", PREFIX, "migrate", "up"];
        quietly(&mut self.dutiful(&url, &words))?;
        Ok(url)
    }

    /// A worker of a bench, to be talked with.
    pub(crate) fn worker(&self, url: &str, names: &str) -> Command {
        self.dutiful(url, &["bench-worker", "--names", names])
    }

    fn dutiful(&self, url: &str, words: &[&str]) -> Command {
        let mut command = command(&self.dutiful);
        command.args(words).env("DUTIFUL_DATABASE_URL", url);
        command
    }

    /// Runs the program of the limits with these words.
    pub(crate) fn limits(&self, url: &str, words: &[&str], patience: Duration) -> Result<Value> {
        let mut command = self.limits_command(url, words);
        let outcome = self.programs.measure(&mut command, url, patience);
        outcome.with_context(|| format!("bench-limits {}", words.join(" ")))
    }

    /// The same, to be run or talked with.
    pub(crate) fn limits_command(&self, url: &str, words: &[&str]) -> Command {
        let mut command = command(&self.limits);
        command.args(words).env(URL_VARIABLE, url);
        command
    }
}
