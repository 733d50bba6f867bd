//! What this process uses: processor time and memory.

use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

/// How Linux counts processor time here, in every process.
const TICKS_A_SECOND: f64 = 100.0;

/// Counts from its making.
pub(crate) struct Usage {
    begun: Instant,
    processor: f64,
}

impl Usage {
    pub(crate) fn begin() -> Result<Usage> {
        // From here on the peak of memory is a new one. Where this is forbidden the old one stays.
        let _ = fs::write("/proc/self/clear_refs", "5");
        Ok(Usage {
            begun: Instant::now(),
            processor: processor_seconds()?,
        })
    }

    /// How many cores this process kept busy.
    pub(crate) fn cores(&self) -> Result<f64> {
        let used = processor_seconds()? - self.processor;
        Ok(used / self.begun.elapsed().as_secs_f64())
    }
}

fn processor_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // "pid (name) state ...": user and system time are the 12th and 13th field after the name.
    let (_, fields) = text
        .rsplit_once(')')
        .context("/proc/self/stat is not as expected")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: Result<Vec<f64>, _> = times.map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() / TICKS_A_SECOND)
}

/// The most memory that was in use, in MB.
pub(crate) fn peak_memory_mb() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: f64 = kilobytes
        .context("no VmHWM in /proc/self/status")?
        .parse()?;
    Ok(kilobytes / 1024.0)
}
