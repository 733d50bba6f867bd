//! What this process uses, where the system tells.

use serde::{Deserialize, Serialize};
use std::fs;

/// How Linux counts processor time for programs, whatever its own clock is.
const TICKS_A_SECOND: f64 = 100.0;
const KIB_A_MIB: f64 = 1_024.0;

/// What a process has used since it began.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Usage {
    /// Its own time and the system's on its behalf, on all cores together.
    pub(super) processor_seconds: Option<f64>,
    /// The most memory that it had in use.
    pub(super) peak_memory_mib: Option<f64>,
}

impl Usage {
    pub(super) fn now() -> Usage {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Usage {
            processor_seconds: processor_seconds(&read("/proc/self/stat")),
            peak_memory_mib: peak_memory_mib(&read("/proc/self/status")),
        }
    }
}

/// "pid (name) state ...": the 12th and the 13th field behind the name, which may hold anything.
fn processor_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: f64 = times.next()?.parse().ok()?;
    let system: f64 = times.next()?.parse().ok()?;
    Some((user + system) / TICKS_A_SECOND)
}

fn peak_memory_mib(status: &str) -> Option<f64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / KIB_A_MIB)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_a_name_with_brackets() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 9 9 20 0";
        assert_eq!(processor_seconds(stat), Some(2.0));
        assert_eq!(processor_seconds(""), None);
    }

    #[test]
    fn memory_is_the_peak() {
        let status = "VmPeak:\t 9999 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n";
        assert_eq!(peak_memory_mib(status), Some(2.0));
        assert_eq!(peak_memory_mib("VmHWM: much"), None);
    }
}
