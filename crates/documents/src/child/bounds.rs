//! What a child may use, set by itself before it has the document, and inherited by what it starts.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::limits::{CHILD_FILES_MAX, CHILD_MEMORY_BYTES_MIN};

/// Ends this process with its parent, and keeps it from anything that no reading needs.
pub(super) fn begin() -> io::Result<()> {
    die_with_parent()?;
    #[cfg(target_os = "linux")]
    {
        rustix::thread::set_no_new_privs(true)?;
        // A machine that hides /proc from us still has the limits.
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }
    both(Resource::Core, 0)?;
    both(Resource::Nofile, CHILD_FILES_MAX)?;
    both(Resource::Fsize, 0)
}

/// Lets the kernel kill this process when the thread that started it is gone.
pub(super) fn die_with_parent() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

/// Bounds the memory of this process.
pub(super) fn memory(bytes: u64) -> io::Result<()> {
    both(Resource::As, bytes.max(CHILD_MEMORY_BYTES_MIN))
}

/// Gives this process so much processor time from now on. The hard limit stays as it is, because it
/// can never be raised again.
pub(super) fn cpu(seconds: u64) -> io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    let used = Duration::try_from(used).unwrap_or_default();
    let until = (used.as_secs() + 1).saturating_add(seconds.max(1));
    let now = getrlimit(Resource::Cpu);
    let limits = Rlimit {
        current: Some(within(until, now.maximum)),
        maximum: now.maximum,
    };
    Ok(setrlimit(Resource::Cpu, limits)?)
}

/// Sets both limits, or what is left of them where somebody has set less.
fn both(resource: Resource, most: u64) -> io::Result<()> {
    let most = within(most, getrlimit(resource).maximum);
    let limits = Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    Ok(setrlimit(resource, limits)?)
}

fn within(wanted: u64, most: Option<u64>) -> u64 {
    most.map_or(wanted, |most| wanted.min(most))
}
