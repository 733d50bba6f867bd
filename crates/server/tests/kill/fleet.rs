//! Processes: started, killed, stopped, told to end; and a record of what was done to whom.

use crate::arena::Arena;
use crate::audit;
use crate::roles::ROLE;
use crate::wait::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The lease of audited tasks.
pub(crate) const LEASE: Duration = Duration::from_secs(2);
/// How long a worker may take to start on a busy machine.
const START: Duration = Duration::from_secs(20);
pub(crate) const GRACE: Duration = Duration::from_secs(5);
/// How the names of all logs begin.
const LOG: &str = "log";
const BINARY: &str = env!("CARGO_BIN_EXE_dutiful");

/// What a process is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) role: &'static str,
    pub(crate) batch: usize,
    pub(crate) names: usize,
}

/// A worker for audited tasks.
pub(crate) const WORKER: Role = Role {
    role: "worker",
    batch: 16,
    names: 0,
};
/// One that has a periodic.
pub(crate) const TICKER: Role = Role {
    role: "ticker",
    ..WORKER
};
/// One that submits without end.
pub(crate) const SUBMITTER: Role = Role {
    role: "submitter",
    batch: 1,
    names: 0,
};

/// A process, or the database under it, was held up or ended at these times; `to` is the end of time for
/// one that was killed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    pub(crate) pid: u32,
    pub(crate) from: u128,
    pub(crate) to: u128,
}

