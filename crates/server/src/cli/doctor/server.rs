//! What the server says of itself: its version, what a commit is worth, and who is in its way.

use super::finding::{Check, Finding, Verdict};
use crate::output::{count, elapsed};
use dutiful::ServerReport;
use std::time::Duration;

/// In a smaller table an engine may rightly read all rows.
const PLANS_MATTER_FROM: i64 = 10_000;
/// A log of SQLite that is longer is not copied because somebody keeps on reading.
const LOG_BYTES_WARN: u64 = 512 * 1024 * 1024;
/// Of the connections that the server takes.
const CONNECTIONS_WARN_PERCENT: u64 = 80;
const CONNECTIONS_BAD_PERCENT: u64 = 95;
const MIB: u64 = 1024 * 1024;

/// Settings, and the values of them with which a commit survives a power loss.
const DURABLE: [(&str, &[&str], &str); 8] = [
    (
        "journal_mode",
        &["wal", "memory"],
        "let Dutiful open the file itself: it sets WAL",
    ),
    (
        "synchronous",
        &["2", "3"],
        "nothing but Dutiful should set `PRAGMA synchronous` on its connections",
    ),
    (
        "innodb_flush_log_at_trx_commit",
        &["1"],
        "SET PERSIST (MySQL) or SET GLOBAL innodb_flush_log_at_trx_commit = 1, and the same in its configuration file",
    ),
    (
        "innodb_doublewrite",
        &["ON", "1"],
        "innodb_doublewrite = ON in the server's configuration file",
    ),
    (
        "sync_binlog",
        &["1"],
        "SET GLOBAL sync_binlog = 1, and the same in its configuration file",
    ),
    ("fsync", &["on"], "fsync = on in postgresql.conf"),
    (
        "full_page_writes",
        &["on"],
        "full_page_writes = on in postgresql.conf",
    ),
    (
        "synchronous_commit",
        &["on", "local", "remote_write", "remote_apply"],
        "synchronous_commit = on in postgresql.conf, or for this account",
    ),
];

/// All that the report tells.
pub(super) fn judge(report: &ServerReport, findings: &mut Vec<Finding>) {
    if let Some(tls) = findings
        .iter_mut()
        .find(|finding| finding.check == Check::Tls)
    {
        link(report, tls);
    }
    findings.push(Finding::ok(Check::Server, report.version.clone()));
    findings.extend([
        indexes(report),
        isolation(report),
        durability(report),
        transactions(report),
        connections(report),
    ]);
}

/// What the URL asks for is one thing, what the server has agreed to another.
fn link(report: &ServerReport, tls: &mut Finding) {
    if report.encrypted == Some(false) && tls.found.starts_with("used") {
        let fix = "let the server take TLS, and write sslmode=verify-full into the database URL";
        *tls = Finding::warn(Check::Tls, "not used: the server does not take it", fix);
    }
}

fn indexes(report: &ServerReport) -> Finding {
    if !report.missing.is_empty() {
        let missing = report.missing.join(", ");
        let fix = "`dutiful migrate sql` prints the statements that make them; run those that are missing";
        return Finding::bad(Check::Indexes, format!("missing: {missing}"), fix);
    }
    if !report.finds_due_by_index && report.highest_id > PLANS_MATTER_FROM {
        let fix =
            "ANALYZE dutiful_tasks (ANALYZE TABLE on MySQL), so that the planner knows its size";
        let found = "the engine would read the whole table to find what is due";
        return Finding::warn(Check::Indexes, found, fix);
    }
    Finding::ok(
        Check::Indexes,
        "all are there, and due tasks are found by theirs",
    )
}

