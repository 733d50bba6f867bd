//! Peers that are no Rust: their packages are fetched into the build folder by their own clients.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use super::programs::{Programs, command, copy_files};
use super::rivals::{Language, Rival};
use crate::db::run::{on_path, quietly};

/// How a rival's program is started, its measure and tasks still to be told.
#[derive(Clone)]
pub(crate) struct Start {
    program: PathBuf,
    first: Option<PathBuf>,
}

impl Start {
    pub(crate) fn program(program: PathBuf) -> Start {
        Start {
            program,
            first: None,
        }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = command(&self.program);
        command.args(&self.first);
        command
    }
}

/// The file that pins the version of a rival.
pub(crate) fn lock(rival: &Rival) -> String {
    let below = match rival.language {
        Language::Rust => format!("{}/Cargo.lock", rival.program),
        Language::Node => "node/package-lock.json".to_owned(),
        Language::Python => "python/requirements.txt".to_owned(),
    };
    format!("bench/peers/{below}")
}

/// Fetches what a script needs.
pub(crate) fn provide(programs: &Programs, rival: &Rival) -> Result<Start> {
    match rival.language {
        Language::Rust => unreachable!("{} is built", rival.name),
        Language::Node => node(programs, rival.program),
        Language::Python => python(programs, rival.program),
    }
}

/// The scripts are copied: Node looks for packages beside the script that asks for them.
fn node(programs: &Programs, script: &str) -> Result<Start> {
    ensure!(on_path("node") && on_path("npm"), "no node and npm here");
    let folder = programs.folder.join("node");
    let packages = folder.join("node_modules");
    copy_files(
        &programs.root.join("bench/peers/node"),
        &folder,
        &["mjs", "json"],
    )?;
    if !packages.is_dir() {
        say!("fetching the Node packages");
        let install = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        quietly(Command::new("npm").args(install).current_dir(&folder))?;
    }
    Ok(Start {
        program: "node".into(),
        first: Some(folder.join(script)),
    })
}

fn python(programs: &Programs, script: &str) -> Result<Start> {
    ensure!(on_path("python3"), "no python3 here");
    let folder = programs.root.join("bench/peers/python");
    let place = programs.folder.join("python");
    let own = place.join("bin/python");
    let ready = place.join("ready");
    if !ready.exists() {
        say!("fetching the Python packages");
        let mut make = Command::new("python3");
        quietly(make.args(["-m", "venv", "--clear"]).arg(&place))?;
        let install = ["-m", "pip", "install", "--quiet", "--requirement"];
        let list = folder.join("requirements.txt");
        quietly(Command::new(&own).args(install).arg(list))?;
        std::fs::write(ready, "")?;
    }
    Ok(Start {
        program: own,
        first: Some(folder.join(script)),
    })
}
