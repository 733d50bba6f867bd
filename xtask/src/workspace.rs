//! The checkout this tool works on, and running cargo in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// What is optional in the libraries is checked and tested all the same.
pub(crate) const OPTIONAL: &str =
    "dutiful/sqlx,dutiful-documents/tiktoken,dutiful-documents/onnx,dutiful-documents/remote";

/// The folder of the workspace's Cargo.toml, searched upwards from the current folder.
pub(crate) fn root() -> Result<PathBuf> {
    let current = std::env::current_dir()?;
    let is_root = |dir: &&Path| {
        std::fs::read_to_string(dir.join("Cargo.toml")).is_ok_and(|t| t.contains("[workspace]"))
    };
    let root = current.ancestors().find(is_root);
    Ok(root
        .context("not inside the workspace: no Cargo.toml with [workspace] above")?
        .to_owned())
}

/// The build folder, taken from where this program was built: `TARGET/debug/xtask`.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let dir = program.parent().and_then(Path::parent);
    Ok(dir.context("the xtask program has no build folder")?.into())
}

/// The cargo that runs this tool, or the one on the search path.
pub(crate) fn cargo() -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()?);
    Ok(command)
}
