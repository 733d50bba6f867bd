//! A shell for the commands and programs that the documents show.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(60);

/// A folder of its own in which `dutiful` is on the path.
pub(crate) struct Shell {
    pub(crate) folder: tempfile::TempDir,
    /// The database; by default a file in the folder.
    pub(crate) database: Option<String>,
    /// Workers and servers.
    beside: Vec<Child>,
    /// Where a server listens in place of the address that the documents show, which may be in use.
    address: SocketAddr,
}

/// The address that the documents show.
const SHOWN: &str = "127.0.0.1:8080";

impl Shell {
    pub(crate) fn new() -> Shell {
        Shell {
            folder: tempfile::tempdir().unwrap(),
            database: None,
            beside: Vec::new(),
            address: free_address(),
        }
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
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
        if let Some(url) = &self.database {
            command.env("DUTIFUL_DATABASE_URL", url);
        }
        command
    }

    /// Runs one line; `dutiful worker` and `dutiful serve` go on in the background.
    pub(crate) fn run(&mut self, line: &str) {
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

    /// Runs a Python program, which finds its modules in these folders too.
    pub(crate) fn python(&mut self, program: &str, modules: Option<&Path>) {
        let program = &program.replace(SHOWN, &self.address.to_string());
        let mut command = self.command("python3");
        command
            .args(["-c", program])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(modules) = modules {
            command.env("PYTHONPATH", modules);
        }
        assert_good(program, &command.output().unwrap());
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

pub(crate) fn assert_good(what: &str, output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{what}` failed: {error}");
}

/// The tools of the workspace, built by whoever ran them, or beside our own program.
fn xtask() -> Option<PathBuf> {
    let named = std::env::var_os("DUTIFUL_XTASK").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_dutiful")).with_file_name("xtask");
    named.or(Some(beside)).filter(|path| path.is_file())
}
