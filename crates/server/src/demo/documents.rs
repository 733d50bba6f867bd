//! Which documents the demo transcribes.

use super::place::Place;
use crate::failure::{Exit, Failure};
use dutiful_documents::guides;
use std::fs;
use std::path::{Path, PathBuf};

/// A demo is no bulk import.
const FILES_MAX: usize = 500;
const DEPTH_MAX: usize = 8;

/// The documents, below one folder.
#[derive(Debug)]
pub(super) struct Documents {
    root: PathBuf,
    /// Paths below the root, with `/`.
    pub(super) files: Vec<String>,
    /// Whether they are the binary's own, which have to succeed.
    pub(super) own: bool,
}

impl Documents {
    /// The files of the user's folder, or the binary's guides written into the demo's folder.
    pub(super) fn choose(folder: Option<PathBuf>, place: &Place) -> Result<Documents, Failure> {
        match folder {
            Some(folder) => Documents::below(folder),
            None => Documents::guides(place.path().join("guides")),
        }
    }

    fn guides(root: PathBuf) -> Result<Documents, Failure> {
        fs::create_dir_all(&root)?;
        let mut files = Vec::new();
        for guide in guides::all() {
            fs::write(root.join(guide.file_name), guide.bytes)?;
            files.push(guide.file_name.to_owned());
        }
        Ok(Documents {
            root,
            files,
            own: true,
        })
    }

    fn below(root: PathBuf) -> Result<Documents, Failure> {
        let mut files = Vec::new();
        collect(&root, "", 0, &mut files).map_err(|error| {
            unusable(&root, &error.to_string()).fix("name a folder that can be read")
        })?;
        if files.is_empty() {
            return Err(unusable(&root, "there are no files").fix("name a folder of documents"));
        }
        files.sort_unstable();
        if files.len() > FILES_MAX {
            let what = format!("{} files; the demo takes at most {FILES_MAX}", files.len());
            return Err(unusable(&root, &what).fix("name a smaller folder"));
        }
        Ok(Documents {
            root,
            files,
            own: false,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// How many documents the user has added to the demo's own work.
    pub(super) fn added(&self) -> u32 {
        if self.own {
            0
        } else {
            u32::try_from(self.files.len()).unwrap_or(u32::MAX)
        }
    }
}

fn unusable(root: &Path, why: &str) -> Failure {
    Failure::new(
        Exit::Usage,
        "documents",
        format!("{}: {why}", root.display()),
    )
}

/// Regular files only: no hidden ones, and no links, which may lead anywhere.
fn collect(
    folder: &Path,
    below: &str,
    depth: usize,
    files: &mut Vec<String>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.')) else {
            continue;
        };
        let path = if below.is_empty() {
            name.to_owned()
        } else {
            format!("{below}/{name}")
        };
        let kind = entry.file_type()?;
        if kind.is_file() {
            files.push(path);
        } else if kind.is_dir() && depth < DEPTH_MAX && files.len() <= FILES_MAX {
            collect(&entry.path(), &path, depth + 1, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_links_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("sub/a.txt"), "a").unwrap();
        fs::write(at("b.md"), "b").unwrap();
        fs::write(at(".hidden"), "c").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(at("b.md"), at("link.md")).unwrap();
        let documents = Documents::below(folder.path().to_path_buf()).unwrap();
        assert_eq!(documents.files, ["b.md", "sub/a.txt"]);
    }

    #[test]
    fn an_empty_or_missing_folder_is_a_wrong_use() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Documents::below(folder.path().to_path_buf()).unwrap_err();
        assert_eq!(empty.exit, Exit::Usage);
        assert!(Documents::below(folder.path().join("none")).is_err());
    }
}
