//! A folder with a database of its own, and the binary run in it.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_dutiful");
/// A bench of everything takes most of a minute, and several may run at once.
const COMMAND_MAX: Duration = Duration::from_secs(180);

/// Exit codes, as they are documented.
pub(crate) const USAGE: i32 = 2;
pub(crate) const NOT_FOUND: i32 = 3;
pub(crate) const CONFLICT: i32 = 4;
pub(crate) const UNREACHABLE: i32 = 6;
pub(crate) const SCHEMA: i32 = 7;
pub(crate) const DOCTOR: i32 = 8;

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty folder: no database, no settings.
    pub(crate) fn empty() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder with a migrated database.
    pub(crate) fn new() -> Place {
        let place = Place::empty();
        place.run(&["migrate", "up"]).assert().success();
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A file that nobody else can read.
    pub(crate) fn write_secret(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// The binary with these arguments, without the settings of whoever runs the tests.
    pub(crate) fn run(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .args(args)
            .current_dir(self.path())
            .timeout(COMMAND_MAX);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DUTIFUL_") {
                command.env_remove(name);
            }
        }
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
            command.env_remove(name);
        }
        command
    }

    /// What a successful command prints with `--json`.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut command = self.run(args);
        let output = command
            .arg("--json")
            .assert()
            .success()
            .get_output()
            .clone();
        assert_eq!(text(&output.stderr), "", "--json keeps stderr for errors");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The error that a failing command prints with `--json`, and its exit code.
    pub(crate) fn json_error(&self, args: &[&str]) -> (i32, Value) {
        let output = self
            .run(args)
            .arg("--json")
            .assert()
            .failure()
            .get_output()
            .clone();
        let error: Value = serde_json::from_slice(&output.stderr).unwrap();
        let code = output.status.code().unwrap();
        assert_eq!(error["error"]["exit_code"], code);
        (code, error["error"].clone())
    }

    /// What a failing command says, and its exit code.
    pub(crate) fn error(&self, args: &[&str]) -> (i32, String) {
        let output = self.run(args).assert().failure().get_output().clone();
        (output.status.code().unwrap(), text(&output.stderr))
    }

    /// What a successful command prints.
    pub(crate) fn text(&self, args: &[&str]) -> String {
        text(&self.run(args).assert().success().get_output().stdout)
    }

    /// Submits an ExampleTask and gives its id.
    pub(crate) fn submit(&self, message: &str) -> String {
        let payload = serde_json::json!({ "message": message, "count": 2 }).to_string();
        self.json(&["submit", "ExampleTask", &payload])["id"].to_string()
    }

    /// A worker in the background.
    pub(crate) fn worker(&self, args: &[&str]) -> Background {
        self.background(&[&["worker"], args].concat())
    }

    /// A command that goes on in the background.
    pub(crate) fn background(&self, args: &[&str]) -> Background {
        let mut command = std::process::Command::new(BINARY);
        command.args(args).current_dir(self.path());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        Background {
            child: command.spawn().unwrap(),
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A process that does not outlive its test.
pub(crate) struct Background {
    child: Child,
}

impl Background {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end: its exit code and what it logged.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < COMMAND_MAX, "the process does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        std::io::Read::read_to_string(&mut stderr, &mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
