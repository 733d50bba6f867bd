//! Packages of Python that a test needs, installed by pip into the target folder when they are missing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const PIP: [&str; 7] = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--only-binary",
    ":all:",
    "--target",
];

/// In CI what cannot be had is an error, elsewhere a line that says what was skipped.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false")
}

/// The version of the Python that is there: wheels are made for one.
pub(crate) fn python() -> Result<String, String> {
    let version = "import sys; print('%d.%d' % sys.version_info[:2])";
    output(Command::new("python3").args(["-c", version])).map(|text| text.trim().to_owned())
}

/// The folder that holds these packages, filled by whoever comes first.
pub(crate) fn installed(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let targets = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = targets.join(format!("{name}-{}", python()?));
    let text = |error: std::io::Error| error.to_string();
    let lock = File::create(folder.with_extension("lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    if folder.exists() {
        return Ok(folder);
    }
    // Installed beside it and moved there whole, so that nothing half done is ever taken for done.
    let fresh = tempfile::tempdir_in(targets).map_err(text)?;
    let mut pip = Command::new("python3");
    output(pip.args(PIP).arg(fresh.path()).args(packages))?;
    std::fs::rename(fresh.path(), &folder).map_err(text)?;
    Ok(folder)
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("python3 cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(String::from_utf8_lossy(&output.stderr)
        .trim()
        .replace('\n', " "))
}
