//! Reading a file that a stranger named: only below a root, only regular files, only so large.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use crate::TranscribeError;
use crate::error::Problem;
use crate::limits::INPUT_BYTES_MAX;
use crate::transcribe::too_large;

/// The bytes of a file below `root`. The path is relative, has no `..`, and no link on it leads
/// out of the root. The size is checked before anything is read.
///
/// # Errors
/// `path_not_allowed` and `input_too_large` are final; `io`, a missing file among them, may pass.
pub(crate) fn read_below(root: &Path, path: &str) -> Result<Vec<u8>, TranscribeError> {
    let found = resolve(root, path)?;
    let metadata = found.metadata().map_err(|e| io_error(path, &e))?;
    if !metadata.is_file() {
        return Err(not_allowed(path, "is no regular file"));
    }
    if metadata.len() > INPUT_BYTES_MAX as u64 {
        return Err(too_large(metadata.len()));
    }
    let mut bytes = Vec::new();
    File::open(&found)
        // One byte more than allowed is enough to see that the file has grown since.
        .and_then(|file| {
            file.take(INPUT_BYTES_MAX as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .map_err(|e| io_error(path, &e))?;
    Ok(bytes)
}

/// The real place of a path, when that is below the real place of the root.
fn resolve(root: &Path, path: &str) -> Result<PathBuf, TranscribeError> {
    let relative = Path::new(path);
    let plain = relative
        .components()
        .all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
    if path.is_empty() || path.contains('\0') || path.contains('\\') || !plain {
        return Err(not_allowed(path, "is not a plain relative path"));
    }
    let root = root.canonicalize().map_err(|e| io_error("the root", &e))?;
    let found = root
        .join(relative)
        .canonicalize()
        .map_err(|e| io_error(path, &e))?;
    if !found.starts_with(&root) {
        return Err(not_allowed(path, "leads out of the root"));
    }
    Ok(found)
}

fn not_allowed(path: &str, why: &str) -> TranscribeError {
    TranscribeError::new(Problem::Path, format!("{path:?} {why}"))
}

fn io_error(what: &str, error: &io::Error) -> TranscribeError {
    TranscribeError::new(Problem::Io, format!("{what:?} cannot be read: {error}"))
}
