//! Every command, program, setting and address that the documents show is tried as it stands.
//!
//! Statements are tried by the conformance suite, on every engine; the program of the README is compiled and
//! run with the examples of the library. A block that nothing would try fails the first test here.
#![allow(clippy::unwrap_used, missing_docs)]

// The conformance suite reads the same documents.
#[path = "../../dutiful/tests/conformance/harness/documents.rs"]
mod documents;

use documents::{Block, blocks, blocks_of, root};
use dutiful::{Client, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(60);

/// A folder of its own in which `dutiful` is on the path.
struct Shell {
    folder: tempfile::TempDir,
    /// Workers and servers.
    beside: Vec<Child>,
    /// Where a server listens in place of the address that the documents show, which may be in use.
    address: SocketAddr,
}

/// The address that the documents show.
const SHOWN: &str = "127.0.0.1:8080";

impl Shell {
    fn new() -> Shell {
        Shell {
            folder: tempfile::tempdir().unwrap(),
            beside: Vec::new(),
            address: free_address(),
        }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_dutiful"));
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new(program.as_ref());
        command
            .current_dir(self.folder.path())
            .env("PATH", path)
            .env("DUTIFUL_LISTEN", self.address.to_string())
            .stdin(Stdio::null());
        command
    }

    /// Runs one line; `dutiful worker` and `dutiful serve` go on in the background.
    fn run(&mut self, line: &str) {
        let line = line.split(" #").next().unwrap().trim();
        let line = &line.replace(SHOWN, &self.address.to_string());
        // What runs these tests.
        if line.is_empty() || line == "cargo test" {
            return;
        }
        if let Some(args) = line.strip_prefix("cargo xtask ") {
            return self.ask_xtask(args);
        }
        if line == "dutiful worker" {
            let worker = self
                .command("dutiful")
                .arg("worker")
                .stderr(Stdio::null())
                .spawn();
            self.beside.push(worker.unwrap());
            return;
        }
        if let Some(args) = line.strip_prefix("dutiful serve") {
            return self.serve(args);
        }
        // `cargo run` means the one binary of the workspace.
        let line = match line.strip_prefix("cargo run --release -- ") {
            Some(args) => format!("dutiful {args}"),
            // An answer that tells of an error is one.
            None => line.replace("curl -s", "curl -sS --fail"),
        };
        let output = self.command("sh").args(["-ec", &line]).output().unwrap();
        assert_good(&line, &output);
    }

    fn serve(&mut self, args: &str) {
        let mut command = self.command("dutiful");
        command.arg("serve").args(args.split_whitespace());
        self.beside
            .push(command.stderr(Stdio::null()).spawn().unwrap());
        let began = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert!(
                began.elapsed() < START,
                "`dutiful serve{args}` does not listen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The tools are not run: they start servers, and run these tests. But they must know the command.
    fn ask_xtask(&self, args: &str) {
        let Some(xtask) = xtask() else {
            eprintln!(
                "NOT TRIED: cargo xtask {args}, because it is not built; `cargo xtask test` builds it"
            );
            return;
        };
        let ask = |args: &str| {
            let args = args.split_whitespace().chain(["--help"]);
            self.command(&xtask).args(args).output().unwrap()
        };
        assert_good(args, &ask(args));
        assert!(!ask(&format!("{args} --no-such-option")).status.success());
    }

    fn python(&mut self, program: &str) {
        let output = self.command("python3").args(["-c", program]).output();
        assert_good(program, &output.unwrap());
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for process in &mut self.beside {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// One that nobody listens on at this moment.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn assert_good(what: &str, output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{what}` failed: {error}");
}

/// The tools of the workspace, built by whoever ran them, or beside our own program.
fn xtask() -> Option<PathBuf> {
    let named = std::env::var_os("DUTIFUL_XTASK").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_dutiful")).with_file_name("xtask");
    named.or(Some(beside)).filter(|path| path.is_file())
}

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
        shell.python(&format!(
            "import sqlite3\nconnection = sqlite3.connect('dutiful.db')\n{}",
            block.text
        ));
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
