//! Every command, program, setting and address that the documents show is tried as it stands.
//!
//! Statements are tried by the conformance suite, on every engine; the program of the README is compiled and
//! run with the examples of the library. A block that nothing would try fails the first test here.
#![allow(clippy::unwrap_used, missing_docs)]

// The conformance suite reads the same documents.
#[path = "../../dutiful/tests/conformance/harness/documents.rs"]
mod documents;
mod shell;

use documents::{Block, blocks, blocks_of, root};
use dutiful::{Client, ErrorKind};
use shell::{Shell, assert_good};
use std::process::Command;

fn place(block: &Block) -> String {
    format!("{}:{}", block.document, block.line)
}

#[test]
fn no_block_is_shown_that_is_not_tried() {
    let library = std::fs::read_to_string(root().join("crates/dutiful/src/lib.rs")).unwrap();
    for block in blocks() {
        let tried = match block.language.as_str() {
            // Here, below.
            "sh" | "python" | "toml" => true,
            // By the conformance suite.
            "sql" => true,
            // With the examples of the library.
            "rust" => library.contains(&format!("include_str!(\"../../../{}\")", block.document)),
            // Pictures, and addresses, which are tried below.
            "text" => true,
            // By the trial of the guide, `guide.rs`, on the servers that it is for.
            "sh mysql" | "python mysql" | "sql mysql" => block.document == documents::GUIDE,
            // What an answer looks like.
            "json" => serde_json::from_str::<serde_json::Value>(&block.text).is_ok(),
            _ => false,
        };
        assert!(tried, "{}: nothing tries this block", place(&block));
    }
}

#[test]
fn no_example_of_a_library_is_only_compiled() {
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let fences = text
                    .lines()
                    .filter_map(|line| line.trim_start().split_once("//"));
                let mut fences =
                    fences.filter(|(before, rest)| before.is_empty() && rest.contains("```"));
                let idle =
                    fences.find(|(_, rest)| rest.contains("no_run") || rest.contains("ignore"));
                assert_eq!(idle, None, "{}", path.display());
            }
        }
    }
}

/// Whether a block is a settings file of our own program.
fn is_ours(block: &Block) -> bool {
    block.text.starts_with("# dutiful.toml\n")
}

#[test]
fn commands_run_as_written() {
    let blocks = blocks_of("sh");
    assert!(blocks.len() >= 4, "{blocks:?}");
    let settings = blocks_of("toml").into_iter().filter(is_ours);
    let settings: Vec<Block> = settings.collect();
    for block in blocks {
        let mut shell = Shell::new();
        // What the same document says of settings holds for its commands.
        let own = settings.iter().find(|own| own.document == block.document);
        if let Some(own) = own {
            std::fs::write(shell.folder.path().join("dutiful.toml"), &own.text).unwrap();
        }
        if !block.text.contains("dutiful migrate up") {
            // What they look at.
            shell.run("dutiful migrate up");
            shell.run("dutiful submit ExampleTask '{\"message\":\"a\",\"count\":1}'");
        }
        for line in block.text.lines() {
            println!("{}: {line}", place(&block));
            shell.run(line);
        }
        let by_default = shell.folder.path().join("dutiful.db").exists();
        assert_eq!(by_default, own.is_none(), "{}", place(&block));
    }
}

#[test]
fn python_programs_run_as_written() {
    for block in blocks_of("python") {
        let mut shell = Shell::new();
        shell.run("dutiful migrate up");
        let connect = "import sqlite3\nconnection = sqlite3.connect('dutiful.db')\n";
        shell.python(&format!("{connect}{}", block.text), None);
        shell.run("dutiful show 1");
    }
}

#[tokio::test]
async fn addresses_are_understood() {
    let mut seen = 0;
    for block in blocks_of("text") {
        let words = block.text.split_whitespace();
        for url in words.filter(|word| word.contains("://") || word.starts_with("sqlite:")) {
            seen += 1;
            if let Err(error) = Client::builder(url).connect().await {
                // There is no such server, but the address is one.
                assert_ne!(error.kind(), ErrorKind::Config, "{url}: {error}");
            }
        }
    }
    assert!(seen >= 3, "{seen}");
}

#[test]
fn settings_are_right() {
    for block in blocks_of("toml") {
        if block.text.contains("[dependencies]") {
            resolves(&block);
        } else if !is_ours(&block) {
            let ours = std::fs::read_to_string(root().join(".cargo/config.toml")).unwrap();
            for line in block.text.lines() {
                assert!(
                    ours.lines().any(|own| own == line),
                    "{}: {line}",
                    place(&block)
                );
            }
        }
    }
}

/// A package with these dependencies can be built: they are there, with the features that are asked for, and
/// all that the program of the same document names is among them.
fn resolves(block: &Block) {
    let path = format!("{}/crates/dutiful", root().display());
    let dependencies = block.text.replace("../dutiful/crates/dutiful", &path);
    assert!(dependencies.contains(&path), "{}", place(block));
    let package = tempfile::tempdir().unwrap();
    let manifest =
        format!("[package]\nname = \"shown\"\nedition = \"2024\"\n\n{dependencies}\n[workspace]\n");
    std::fs::write(package.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::create_dir(package.path().join("src")).unwrap();
    std::fs::write(package.path().join("src/main.rs"), "fn main() {}\n").unwrap();
    // The versions that are here already.
    std::fs::copy(root().join("Cargo.lock"), package.path().join("Cargo.lock")).unwrap();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--depth", "1"])
        .current_dir(package.path())
        .output()
        .unwrap();
    assert_good(&place(block), &output);

    let programs = blocks_of("rust");
    let own = programs
        .iter()
        .filter(|program| program.document == block.document);
    let program: String = own.map(|program| program.text.as_str()).collect();
    let used: Vec<&str> = program
        .lines()
        .filter_map(|line| line.strip_prefix("use "))
        .filter_map(|path| path.split("::").next())
        .chain(program.contains("#[tokio::main]").then_some("tokio"))
        .filter(|name| *name != "std")
        .collect();
    assert!(used.len() > 3, "{used:?}");
    for name in used {
        let named = |line: &str| line.starts_with(&format!("{name} ="));
        assert!(
            dependencies.lines().any(named),
            "{name} is missing in:\n{dependencies}"
        );
    }
}
