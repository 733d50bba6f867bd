//! Empty data folders, made once for each server version and copied from then on.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::place::{Place, give_to_server_user};

/// The template called `name`; `make` fills its folder the first time. The caller holds the
/// cache's lock.
pub(crate) fn template(
    place: &Place,
    name: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let done = place.cache.join(format!("empty-{name}"));
    if done.exists() {
        return Ok(done);
    }
    say!("{name}: making an empty data folder");
    let new = place.cache.join(format!("empty-{name}.new"));
    if new.exists() {
        fs::remove_dir_all(&new)?;
    }
    fs::create_dir_all(&new)?;
    give_to_server_user(&new)?;
    make(&new).with_context(|| format!("cannot make an empty data folder for {name}"))?;
    // Renamed when whole: an interrupted attempt is never taken for a template.
    fs::rename(&new, &done)?;
    Ok(done)
}
