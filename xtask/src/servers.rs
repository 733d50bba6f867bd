//! The servers of one run of tests or measurements: a set of its own, so that nothing else disturbs it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::db::place::{Place, STATE_VARIABLE};
use crate::db::{self, Engine};

/// Servers that are stopped when this is dropped.
pub(crate) struct Servers {
    place: Place,
}

impl Servers {
    /// A new set, named by our pid. Sets of runs that were killed are stopped first.
    pub(crate) fn new() -> Result<Servers> {
        let all = Place::for_tests()?;
        for entry in fs::read_dir(&all)?.flatten() {
            let running = entry.file_name().to_str().is_some_and(is_test_run);
            if !running && entry.file_type()?.is_dir() {
                remove(&Place::at(entry.path())?)?;
            }
        }
        let place = Place::at(all.join(std::process::id().to_string()))?;
        Ok(Servers { place })
    }

    /// Starts the engines; returns the names of those that are up. One that cannot be had is
    /// an error in CI, and left out with a loud line elsewhere. Durable ones keep the defaults
    /// of their makers: what is measured must reach the disk.
    pub(crate) fn start(
        &self,
        engines: &[Engine],
        durable: bool,
        interrupted: fn() -> bool,
    ) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for &engine in engines {
            let name = engine.name();
            // A standby that takes over has every commit only where commits wait for it.
            let sync = engine == Engine::Pgha;
            match engine.up(&self.place, durable, sync) {
                Ok(()) => names.push(name),
                Err(_) if interrupted() => break,
                Err(error) if in_ci() => return Err(error.context(format!("CI needs {name}"))),
                Err(error) => {
                    let reason = format!("{error:#}").replace('\n', " ");
                    eprintln!("SKIPPED: {name} ({reason})");
                }
            }
        }
        Ok(names)
    }

    /// The address of a server that is up.
    pub(crate) fn url(&self, engine: Engine) -> Result<String> {
        let servers = engine.servers(&self.place);
        let url = servers.first().and_then(|server| server.url());
        url.with_context(|| format!("{} is not up", engine.name()))
    }

    /// Tells the tests where the servers are, which engines they must cover, and how to reach
    /// this tool to stop, kill and start them.
    pub(crate) fn set_variables(&self, command: &mut Command, names: &[String]) -> Result<()> {
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("DUTIFUL_") && text.ends_with("_URL") {
                command.env_remove(&name);
            }
        }
        command.envs(db::variables(&self.place)?);
        command.env("DUTIFUL_TEST_ENGINES", names.join(","));
        command.env("DUTIFUL_XTASK", std::env::current_exe()?);
        command.env(STATE_VARIABLE, &self.place.state);
        Ok(())
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.place) {
            say!(
                "cannot stop the servers in {}: {error:#}",
                self.place.state.display()
            );
        }
    }
}

fn remove(place: &Place) -> Result<()> {
    db::down_all(place)?;
    fs::remove_dir_all(&place.state).context("cannot remove the servers' folder")
}

/// Whether the process of that pid is this program.
fn is_test_run(pid: &str) -> bool {
    let name = fs::read_to_string(Path::new("/proc").join(pid).join("comm"));
    name.is_ok_and(|name| name.trim() == "xtask")
}

/// Whether CI runs this: nothing may be left out then.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}
