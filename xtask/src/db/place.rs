//! Where servers keep their state and where downloads are kept, and as whom servers run.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::Uid;

use crate::workspace::target_dir;

/// The unprivileged user ("nobody") that servers run as when this tool runs as root:
/// PostgreSQL and MySQL refuse to run as root.
const NOBODY: u32 = 65534;

/// The environment variable that names the state folder, so that a test run and the
/// `cargo xtask db` calls made by its tests mean the same servers.
pub(crate) const STATE_VARIABLE: &str = "DUTIFUL_DB_DIR";

/// The two folders of this tool.
#[derive(Clone)]
pub(crate) struct Place {
    /// Data and pids of the servers: private to one checkout, thrown away by `down`.
    pub(crate) state: PathBuf,
    /// Downloads, unpacked programs and empty data folders: shared, survives `cargo clean`.
    pub(crate) cache: PathBuf,
}

impl Place {
    /// The folders of this checkout, created when missing.
    pub(crate) fn find() -> Result<Place> {
        let state = match std::env::var_os(STATE_VARIABLE) {
            Some(dir) => std::path::absolute(dir)?,
            None => reachable(target_dir()?.join("db"), "state")?,
        };
        Place::at(state)
    }

    /// The folder that holds one state folder for each test run.
    pub(crate) fn for_tests() -> Result<PathBuf> {
        let dir = reachable(target_dir()?.join("db-test"), "test")?;
        create_own(&dir)?;
        Ok(dir)
    }

    /// The same cache with another state folder.
    pub(crate) fn at(state: PathBuf) -> Result<Place> {
        let cache = reachable(cache_dir()?, "cache")?;
        for dir in [&state, &cache] {
            create_own(dir)?;
        }
        Ok(Place { state, cache })
    }

    /// Holds a lock of the state folder until dropped.
    pub(crate) fn lock(&self, name: &str) -> Result<File> {
        lock(&self.state.join(format!("{name}.lock")))
    }

    /// Holds the lock of the cache until dropped.
    pub(crate) fn lock_cache(&self) -> Result<File> {
        lock(&self.cache.join("cache.lock"))
    }
}

fn cache_dir() -> Result<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let base =
        base.context("neither XDG_CACHE_HOME nor HOME is set: set one to a writable folder")?;
    Ok(base.join("dutiful-db"))
}

/// As root, servers run as another user, who must be able to reach the folder. Where a
/// parent is closed to others (root's home often is), a folder under /var/tmp stands in.
fn reachable(dir: PathBuf, kind: &str) -> Result<PathBuf> {
    let open = |p: &Path| fs::metadata(p).map_or(true, |m| m.mode() & 0o001 != 0);
    if !is_root() || dir.ancestors().all(open) {
        return Ok(dir);
    }
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    Ok(format!("/var/tmp/dutiful-db-{kind}-{:016x}", hasher.finish()).into())
}

fn create_own(dir: &Path) -> Result<()> {
    let failed = || format!("cannot use the folder {}", dir.display());
    fs::create_dir_all(dir).with_context(failed)?;
    if fs::metadata(dir).with_context(failed)?.uid() != Uid::effective().as_raw() {
        bail!(
            "{} belongs to another user: name another with {STATE_VARIABLE} or XDG_CACHE_HOME",
            dir.display()
        );
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).with_context(failed)
}

fn lock(path: &Path) -> Result<File> {
    let failed = || format!("cannot lock {}", path.display());
    let file = File::create(path).with_context(failed)?;
    file.lock().with_context(failed)?;
    Ok(file)
}

/// Makes an empty folder, whatever was there.
pub(crate) fn start_over(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))
}

/// Whether this tool runs as root.
pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

/// A command that runs as the user of the servers.
pub(crate) fn as_server_user(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY).env_remove("HOME");
    }
    command
}

/// Gives a folder and all in it to the user of the servers.
pub(crate) fn give_to_server_user(dir: &Path) -> Result<()> {
    if is_root() {
        super::run::quietly(
            Command::new("chown")
                .arg("-R")
                .arg(format!("{NOBODY}:{NOBODY}"))
                .arg(dir),
        )?;
    }
    Ok(())
}
