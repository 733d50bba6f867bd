//! The folder that the demo works in.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder of the demo's own: removed at the end, or kept.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Removes the folder when it is dropped.
    removed_at_end: Option<TempDir>,
}

impl Place {
    pub(super) fn make(keep: bool) -> Result<Place, Failure> {
        let folder = tempfile::Builder::new().prefix("dutiful-demo-").tempdir()?;
        if keep {
            return Ok(Place {
                path: folder.keep(),
                removed_at_end: None,
            });
        }
        Ok(Place {
            path: folder.path().to_path_buf(),
            removed_at_end: Some(folder),
        })
    }

    pub(super) fn is_kept(&self) -> bool {
        self.removed_at_end.is_none()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn database_url(&self) -> String {
        format!("sqlite:{}", self.path.join("demo.db").display())
    }
}
