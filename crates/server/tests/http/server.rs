//! `dutiful serve` on tables of its own, and workers beside it.

use crate::engine::Engine;
use crate::wire::{self, Answer};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_dutiful");
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    folder: TempDir,
    url: String,
    prefix: String,
    child: Child,
    pub(crate) address: SocketAddr,
    log: mpsc::Receiver<String>,
    killed: Cell<bool>,
}

/// A server beside the first.
pub(crate) struct Second {
    pub(crate) address: SocketAddr,
    _log: mpsc::Receiver<String>,
    _beside: Beside,
}

/// A process and what it prints on both its streams.
pub(crate) struct Told {
    beside: Beside,
    out: mpsc::Receiver<String>,
    err: mpsc::Receiver<String>,
    seen: RefCell<Vec<String>>,
}

impl Told {
    fn start(command: &mut Command) -> Told {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        Told {
            out: lines(child.stdout.take().unwrap()),
            err: lines(child.stderr.take().unwrap()),
            beside: Beside(child),
            seen: RefCell::default(),
        }
    }

    /// What it has printed as data so far.
    pub(crate) fn lines(&self) -> String {
        let mut seen = self.seen.borrow_mut();
        seen.extend(self.out.try_iter());
        seen.join("\n")
    }

    /// Ends it: all that it has said besides.
    pub(crate) fn end(&mut self) -> String {
        let id = self.beside.0.id().to_string();
        let told = Command::new("kill").args(["-s", "TERM", &id]).status();
        assert!(told.unwrap().success());
        self.err.iter().collect::<Vec<String>>().join("\n")
    }
}

/// A process that does not outlive its trial.
pub(crate) struct Beside(Child);

/// A second server on the same tables, killed without a word when it is dropped.
pub(crate) struct Sibling {
    _child: Beside,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Serves on a free port, with these arguments more.
    pub(crate) fn start(engine: &Engine, more: &[&str]) -> Server {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let folder = tempfile::tempdir().unwrap();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("http{}_{number}_", std::process::id());
        let url = match engine.url.as_str() {
            "" => format!("sqlite:{}", folder.path().join("tasks.db").display()),
            url => url.to_owned(),
        };
        let mut command = command(&folder, &url, &prefix);
        if !more.is_empty() {
            // They ask for a token, and there has to be one.
            let mut migrate = self::command(&folder, &url, &prefix);
            assert!(migrate.args(["migrate", "up"]).status().unwrap().success());
            let mut token = self::command(&folder, &url, &prefix);
            let made = token.args(["token", "create", "first", "--scope", "admin"]);
            assert!(made.output().unwrap().status.success());
        }
        let (child, log, address) = serve(&mut command, more);
        Server {
            folder,
            url,
            prefix,
            child,
            address,
            log,
            killed: Cell::new(false),
        }
    }