fn isolation(report: &ServerReport) -> Finding {
    let is = |name: &str, value: &str| {
        let found = report.settings.get(name);
        found.is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    if is("log_bin", "ON") && is("binlog_format", "STATEMENT") {
        let found =
            "binlog_format is STATEMENT, with which READ COMMITTED transactions cannot write";
        return Finding::bad(
            Check::Isolation,
            found,
            "SET GLOBAL binlog_format = 'ROW', and the same in its configuration file",
        );
    }
    match report.settings.get("transaction_isolation") {
        Some(other) if other != "read committed" => {
            let fix = "let nothing between the client and the server change `BEGIN ISOLATION LEVEL READ COMMITTED`";
            Finding::bad(
                Check::Isolation,
                format!("transactions run at {other}"),
                fix,
            )
        }
        _ if report.settings.contains_key("journal_mode") => {
            Finding::ok(Check::Isolation, "one writer at a time")
        }
        _ => Finding::ok(
            Check::Isolation,
            "every transaction asks for READ COMMITTED",
        ),
    }
}

fn durability(report: &ServerReport) -> Finding {
    let has_binlog = report
        .settings
        .get("log_bin")
        .is_none_or(|value| value == "ON");
    let judged = DURABLE
        .iter()
        .filter(|(name, ..)| *name != "sync_binlog" || has_binlog);
    let weak = |(name, good, fix): &(&str, &[&str], &str)| {
        let value = report.settings.get(*name)?;
        let is_good = good.iter().any(|good| good.eq_ignore_ascii_case(value));
        (!is_good).then(|| (format!("{name} = {value}"), (*fix).to_owned()))
    };
    let (found, fixes): (Vec<_>, Vec<_>) = judged.filter_map(weak).unzip();
    if found.is_empty() {
        return Finding::ok(Check::Durability, "a commit survives a power loss");
    }
    let found = format!(
        "{}: what was committed may be lost with the machine",
        found.join(", ")
    );
    Finding::warn(Check::Durability, found, fixes.join("; "))
}

fn transactions(report: &ServerReport) -> Finding {
    if let Some(bytes) = report.log_bytes {
        let found = format!("the write-ahead log has {} MiB", count(bytes / MIB));
        if bytes > LOG_BYTES_WARN {
            let fix = "end the program that keeps a transaction open on the file; then the log is copied and reused";
            return Finding::warn(Check::Transactions, found, fix);
        }
        return Finding::ok(Check::Transactions, found);
    }
    let Some(long) = &report.long_transactions else {
        if report.encrypted.is_none() {
            return Finding::ok(Check::Transactions, "in memory, nobody else has any");
        }
        let fix = "GRANT PROCESS to the account (MySQL, MariaDB), or pg_monitor (PostgreSQL), to have it looked at";
        return Finding::hidden(Check::Transactions, fix);
    };
    let Some(first) = long.first() else {
        return Finding::ok(Check::Transactions, "none is open for more than 5 min");
    };
    let found = format!(
        "{} open for more than 5 min; the oldest is of {}, open for {}",
        count(long.len() as u64),
        first.whose,
        elapsed(Duration::from_secs(first.seconds))
    );
    let fix = "end it, or let it commit more often: meanwhile the engine cannot clean up behind ended tasks";
    Finding::warn(Check::Transactions, found, fix)
}

fn connections(report: &ServerReport) -> Finding {
    let (Some(used), Some(max)) = (report.connections, report.connections_max) else {
        return Finding::ok(Check::Connections, "not needed: there is no server");
    };
    let found = format!("{} of {} are used", count(used), count(max));
    let percent = used.saturating_mul(100) / max.max(1);
    let fix = "raise max_connections, lower `pool=` in the database URLs, or put a pooler between";
    let verdict = match percent {
        CONNECTIONS_BAD_PERCENT.. => Verdict::Bad,
        CONNECTIONS_WARN_PERCENT.. => Verdict::Warn,
        _ => Verdict::Ok,
    };
    match verdict {
        Verdict::Bad => Finding::bad(Check::Connections, found, fix),
        Verdict::Warn => Finding::warn(Check::Connections, found, fix),
        _ => Finding::ok(Check::Connections, found),
    }
}

#[cfg(test)]
mod tests;
