//! A clock that is off: a library that is loaded into a process before all others and changes the time of day
//! that it is told, as on a machine whose clock was never set.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// The seconds that are added.
const OFFSET: &str = "CRASH_CLOCK_OFFSET";
/// The time that passes is left alone: only what the time of day is differs.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at) {
    int answer = syscall(SYS_clock_gettime, id, at);
    const char *offset = getenv("CRASH_CLOCK_OFFSET");
    if (answer == 0 && offset && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        at->tv_sec += atol(offset);
    return answer;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
"#;

/// The library, as long as this lives.
pub(crate) struct Clock {
    folder: TempDir,
}

impl Clock {
    /// Compiles it, by the compiler that SQLite was built with.
    pub(crate) fn make() -> Clock {
        let clock = Clock {
            folder: TempDir::new().unwrap(),
        };
        let source = clock.folder.path().join("clock.c");
        std::fs::write(&source, SOURCE).unwrap();
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&clock.library(), &source])
            .output()
            .expect("a C compiler called cc");
        assert!(
            built.status.success(),
            "{}",
            String::from_utf8_lossy(&built.stderr)
        );
        clock
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("clock.so")
    }

    /// Sets the clock of a process that is yet to start.
    pub(crate) fn set(&self, command: &mut Command, seconds: i64) {
        command
            .env("LD_PRELOAD", self.library())
            .env(OFFSET, seconds.to_string());
    }

    /// Fails unless a process really believes it.
    pub(crate) fn prove(&self, seconds: i64) {
        let mut date = Command::new("date");
        self.set(date.arg("+%s"), seconds);
        let output = date.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let told: i64 = text.trim().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let right = i64::try_from(now.as_secs()).unwrap() + seconds;
        let slack = Duration::from_secs(60).as_secs();
        assert!(told.abs_diff(right) < slack, "told {told}, not {right}");
    }
}