    /// Ends it at once, as a crash would.
    pub(crate) fn kill(&self) {
        self.killed.set(true);
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", "KILL", &id]).status();
        assert!(told.unwrap().success());
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        wire::ask(self.address, "GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    pub(crate) fn post_text(&self, path: &str, body: &str) -> Answer {
        let json = [("Content-Type", "application/json")];
        wire::ask(self.address, "POST", path, &json, body)
    }

    /// Submits and gives the id.
    pub(crate) fn submit(&self, submission: &Value) -> i64 {
        let answer = self.post("/tasks", submission);
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()["id"].as_i64().unwrap()
    }

    /// The binary on the same tables.
    pub(crate) fn dutiful(&self, args: &[&str]) -> Value {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        let output = command.args(args).arg("--json").output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// A token's secret.
    pub(crate) fn token(&self, args: &[&str]) -> String {
        let created = self.dutiful(&[&["token", "create"], args].concat());
        created["secret"].as_str().unwrap().to_owned()
    }

    /// A request with a token.
    pub(crate) fn as_bearer(&self, secret: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {secret}");
        let headers = [
            ("Content-Type", "application/json"),
            ("Authorization", bearer.as_str()),
        ];
        wire::ask(self.address, method, path, &headers, body)
    }

    /// Lets a program that registers ExampleTask once a day under this name start and end.
    pub(crate) fn define_periodic(&self, name: &str) {
        self.with_client(async |client| {
            let payload = dutiful_server::ExamplePayload {
                message: "tick".to_owned(),
                count: 1,
            };
            let day = Duration::from_secs(24 * 60 * 60);
            let task = dutiful_server::ExampleTask;
            let periodic = dutiful::Periodic::every_with(day, task, payload).named(name);
            // Looked at after the other one.
            let sign = dutiful::Periodic::every_with(
                Duration::from_millis(100),
                dutiful_server::ExampleTask,
                dutiful_server::ExamplePayload {
                    message: "sign".to_owned(),
                    count: 1,
                },
            );
            let worker = dutiful::Worker::new(client.clone())
                .register(periodic)
                .register(sign);
            let worker = worker.start().await.unwrap();
            let began = Instant::now();
            let before = fired(&client).await;
            while fired(&client).await == before {
                assert!(began.elapsed() < LONG, "no tick");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            worker.shutdown().await;
        });
    }

    /// Does something as a program would that has the library.
    fn with_client<T>(&self, work: impl AsyncFnOnce(dutiful::Client) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let client = dutiful::Client::builder(&self.url).table_prefix(&self.prefix);
            work(client.connect().await.unwrap()).await
        })
    }

    /// Submits a task that waits for so many of ExampleTask.
    pub(crate) fn define_join(&self, items: u32) -> i64 {
        self.with_client(async |client| {
            let item = |count| {
                let message = "item".to_owned();
                client.submit::<dutiful_server::ExampleTask>(dutiful_server::ExamplePayload {
                    message,
                    count,
                })
            };
            let join = client.submit_json("JoinUp", Value::Null);
            join.after((1..=items).map(item)).await.unwrap().id.0
        })
    }

    /// Another server on the same tables.
    pub(crate) fn beside(&self) -> Second {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = lines(child.stderr.take().unwrap());
        let address = address(&log);
        Second {
            address,
            _log: log,
            _beside: Beside(child),
        }
    }

    /// What the binary prints on the same tables, whatever comes of it.
    pub(crate) fn output(&self, args: &[&str]) -> (String, String) {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        let output = command.args(args).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&output.stdout), text(&output.stderr))
    }

    /// What commands print on another database, all of them at the same time.
    pub(crate) fn outputs_of(&self, url: &str, commands: &[&[&str]]) -> Vec<String> {
        let start = |args: &&[&str]| {
            let mut command = command(&self.folder, url, &self.prefix);
            command.args(*args).stderr(Stdio::piped()).spawn().unwrap()
        };
        let started: Vec<Child> = commands.iter().map(start).collect();
        let told = started.into_iter().map(|child| {
            let output = child.wait_with_output().unwrap();
            let bytes = [output.stdout, output.stderr].concat();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        told.collect()
    }

    /// A database of this engine's kind that lets nobody in, with this password; of SQLite's kind there is none, so it
    /// is one of another.
    pub(crate) fn url_with_password(&self, password: &str) -> String {
        let scheme = match self.url.split_once("://") {
            Some((scheme, _)) => scheme,
            None => "postgres",
        };
        format!("{scheme}://nobody:{password}@127.0.0.1:1/nothing")
    }

    /// A worker whose log is read.
    pub(crate) fn logging_worker(&self) -> Told {
        Told::start(command(&self.folder, &self.url, &self.prefix).args(["worker", "-v"]))
    }

    /// Follows what happens.
    pub(crate) fn tail(&self) -> Told {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        Told::start(command.args(["tail", "--interval", "100ms"]))
    }

    /// A worker on the same tables.
    pub(crate) fn worker(&self) -> Beside {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        command.arg("worker").stderr(Stdio::null());
        Beside(command.spawn().unwrap())
    }

    /// Another server on the same tables.
    pub(crate) fn sibling(&self) -> Sibling {
        let mut command = command(&self.folder, &self.url, &self.prefix);
        let (child, _, address) = serve(&mut command, &[]);
        Sibling {
            _child: Beside(child),
            address,
        }
    }

    /// Tells it to end.
    pub(crate) fn tell_to_end(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", name, &id]).status();
        assert!(told.unwrap().success());
    }

    /// Waits until it logs a line with this text.
    pub(crate) fn wait_for_log(&self, text: &str) {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.log.recv_timeout(LONG) else {
                panic!("it does not log `{text}`: {seen:?}");
            };
            if line.contains(text) {
                return;
            }
            seen.push(line);
        }
    }

    /// What it has logged since the last call.
    pub(crate) fn log(&self) -> String {
        self.log.try_iter().collect::<Vec<String>>().join("\n")
    }

    /// Ends it and removes its tables.
    pub(crate) fn end(mut self) {
        if !self.killed.get() {
            self.tell_to_end();
        }
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LONG, "the server does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        let expected = (!self.killed.get()).then_some(0);
        assert_eq!(status.code(), expected, "{}", self.log());
        self.dutiful(&["migrate", "down", "--to", "0"]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves on a free port: the process, its log, and where it listens.
fn serve(command: &mut Command, more: &[&str]) -> (Child, mpsc::Receiver<String>, SocketAddr) {
    command.args(["serve", "--listen", "127.0.0.1:0", "--migrate"]);
    command.args(more);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = lines(child.stderr.take().unwrap());
    let address = address(&log);
    (child, log, address)
}

async fn fired(client: &dutiful::Client) -> i64 {
    let all = client.periodic().await.unwrap();
    all.iter()
        .find(|one| one.name == "ExampleTask")
        .map_or(0, |one| one.fired)
}

fn command(folder: &TempDir, url: &str, prefix: &str) -> Command {
    let mut command = Command::new(BINARY);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("DUTIFUL_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder.path())
        .env("DUTIFUL_DATABASE_URL", url)
        .env("DUTIFUL_TABLE_PREFIX", prefix)
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The lines of a stream as they come, read on a thread so that the process never waits for us.
fn lines(stream: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Where it says that it listens.
fn address(log: &mpsc::Receiver<String>) -> SocketAddr {
    let mut seen = Vec::new();
    loop {
        let Ok(line) = log.recv_timeout(LONG) else {
            panic!("the server does not start: {seen:?}");
        };
        if let Some((_, rest)) = line.split_once("Serving on http") {
            return rest
                .trim_start_matches('s')
                .trim_start_matches("://")
                .split(':')
                .take(2)
                .collect::<Vec<_>>()
                .join(":")
                .parse()
                .unwrap();
        }
        seen.push(line);
    }
}
