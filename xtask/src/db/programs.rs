//! The programs of a server: where they are and how they find their libraries.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::place::as_server_user;
use super::run::quietly;

/// How programs below a folder find their libraries.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Libraries {
    /// The machine's own.
    Machine,
    /// The machine's C library and the folder's other libraries.
    Added,
    /// Only the folder's, its C library too.
    Own,
}

/// A folder with `usr/...` below it, and how its programs are started.
#[derive(Clone)]
pub(crate) struct Programs {
    pub(crate) root: PathBuf,
    pub(crate) libraries: Libraries,
}

impl Programs {
    /// What is installed on this machine.
    pub(crate) fn machine() -> Programs {
        Programs {
            root: "/".into(),
            libraries: Libraries::Machine,
        }
    }

    /// Programs that bring what they need at fixed places below `root`.
    pub(crate) fn relocatable(root: PathBuf) -> Programs {
        Programs {
            root,
            libraries: Libraries::Machine,
        }
    }

    /// A file or folder of these programs, `relative` being like `usr/sbin/mysqld`.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A command that runs one of the programs as the servers' user.
    pub(crate) fn command(&self, relative: &str) -> Result<Command> {
        let program = self.path(relative);
        Ok(match self.libraries {
            Libraries::Machine => as_server_user(program),
            Libraries::Added => {
                let mut command = as_server_user(program);
                command.env("LD_LIBRARY_PATH", self.library_path()?);
                command
            }
            Libraries::Own => {
                let mut command = as_server_user(self.loader()?);
                command.arg("--library-path").arg(self.library_path()?);
                command.arg("--argv0").arg(&program).arg(&program);
                command
            }
        })
    }

    fn library_dir(&self) -> PathBuf {
        self.root
            .join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH))
    }

    /// The folders of these programs' libraries, as `LD_LIBRARY_PATH` names them.
    pub(crate) fn library_path(&self) -> Result<String> {
        let more = ["usr/lib", "usr/lib/mysql/private"].map(|dir| self.root.join(dir));
        let dirs = [self.library_dir()].into_iter().chain(more);
        let joined = std::env::join_paths(dirs).context("the cache folder's name holds a colon")?;
        Ok(joined.to_string_lossy().into_owned())
    }

    fn loader(&self) -> Result<PathBuf> {
        let dir = self.library_dir();
        let entries =
            fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))?;
        let mut names = entries.flatten().map(|entry| entry.path());
        let is_loader = |path: &PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("ld-linux"))
        };
        names
            .find(is_loader)
            .with_context(|| format!("no program loader in {}", dir.display()))
    }
}

/// The version that a server program tells: the first word that begins with a digit.
pub(crate) fn version_of(command: &mut Command) -> Result<String> {
    let text = quietly(command.arg("--version"))?;
    let mut words = text.split_whitespace();
    let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    Ok(version
        .with_context(|| format!("no version in: {text}"))?
        .to_owned())
}
