//! Rust files that no program, library, test or example contains.

use std::collections::BTreeSet;

use super::Finding;
use super::files::{RustFile, TextFile};

/// Files of a package that cargo builds by themselves, besides those in folders.
const ROOTS: [&str; 3] = ["src/lib.rs", "src/main.rs", "build.rs"];
/// Folders of which cargo builds each file, and each `NAME/main.rs`, by itself.
const FOLDERS: [&str; 4] = ["src/bin/", "tests/", "examples/", "benches/"];

/// Files that nothing leads to.
pub(crate) fn check(texts: &[TextFile], rust: &[RustFile]) -> Vec<Finding> {
    let mut waiting: Vec<&RustFile> = rust.iter().filter(|file| is_root(texts, file)).collect();
    let mut alive: BTreeSet<&str> = waiting.iter().map(|file| file.path.as_str()).collect();
    while let Some(file) = waiting.pop() {
        let is_entry = is_root(texts, file);
        for path in contained(file, is_entry) {
            if let Some(part) = rust.iter().find(|part| part.path == path)
                && alive.insert(&part.path)
            {
                waiting.push(part);
            }
        }
    }
    let dead = rust
        .iter()
        .filter(|file| !alive.contains(file.path.as_str()));
    dead.map(|file| {
        Finding::new(
            &file.path,
            1,
            "no `mod` leads to this file: declare or delete it",
        )
    })
    .collect()
}

fn is_root(texts: &[TextFile], file: &RustFile) -> bool {
    let manifests = texts.iter().filter(|text| text.name() == "Cargo.toml");
    let packages = manifests.filter(|manifest| file.path.starts_with(manifest.folder()));
    // The innermost package is the one the file belongs to.
    let Some(package) = packages.max_by_key(|manifest| manifest.folder().len()) else {
        return false;
    };
    let inside = &file.path[package.folder().len()..];
    let in_folder = FOLDERS
        .iter()
        .filter_map(|folder| inside.strip_prefix(folder));
    let mut depths = in_folder.map(|rest| rest.split('/').collect::<Vec<_>>());
    ROOTS.contains(&inside)
        || depths.any(|parts| parts.len() == 1 || (parts.len() == 2 && parts[1] == "main.rs"))
        || package.text.contains(&format!("path = \"{inside}\""))
}

/// The paths at which the files may be that a file contains.
fn contained(file: &RustFile, is_entry: bool) -> Vec<String> {
    let folder = &file.path[..file.path.rfind('/').map_or(0, |at| at + 1)];
    let stem = file.path[folder.len()..].trim_end_matches(".rs");
    let below = if is_entry || stem == "mod" {
        folder.to_owned()
    } else {
        format!("{folder}{stem}/")
    };
    let mut paths = Vec::new();
    for name in modules(&file.code) {
        paths.push(format!("{below}{name}.rs"));
        paths.push(format!("{below}{name}/mod.rs"));
    }
    for literal in &file.literals {
        let before = file.code[..literal.at].trim_end();
        if ["#[path =", "include!("]
            .iter()
            .any(|start| before.ends_with(start))
        {
            paths.push(format!("{folder}{}", literal.text));
        }
    }
    paths
}

/// The names declared by `mod name;`.
fn modules(code: &str) -> Vec<&str> {
    let statements = code
        .split_inclusive([';', '{', '}'])
        .filter(|s| s.ends_with(';'));
    statements
        .filter_map(|statement| {
            let words: Vec<&str> = statement.trim_end_matches(';').split_whitespace().collect();
            match words[..] {
                [.., "mod", name] => Some(name),
                _ => None,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let mut texts: Vec<TextFile> = files.iter().map(|(p, t)| TextFile::sample(p, t)).collect();
        let rust: Vec<RustFile> = texts.iter().map(RustFile::new).collect();
        texts.push(TextFile::sample(
            "a/Cargo.toml",
            "[[bin]]\npath = \"src/odd.rs\"\n",
        ));
        check(&texts, &rust)
            .into_iter()
            .map(|finding| finding.file)
            .collect()
    }

    #[test]
    fn files_are_followed_from_the_roots() {
        let files = [
            (
                "a/src/lib.rs",
                "#[cfg(x)]\npub(crate) mod b;\nmod c;\n// mod e;\n",
            ),
            ("a/src/b.rs", "mod d;"),
            ("a/src/b/d.rs", ""),
            ("a/src/c/mod.rs", "#[path = \"other.rs\"] mod f;"),
            ("a/src/c/other.rs", ""),
            ("a/src/e.rs", ""),
            ("a/src/odd.rs", ""),
            ("a/tests/t.rs", "mod common;"),
            ("a/tests/common/mod.rs", ""),
            ("a/tests/common/lost.rs", ""),
            ("loose.rs", ""),
        ];
        assert_eq!(
            dead(&files),
            ["a/src/e.rs", "a/tests/common/lost.rs", "loose.rs"]
        );
    }
}
