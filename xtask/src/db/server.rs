//! One server of ours: its folder, its port, its process.
//!
//! A server named NAME has the folder STATE/NAME with the files `port`, `pid`, `url` (written
//! last: a folder without it is half made), `durable` (when it keeps the real defaults), its
//! `data` and its `log`. What is started and how is the engines' own business.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::place::{Place, give_to_server_user};
use super::run::tail;

/// Ports are taken below the range that Linux gives to outgoing connections, so that a
/// stopped server finds its own port free when it is started again.
const PORTS: std::ops::Range<u16> = 20_000..32_000;
/// How long a server may take to stop by itself before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// One server, running or not.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
}

impl Server {
    pub(crate) fn new(place: &Place, name: &str) -> Server {
        Server {
            name: name.to_owned(),
            dir: place.state.join(name),
        }
    }

    /// Every server that has a folder, half made ones too.
    pub(crate) fn all(place: &Place) -> Result<Vec<Server>> {
        let mut servers = Vec::new();
        for entry in fs::read_dir(&place.state)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                servers.push(Server::new(place, &entry.file_name().to_string_lossy()));
            }
        }
        servers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(servers)
    }

    /// Starts over with an empty folder and `ports` free ports in a row.
    pub(crate) fn create(&self, place: &Place, ports: u16, durable: bool) -> Result<u16> {
        self.wipe()?;
        fs::create_dir_all(&self.dir)?;
        if durable {
            self.write("durable", "")?;
        }
        let _lock = place.lock("ports")?;
        let port = free_port(place, ports)?;
        self.write("port", &port.to_string())?;
        Ok(port)
    }

    /// Hands the folder to the user the server runs as.
    pub(crate) fn hand_over(&self) -> Result<()> {
        give_to_server_user(&self.dir)
    }

    pub(crate) fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.dir.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.dir.join(file)).ok()
    }

    pub(crate) fn port(&self) -> Result<u16> {
        let port = self.read("port").and_then(|text| text.parse().ok());
        port.with_context(|| {
            format!(
                "there is no server {} here: run `cargo xtask db up` first",
                self.name
            )
        })
    }

    /// The address of a server that was completely made.
    pub(crate) fn url(&self) -> Option<String> {
        self.read("url")
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.dir.join("durable").exists()
    }

    /// The pid of the running server, or none.
    pub(crate) fn pid(&self) -> Option<Pid> {
        let pid = self.read("pid")?.trim().parse().ok()?;
        self.is_ours(pid).then_some(Pid::from_raw(pid))
    }

    /// A pid is only believed when that process's command line names our folder: pids are
    /// used again by others. A dead process that nobody has reaped has no command line.
    fn is_ours(&self, pid: i32) -> bool {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let folder = format!("{}/", self.dir.display());
        line.windows(folder.len())
            .any(|part| part == folder.as_bytes())
    }

    /// Starts the server's process in the background and waits until `is_ready`.
    pub(crate) fn spawn(
        &self,
        command: &mut Command,
        patience: Duration,
        is_ready: impl Fn(u16) -> bool,
    ) -> Result<()> {
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(self.dir.join("log"))?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0);
        command.current_dir(&self.dir);
        let mut child = command
            .spawn()
            .with_context(|| format!("cannot start {}", self.name))?;
        self.write("pid", &child.id().to_string())?;
        let port = self.port()?;
        let begin = Instant::now();
        while !is_ready(port) {
            if let Some(status) = child.try_wait()? {
                bail!(
                    "{} ended while starting ({status}):\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            if begin.elapsed() > patience {
                bail!(
                    "{} was not ready after {patience:?}:\n{}",
                    self.name,
                    self.log_tail()
                );
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn log_tail(&self) -> String {
        tail(&self.read("log").unwrap_or_default())
    }

    /// The server's process and the processes it started (PostgreSQL has one a connection).
    fn processes(&self) -> Vec<Pid> {
        let Some(pid) = self.pid() else {
            return Vec::new();
        };
        let mut all = vec![pid];
        all.extend(children(pid));
        all
    }

    /// Sends a signal to the server and its child processes.
    pub(crate) fn signal_all(&self, signal: Signal) -> Result<()> {
        if self.pid().is_none() {
            bail!("{} is not running", self.name);
        }
        for pid in self.processes() {
            // A child may end by itself in between.
            let _ = kill(pid, signal);
        }
        Ok(())
    }

    /// Kills the server as a crash would, and waits until it is gone.
    pub(crate) fn kill(&self) -> Result<()> {
        let processes = self.processes();
        for &pid in &processes {
            let _ = kill(pid, Signal::SIGKILL);
        }
        for pid in processes {
            wait_gone(pid, STOP_PATIENCE);
        }
        self.forget_pid()
    }

    /// Stops the server in its own way by `signal`; kills it when it takes too long.
    pub(crate) fn stop(&self, signal: Signal) -> Result<()> {
        if let Some(pid) = self.pid() {
            self.signal_all(Signal::SIGCONT)?;
            kill(pid, signal).with_context(|| format!("cannot stop {}", self.name))?;
            if !wait_gone(pid, STOP_PATIENCE) {
                return self.kill();
            }
        }
        self.forget_pid()
    }

    fn forget_pid(&self) -> Result<()> {
        match fs::remove_file(self.dir.join("pid")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Removes the folder of a stopped server.
    pub(crate) fn wipe(&self) -> Result<()> {
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.dir.display()))
            }
            _ => Ok(()),
        }
    }
}

fn wait_gone(pid: Pid, patience: Duration) -> bool {
    let begin = Instant::now();
    let line = PathBuf::from(format!("/proc/{pid}/cmdline"));
    // The command line of a dead process is empty, also while nobody has reaped it.
    while fs::read(&line).is_ok_and(|text| !text.is_empty()) {
        if begin.elapsed() > patience {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
    true
}

fn children(parent: Pid) -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|&pid| parent_of(pid) == Some(parent.as_raw()))
        .map(Pid::from_raw)
        .collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // "pid (name) state parent ...": the name may itself hold spaces and brackets.
    stat.rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// The first of `count` ports in a row that nobody listens on and no server of ours owns.
/// The search begins at a place of its own for each process, so that two of them rarely meet.
fn free_port(place: &Place, count: u16) -> Result<u16> {
    let owned: Vec<u16> = Server::all(place)?
        .iter()
        .filter_map(|server| server.port().ok())
        .collect();
    let slots = (PORTS.end - PORTS.start) / 4;
    let first = std::process::id().wrapping_mul(2_654_435_761) % u32::from(slots);
    for step in 0..u32::from(slots) {
        let slot = u16::try_from((first + step) % u32::from(slots))?;
        let port = PORTS.start + slot * 4;
        let free = |p| TcpListener::bind(("127.0.0.1", p)).is_ok();
        if !owned.contains(&port) && (port..port + count).all(free) {
            return Ok(port);
        }
    }
    bail!("no free port between {} and {}", PORTS.start, PORTS.end)
}

/// Copies a folder with its owners and times.
pub(crate) fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    super::run::quietly(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}