/// What the processes of a trial have logged, those that are gone included.
pub(crate) fn logs(arena: &Arena) -> Vec<String> {
    let entries = std::fs::read_dir(arena.folder.path()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_log = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with(LOG)
    };
    paths
        .filter(is_log)
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// The lines in which they warn that they cannot claim, settle or renew. Transactions in each other's way
/// are no reason to: they are repeated, and nobody hears of it.
pub(crate) fn complaints(arena: &Arena) -> Vec<String> {
    let words = ["cannot", "could not", "refuses"];
    let is_complaint = |line: &&str| {
        (line.contains("WARN") || line.contains("ERROR"))
            && words.iter().any(|word| line.contains(word))
    };
    let logs = logs(arena);
    let complaints = logs.iter().flat_map(|log| log.lines().filter(is_complaint));
    complaints.map(str::to_owned).collect()
}

/// A process that does not outlive its trial.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// This program in another role.
    pub(crate) fn start(arena: &Arena, role: Role) -> Process {
        Process::start_with(arena, role, |_| {})
    }

    /// As [`Process::start`], with something else in its environment.
    pub(crate) fn start_with(
        arena: &Arena,
        role: Role,
        more: impl FnOnce(&mut Command),
    ) -> Process {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(ROLE, role.role)
            .env("CRASH_URL", &arena.url)
            .env("CRASH_AUDIT", arena.audit_file())
            .env("CRASH_LEASE", LEASE.as_millis().to_string())
            .env("CRASH_GRACE", GRACE.as_millis().to_string())
            .env("CRASH_BATCH", role.batch.to_string())
            .env("CRASH_NAMES", role.names.to_string());
        more(&mut command);
        Process::spawn(arena, command)
    }

    /// `dutiful worker`.
    pub(crate) fn dutiful_worker(arena: &Arena) -> Process {
        let mut command = Process::dutiful(arena, &["worker"]);
        command.stdout(Stdio::null());
        Process::spawn(arena, command)
    }

    /// The binary with these arguments, without the settings of whoever runs the tests.
    pub(crate) fn dutiful(arena: &Arena, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("DUTIFUL_") {
                command.env_remove(name);
            }
        }
        command.args(args).current_dir(arena.folder.path());
        command
            .env("DUTIFUL_DATABASE_URL", &arena.url)
            .env("NO_COLOR", "1");
        command
    }

    fn spawn(arena: &Arena, mut command: Command) -> Process {
        let log = tempfile::Builder::new()
            .prefix(LOG)
            .tempfile_in(arena.folder.path())
            .unwrap();
        let (file, log) = log.keep().unwrap();
        let child = command
            .stdin(Stdio::null())
            .stderr::<File>(file)
            .spawn()
            .unwrap();
        Process { child, log }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.pid()).unwrap()), signal).unwrap();
    }

    /// kill -9, and waits until it is gone.
    pub(crate) fn kill(mut self) -> Fault {
        let from = audit::now();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        Fault {
            pid: self.pid(),
            from,
            to: u128::MAX,
        }
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(&mut self, limit: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            let log = || self.log();
            assert!(
                began.elapsed() < limit,
                "it does not end within {limit:?}; its log: {}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// SIGTERM, and the exit code that follows.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        self.signal(Signal::SIGTERM);
        self.end(GRACE + Duration::from_secs(10)).await.code()
    }

    /// A number from a line of `/proc/PID/status`, in KiB.
    pub(crate) fn memory_peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// The processor time that it has used, in ticks of 10 ms.
    pub(crate) fn processor_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        // The name in parentheses may hold spaces.
        let fields: Vec<&str> = stat[stat.rfind(')').unwrap() + 2..].split(' ').collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The workers of a trial. Some may be stopped for a while.
pub(crate) struct Fleet {
    arena: Arc<Arena>,
    role: Role,
    pub(crate) workers: Vec<Process>,
    stopped: Vec<(Process, u128, Instant)>,
    pub(crate) faults: Vec<Fault>,
}

impl Fleet {
    /// Workers for audited tasks.
    pub(crate) fn start(arena: &Arc<Arena>, count: usize) -> Fleet {
        Fleet::of(arena, WORKER, count)
    }

    /// So many processes of one role.
    pub(crate) fn of(arena: &Arc<Arena>, role: Role, count: usize) -> Fleet {
        let workers = (0..count).map(|_| Process::start(arena, role)).collect();
        Fleet {
            arena: Arc::clone(arena),
            role,
            workers,
            stopped: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Waits until all have started: a worker that finds no database when it starts ends, and says so.
    pub(crate) async fn have_started(&self) {
        let started = |worker: &Process| worker.log().contains("Started");
        until("all workers have started", START, || async {
            self.workers.iter().all(started)
        })
        .await;
    }

    /// One more.
    pub(crate) fn add(&mut self) {
        self.workers.push(Process::start(&self.arena, self.role));
    }

    /// kill -9 of one.
    pub(crate) fn kill(&mut self, index: usize) {
        let fault = self.workers.swap_remove(index).kill();
        self.faults.push(fault);
    }

    /// The database was away for all of them since then, until now.
    pub(crate) fn cut_off_since(&mut self, from: u128) {
        let to = audit::now();
        let fault = |worker: &Process| Fault {
            pid: worker.pid(),
            from,
            to,
        };
        self.faults.extend(self.workers.iter().map(fault));
    }

    /// SIGSTOP of one; it goes on after this time, at a later [`Fleet::thaw`].
    pub(crate) fn freeze(&mut self, index: usize, time: Duration) {
        let worker = self.workers.swap_remove(index);
        let from = audit::now();
        worker.signal(Signal::SIGSTOP);
        self.stopped.push((worker, from, Instant::now() + time));
    }

    /// SIGCONT of those whose time has come. They go on as workers like all others.
    pub(crate) fn thaw(&mut self) {
        let now = Instant::now();
        let (over, stopped) = std::mem::take(&mut self.stopped)
            .into_iter()
            .partition(|(_, _, until)| *until <= now);
        self.stopped = stopped;
        let over: Vec<(Process, u128, Instant)> = over;
        for (worker, from, _) in over {
            worker.signal(Signal::SIGCONT);
            self.faults.push(Fault {
                pid: worker.pid(),
                from,
                to: audit::now(),
            });
            self.workers.push(worker);
        }
    }

    pub(crate) fn are_stopped(&self) -> bool {
        !self.stopped.is_empty()
    }

    /// Every process that was not killed must still be there.
    pub(crate) fn assert_alive(&mut self) {
        for worker in &mut self.workers {
            assert!(
                worker.is_alive(),
                "a worker ended by itself; its log: {}",
                worker.log()
            );
        }
    }

    /// Ends them in their own way.
    pub(crate) async fn stop(&mut self) {
        for worker in self.workers.drain(..) {
            assert_eq!(worker.stop().await, Some(0));
        }
    }
}
