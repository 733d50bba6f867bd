//! `cargo xtask tidy`: the house style as a program.
//!
//! Each rule is a function from a file to its findings. A line may be excused by a comment on
//! it or on the line above that begins with `tidy: allow` and tells why.

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::workspace;
use files::{RustFile, TextFile};

mod dead;
mod files;
mod invariants;
mod layers;
mod lex;
mod manifest;
mod prose;
mod session;
mod shape;
mod sql;
mod words;

/// Something that breaks a rule, and how to mend it.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    file: String,
    line: usize,
    what: String,
}

impl Finding {
    fn new(file: &str, line: usize, what: impl Into<String>) -> Finding {
        Finding {
            file: file.to_owned(),
            line,
            what: what.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Prints every finding; fails when there is any.
pub(crate) fn run() -> Result<ExitCode> {
    let root = workspace::root()?;
    let texts = files::read_all(&root)?;
    let rust: Vec<RustFile> = texts
        .iter()
        .filter(|file| file.is("rs"))
        .map(RustFile::new)
        .collect();
    let findings = check(&texts, &rust);
    for finding in &findings {
        println!("{finding}");
    }
    say!("{}", shape::summary(&rust));
    if findings.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say!("{} findings", findings.len());
    Ok(ExitCode::FAILURE)
}

fn check(texts: &[TextFile], rust: &[RustFile]) -> Vec<Finding> {
    let mut all = Vec::new();
    for file in rust {
        let rules = [
            shape::check,
            words::check,
            layers::check,
            sql::check,
            session::check,
        ];
        for rule in rules {
            all.extend(rule(file));
        }
    }
    for file in texts {
        all.extend(words::paths(file));
        if file.is("md") {
            all.extend(prose::check(file, texts));
        }
        if file.is("sql") {
            all.extend(session::check_sql(file));
        }
        if file.name() == "Cargo.toml" {
            all.extend(manifest::check(file));
        }
    }
    all.extend(dead::check(texts, rust));
    all.extend(invariants::check(texts, rust));
    all.retain(|finding| {
        !texts
            .iter()
            .any(|f| f.path == finding.file && f.excuses(finding.line))
    });
    all.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excuse_on_the_line_above_removes_a_finding() {
        let text = |excuse: &str| {
            let source = format!("//! Sample.\n{excuse}\nfn f() {{ todo!() }}\n");
            TextFile::sample("crates/core/src/lib.rs", &source)
        };
        let manifest = TextFile::sample("crates/core/Cargo.toml", "[package]\n");
        let count = |file: TextFile| {
            let rust = [RustFile::new(&file)];
            check(&[file, manifest.clone()], &rust).len()
        };
        assert_eq!(count(text("")), 1);
        assert_eq!(count(text("// tidy: allow, a sample")), 0);
    }

    #[test]
    fn a_finding_names_file_line_and_fix() {
        let finding = Finding::new("a.rs", 3, "too long: split it");
        assert_eq!(finding.to_string(), "a.rs:3: too long: split it");
    }
}
