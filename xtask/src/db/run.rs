//! Running other programs to their end and telling why one failed.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// How many lines of a failed program's output an error repeats.
const TAIL_LINES: usize = 15;

/// Runs a program without showing its output, unless it fails.
pub(crate) fn quietly(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    bail!(
        "{name} failed ({}):\n{}",
        output.status,
        tail(&format!("{text}{errors}"))
    )
}

/// Runs a program that reads `input`, without showing its output, unless it fails.
pub(crate) fn quietly_with_input(command: &mut Command, input: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let file =
        std::fs::File::open(input).with_context(|| format!("cannot read {}", input.display()))?;
    let output = command
        .stdin(file)
        .output()
        .with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}):\n{}", output.status, tail(&errors));
    }
    Ok(())
}

/// The last lines of a program's output.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// Whether a program of that name can be started from the search path.
pub(crate) fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(name).is_file())
}
