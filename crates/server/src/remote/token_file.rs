//! The token for a server, from a file.

use crate::failure::Failure;
use std::fs::File;
use std::io::Read;
use std::path::Path;

const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// The token that the file holds.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("the token in {}: {why}", path.display()))
            .fix("name a file that `dutiful token create NAME > FILE` has written")
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    warn_if_open(path);
    file.take(TOKEN_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    match token.is_empty() || !is_visible {
        true => Err(wrong("the file holds none".to_owned())),
        false => Ok(token.to_owned()),
    }
}

/// Whoever can read the file can do what its owner may.
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |facts: std::fs::Metadata| facts.permissions().mode() & 0o007 != 0;
    if std::fs::metadata(path).is_ok_and(is_open) {
        let path = path.display();
        tracing::warn!("everybody on this machine may read {path}: chmod o= {path}");
    }
}
