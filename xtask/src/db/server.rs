//! One server of ours: its folder, its port, its process.
//!
//! A server named NAME has the folder STATE/NAME with the files `port`, `pid`, `url` (written
//! last: a folder without it is half made), `durable` (when it keeps the real defaults), its
//! `data` and its `log`. What is started and how is the engines' own business.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::place::{Place, give_to_server_user};
use super::ports::free_port;
use super::process::{PAUSE, children, wait_gone};
use super::run::tail;

/// How long a server may take to stop by itself before it is killed.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

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
                self.kill()?;
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

/// Copies a folder with its owners and times.
pub(crate) fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    super::run::quietly(Command::new("cp").arg("-a").arg(from).arg(to)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> Place {
        let dir = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        Place {
            state: dir.clone(),
            cache: dir,
        }
    }

    #[test]
    fn a_process_that_is_not_ours_is_never_touched() {
        let place = place("foreign");
        let server = Server::new(&place, "postgres");
        server.create(&place, 1, false).unwrap();
        // Our own pid stands for one that was used again by somebody else.
        server
            .write("pid", &std::process::id().to_string())
            .unwrap();
        assert_eq!(server.pid(), None);
        assert!(server.signal_all(Signal::SIGTERM).is_err());
        server.kill().unwrap();
        fs::remove_dir_all(place.state).unwrap();
    }

    #[test]
    fn servers_of_one_folder_get_different_ports() {
        let place = place("ports");
        let port = |name| Server::new(&place, name).create(&place, 4, false).unwrap();
        assert!(port("galera1").abs_diff(port("galera2")) >= 4);
        fs::remove_dir_all(place.state).unwrap();
    }

    #[test]
    fn a_server_that_ends_while_starting_tells_its_last_words() {
        let place = place("ends");
        let server = Server::new(&place, "mysql");
        server.create(&place, 1, false).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no memory >&2; exit 3"]);
        let error = server
            .spawn(&mut command, STOP_PATIENCE, |_| false)
            .unwrap_err();
        assert!(error.to_string().contains("no memory"), "{error}");
        fs::remove_dir_all(place.state).unwrap();
    }
}
