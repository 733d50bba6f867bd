//! Every command and statement that the documents show is run as it stands.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The fenced blocks of one language in a document.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            None if line == format!("```{language}") => open = Some(String::new()),
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
            None => {}
        }
    }
    blocks
}

/// A folder of its own in which `dutiful` is on the path.
struct Shell {
    folder: tempfile::TempDir,
    workers: Vec<Child>,
}

impl Shell {
    fn new() -> Shell {
        Shell {
            folder: tempfile::tempdir().unwrap(),
            workers: Vec::new(),
        }
    }

    fn command(&self, program: &str) -> Command {
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_dutiful"));
        let path = format!(
            "{}:{}",
            binary.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new(program);
        command
            .current_dir(self.folder.path())
            .env("PATH", path)
            .stdin(Stdio::null());
        command
    }

    /// Runs one line; `dutiful worker` goes on in the background.
    fn run(&mut self, line: &str) {
        let line = line.split(" #").next().unwrap().trim();
        if line == "dutiful worker" {
            let worker = self
                .command("dutiful")
                .arg("worker")
                .stderr(Stdio::null())
                .spawn();
            self.workers.push(worker.unwrap());
            return;
        }
        let output = self.command("sh").args(["-ec", line]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{line}` failed: {error}");
    }

    fn python(&mut self, program: &str) {
        let output = self
            .command("python3")
            .args(["-c", program])
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "python failed: {error}\n{program}");
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

#[test]
fn the_readme_names_every_crate_that_its_program_uses() {
    let program = blocks("README.md", "rust").concat();
    let dependencies = blocks("README.md", "toml").concat();
    let used: Vec<&str> = program
        .lines()
        .filter_map(|line| line.strip_prefix("use "))
        .filter_map(|path| path.split("::").next())
        .chain(program.contains("#[tokio::main]").then_some("tokio"))
        .collect();
    assert!(used.len() > 3, "{used:?}");
    for name in used {
        let named = dependencies
            .lines()
            .any(|line| line.starts_with(&format!("{name} =")));
        assert!(named, "{name} is missing in:\n{dependencies}");
    }
}

#[test]
fn the_commands_of_the_readme_run_as_written() {
    let mut shell = Shell::new();
    let blocks = blocks("README.md", "sh");
    let ours = blocks.iter().filter(|block| block.contains("dutiful "));
    let lines: Vec<&str> = ours.flat_map(|block| block.lines()).collect();
    assert!(lines.len() >= 4, "{lines:?}");
    for line in lines {
        shell.run(line);
    }
}

#[test]
fn the_settings_and_commands_of_the_command_line_page_work_as_written() {
    let mut shell = Shell::new();
    let settings = blocks("docs/cli.md", "toml").concat();
    std::fs::write(shell.folder.path().join("dutiful.toml"), settings).unwrap();
    let commands = blocks("docs/cli.md", "sh").concat();
    assert!(commands.lines().count() > 5, "{commands}");
    for line in commands.lines() {
        shell.run(line);
    }
    assert!(shell.folder.path().join("tasks.db").exists());
}

#[test]
fn the_statements_of_the_documents_run_as_written() {
    let mut shell = Shell::new();
    shell.run("dutiful migrate up");
    let mut statements = blocks("README.md", "sql");
    statements.extend(blocks("docs/plain-sql.md", "sql"));
    assert!(statements.len() >= 4);
    for statement in &statements {
        let program = format!(
            "import sqlite3\nc = sqlite3.connect('dutiful.db')\nc.execute('''{statement}''').fetchall()\nc.commit()"
        );
        shell.python(&program);
    }
    shell.run("test $(dutiful list --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)[\"tasks\"]))') = 2");
}

#[test]
fn the_python_of_the_documents_runs_as_written() {
    let mut shell = Shell::new();
    shell.run("dutiful migrate up");
    for block in blocks("docs/plain-sql.md", "python") {
        shell.python(&format!(
            "import sqlite3\nconnection = sqlite3.connect('dutiful.db')\n{block}"
        ));
    }
    shell.run("dutiful show 1");
}
