//! The machine that measures, without its name.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::db::run::quietly;

const KILOBYTES_A_GIGABYTE: f64 = 1024.0 * 1024.0;

/// "2 cores, 24 GB, Linux 6.1, Debian 12, rustc 1.95": one sentence.
pub(crate) fn told() -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let kernel = read("/proc/sys/kernel/osrelease")?;
    let rustc = quietly(Command::new("rustc").arg("--version"))?;
    let rustc: Vec<&str> = rustc.split_whitespace().take(2).collect();
    Ok(format!(
        "{cores} cores shared by client and server, {:.0} GB of memory, Linux {}, {}, {}",
        memory_gigabytes()?,
        kernel.trim(),
        system().unwrap_or_else(|| "an unnamed system".to_owned()),
        rustc.join(" ")
    ))
}

fn memory_gigabytes() -> Result<f64> {
    let text = read("/proc/meminfo")?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: f64 = kilobytes.context("no MemTotal in /proc/meminfo")?.parse()?;
    Ok(kilobytes / KILOBYTES_A_GIGABYTE)
}

fn system() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let mut lines = text.lines();
    let name = lines.find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

/// The day in UTC.
pub(crate) fn today() -> Result<String> {
    Ok(quietly(Command::new("date").args(["-u", "+%Y-%m-%d"]))?
        .trim()
        .to_owned())
}
