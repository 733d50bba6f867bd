//! Building the programs that measure, and running them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::db::run::tail;
use crate::runner::{Runner, interrupted};
use crate::workspace::{cargo, root, target_dir};

/// Tells the programs that measure where the database is.
pub(crate) const URL_VARIABLE: &str = "BENCH_DATABASE_URL";
/// No single measurement of a contest takes so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// The programs of this checkout, and where they may write.
pub(crate) struct Programs {
    runner: Runner,
    pub(crate) root: PathBuf,
    /// Where everything outside the workspace is built: what the programs share is built once.
    pub(crate) folder: PathBuf,
}

impl Programs {
    pub(crate) fn new() -> Result<Programs> {
        Ok(Programs {
            runner: Runner::begin()?,
            root: root()?,
            folder: target_dir()?.join("bench"),
        })
    }

    /// Builds the product's binary as users do.
    pub(crate) fn build_dutiful(&self) -> Result<PathBuf> {
        let target = target_dir()?;
        let mut build = cargo()?;
        build.args(["build", "--release", "--package", "dutiful-server"]);
        self.build(build.arg("--target-dir").arg(&target))?;
        Ok(target.join("release/dutiful"))
    }

    /// Builds a program that has a lock file of its own.
    pub(crate) fn build_own(&self, folder: &str, name: &str) -> Result<PathBuf> {
        let mut build = cargo()?;
        build.args(["build", "--release", "--locked", "--manifest-path"]);
        build.arg(self.root.join(folder).join("Cargo.toml"));
        self.build(build.arg("--target-dir").arg(&self.folder))?;
        Ok(self.folder.join("release").join(name))
    }

    fn build(&self, command: &mut Command) -> Result<()> {
        let status = self.runner.spawn(command)?.wait()?;
        ensure!(!interrupted(), "interrupted");
        ensure!(status.success(), "the build failed (see above)");
        Ok(())
    }

    /// Runs a program on a database; it prints a line or a document of JSON.
    pub(crate) fn measure(
        &self,
        command: &mut Command,
        url: &str,
        patience: Duration,
    ) -> Result<Value> {
        let folder = self.folder.join("run");
        fs::create_dir_all(&folder)?;
        let log = folder.join("errors.log");
        command
            .current_dir(&folder)
            .stderr(File::create(&log)?)
            .env(URL_VARIABLE, url);
        let captured = self.runner.capture(command, patience)?;
        ensure!(!interrupted(), "interrupted");
        if captured.was_killed {
            bail!("not done after {patience:?}");
        }
        if !captured.status.success() {
            let errors = fs::read_to_string(&log).unwrap_or_default();
            bail!("{}: {}", captured.status, tail(&errors));
        }
        // Some print a line, some a whole document.
        let text = captured.output.trim();
        let last = text.lines().last().unwrap_or_default();
        let line = serde_json::from_str(last).or_else(|_| serde_json::from_str(text));
        line.with_context(|| format!("no JSON in: {text}"))
    }
}

/// A command without this machine's settings of Dutiful.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DUTIFUL_") {
            command.env_remove(name);
        }
    }
    command
}

/// Copies the files of a folder that have one of the extensions.
pub(crate) fn copy_files(from: &Path, to: &Path, extensions: &[&str]) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        if let (true, Some(name)) = (extensions.contains(&extension), path.file_name()) {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
