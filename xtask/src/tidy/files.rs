//! The files that rules look at.

use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result};

use super::lex::{Literal, lex};

const EXTENSIONS: [&str; 8] = ["rs", "md", "toml", "sql", "yaml", "yml", "json", "sh"];
/// Files without an extension that are read too.
const SCRIPTS: [&str; 1] = [".ci/run"];
const SKIPPED: [&str; 2] = ["target", ".git"];
const EXCUSE: &str = "tidy: allow";

/// A file with its path from the workspace's root.
#[derive(Clone, Debug)]
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    #[cfg(test)]
    pub(crate) fn sample(path: &str, text: &str) -> TextFile {
        TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|e| e == extension)
    }

    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder with a slash at its end, or nothing for the root.
    pub(crate) fn folder(&self) -> &str {
        &self.path[..self.path.rfind('/').map_or(0, |at| at + 1)]
    }

    /// The lines with their numbers.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Whether a comment on the line or the one above it excuses what is found there.
    pub(crate) fn excuses(&self, line: usize) -> bool {
        let mut near = self
            .lines()
            .filter(|(number, _)| *number == line || number + 1 == line);
        near.any(|(_, text)| text.contains(EXCUSE))
    }
}

/// A Rust file, taken apart.
pub(crate) struct RustFile {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and literals blanked, byte for byte in the same places.
    pub(crate) code: String,
    /// The text with all but comments blanked.
    pub(crate) comments: String,
    pub(crate) literals: Vec<Literal>,
    tests: Vec<RangeInclusive<usize>>,
}

impl RustFile {
    pub(crate) fn new(file: &TextFile) -> RustFile {
        let parts = lex(&file.text);
        RustFile {
            tests: test_modules(&parts.code),
            path: file.path.clone(),
            text: file.text.clone(),
            code: parts.code,
            comments: parts.comments,
            literals: parts.literals,
        }
    }

    #[cfg(test)]
    pub(crate) fn sample(path: &str, text: &str) -> RustFile {
        RustFile::new(&TextFile::sample(path, text))
    }

    /// Whether the line is in a test: a test program, an example, a benchmark or `cfg(test)`.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        let folders = ["tests/", "examples/", "benches/"];
        self.path.ends_with("/tests.rs")
            || folders.iter().any(|folder| self.path.contains(folder))
            || self.tests.iter().any(|range| range.contains(&line))
    }

    /// Whether the file is part of a product crate (and not a tool).
    pub(crate) fn is_product(&self) -> bool {
        self.path.starts_with("crates/") && self.path.contains("/src/")
    }
}

/// The lines of `#[cfg(test)] mod name { ... }`.
fn test_modules(code: &str) -> Vec<RangeInclusive<usize>> {
    let line_of = |at: usize| code[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#[cfg(test)]") {
        let rest = &code[at..];
        let Some(open) = rest
            .find(['{', ';'])
            .filter(|&open| rest.as_bytes()[open] == b'{')
        else {
            continue;
        };
        let mut depth = 0;
        let close = rest[open..].char_indices().find_map(|(offset, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            (depth == 0).then_some(open + offset)
        });
        found.push(line_of(at)..=line_of(at + close.unwrap_or(rest.len())));
    }
    found
}

/// Reads every text file below the root, build folders left out.
pub(crate) fn read_all(root: &Path) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    read_folder(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<TextFile>) -> Result<()> {
    let failed = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            read_folder(&entry.path(), &format!("{path}/"), files)?;
        }
        let read = EXTENSIONS.iter().any(|e| name.ends_with(&format!(".{e}")))
            || SCRIPTS.contains(&path.as_str());
        if kind.is_file() && read {
            // A file that is no text (a sample with a text file's name) is no business of ours.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(TextFile { path, text });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_test_module_are_tests_and_others_are_not() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        let file = RustFile::sample("crates/core/src/a.rs", text);
        let tests: Vec<usize> = (1..=6).filter(|&line| file.is_test(line)).collect();
        assert_eq!(tests, [2, 3, 4, 5]);
    }
}
