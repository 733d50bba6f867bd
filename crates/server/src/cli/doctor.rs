//! `dutiful doctor`: what is wrong with a database and its workers, or soon will be, and what helps.
//!
//! It asks only what every client may ask, and changes nothing.

mod backlog;
mod checks;
mod finding;
mod link;
mod server;

use super::App;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Rows, Table, Tone};
use dutiful::{Client, ErrorKind, Stats, Timestamp, WorkerInfo};
use finding::{Check, Finding, Verdict};
use serde_json::json;
use std::time::{Duration, SystemTime};

/// A transaction that is open for longer keeps the engine from cleaning up behind the queue.
const LONG_TRANSACTION: Duration = Duration::from_secs(5 * 60);

const COLUMNS: [Column; 4] = [
    Column::word("CHECK"),
    Column::word("RESULT"),
    Column::text("FOUND"),
    Column::text("FIX"),
];

pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let mut findings = vec![link::check(&app.settings.database_url)];
    let connected = app.settings.connect().await;
    let database = connected.as_ref().ok().map(Client::database);
    match connected {
        Ok(client) => {
            findings.push(Finding::ok(Check::Database, "it answers"));
            examine(&client, &mut findings).await;
        }
        // A URL or prefix that cannot be used is a wrong use of this command like of any other.
        Err(failure) if failure.exit == Exit::Usage => return Err(failure),
        Err(failure) => findings.push(not_connected(failure)),
    }
    let mut all: Vec<Finding> = Check::ALL
        .iter()
        .filter(|check| !findings.iter().any(|one| one.check == **check))
        .map(|check| Finding::skipped(*check))
        .collect();
    all.append(&mut findings);
    all.sort_by_key(|finding| finding.check);
    tell(app, database.as_deref(), &all)
}

fn not_connected(failure: Failure) -> Finding {
    let check = if failure.code == ErrorKind::Unsupported.code() {
        Check::Server
    } else {
        Check::Database
    };
    let fix = failure
        .fix
        .unwrap_or_else(|| "do what the text says".to_owned());
    Finding::bad(check, failure.cause, fix)
}

/// Everything that needs a connection. What cannot be asked is bad: a worker could not ask it either.
async fn examine(client: &Client, findings: &mut Vec<Finding>) {
    let schema = checks::schema(client).await;
    let usable = schema.verdict == Verdict::Ok;
    findings.push(schema);
    if !usable {
        let text = "its version is supported: a client refuses others";
        return findings.push(Finding::ok(Check::Server, text));
    }
    let before = now();
    match client.server_report(LONG_TRANSACTION).await {
        Ok(report) => {
            findings.push(checks::clock(before, now(), report.now));
            server::judge(&report, findings);
        }
        Err(error) => findings.push(Finding::failed(Check::Server, error)),
    }
    let stats = match client.stats().await {
        Ok(stats) => stats,
        Err(error) => return findings.push(Finding::failed(Check::OldestDue, error)),
    };
    findings.push(checks::oldest_due(&stats));
    findings.push(checks::quarantined(&stats));
    findings.push(match backlog::expired_leases(client, &stats).await {
        Ok(finding) => finding,
        Err(error) => Finding::failed(Check::Leases, error),
    });
    match client.workers().await {
        Ok(workers) => findings.extend(of_workers(&stats, &workers)),
        Err(error) => findings.push(Finding::failed(Check::Workers, error)),
    }
}

fn of_workers(stats: &Stats, workers: &[WorkerInfo]) -> [Finding; 2] {
    [checks::workers(workers), checks::task_names(stats, workers)]
}

fn now() -> Timestamp {
    Timestamp::from_system_time(SystemTime::now())
}

fn tell(app: &App, database: Option<&str>, findings: &[Finding]) -> Result<(), Failure> {
    let bad: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Bad)
        .map(|finding| finding.check.word())
        .collect();
    let json = json!({ "ok": bad.is_empty(), "database": database, "checks": findings });
    app.output.data(&json, || table(findings))?;
    if bad.is_empty() {
        return Ok(());
    }
    let cause = format!("bad: {}", bad.join(", "));
    Err(Failure::new(Exit::Doctor, "doctor", cause).fix("each check tells its own above"))
}

fn table(findings: &[Finding]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Wrap);
    for finding in findings {
        let tone = match finding.verdict {
            Verdict::Ok => Tone::Good,
            Verdict::Warn => Tone::Busy,
            Verdict::Bad => Tone::Bad,
            Verdict::Skipped => Tone::Dim,
        };
        table.row([
            (finding.check.word().to_owned(), Tone::Plain),
            (finding.verdict.word().to_owned(), tone),
            (finding.found.clone(), Tone::Plain),
            (finding.fix.clone().unwrap_or_default(), Tone::Plain),
        ]);
    }
    table.text()
}
