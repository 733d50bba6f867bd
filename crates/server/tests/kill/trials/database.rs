//! The database is killed, or frozen, under its workers.

use crate::arena::Arena;
use crate::audit::What;
use crate::fleet::{Fault, Fleet, Process, SUBMITTER};
use crate::seed::Seed;
use crate::server::{self, Thaw};
use crate::verdict::{self, Verdict};
use crate::wait::until;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const WORKERS: usize = 2;
const OUTAGES: usize = 2;
const BACKLOG: u64 = 4_000;
/// How soon work must go on once the database is back.
const GOES_ON: Duration = Duration::from_secs(15);
const DRAIN: Duration = Duration::from_secs(60);
const FROZEN: Duration = Duration::from_secs(5);
/// Lines that a worker may log about one outage: each of its parts tells when it falls ill and when it is
/// well again.
const LINES_MAX: usize = 20;
/// How often the processes on a file are killed.
const KILLS: usize = 5;

pub(crate) async fn the_database_may_be_killed_and_restarted_under_load(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    backlog(&arena).await;
    let mut fleet = Fleet::start(&arena, WORKERS);
    fleet.have_started().await;
    let submitter = Process::start(&arena, SUBMITTER);
    let mut longest = Duration::ZERO;
    for _ in 0..OUTAGES {
        work_goes_on(&arena, Duration::from_secs(20)).await;
        tokio::time::sleep(seed.millis(200, 1_200)).await;
        let from = crate::audit::now();
        server::db("kill", &arena.engine).await;
        tokio::time::sleep(seed.millis(300, 1_500)).await;
        server::db("start", &arena.engine).await;
        longest = longest.max(work_goes_on(&arena, GOES_ON).await);
        fleet.cut_off_since(from);
        fleet.assert_alive();
    }
    let fault = submitter.kill();
    let acknowledged = settle(&arena, &mut fleet, fault).await;
    let lines = bounded_log(&fleet);
    fleet.stop().await;
    let verdict = Verdict::of(&arena, &fleet.faults).await;
    eprintln!(
        "{}: {OUTAGES} outages, {acknowledged} acknowledged, work went on after at most {longest:.1?}, \
         at most {lines} lines logged by a worker; {verdict}",
        arena.engine.name
    );
    verdict.assert_good();
}

pub(crate) async fn a_frozen_database_wedges_nobody(arena: Arc<Arena>) {
    backlog(&arena).await;
    let mut fleet = Fleet::start(&arena, WORKERS);
    fleet.have_started().await;
    let submitter = Process::start(&arena, SUBMITTER);
    work_goes_on(&arena, Duration::from_secs(20)).await;
    let thaw = Thaw(arena.engine.clone());
    let from = crate::audit::now();
    server::db("freeze", &arena.engine).await;
    tokio::time::sleep(FROZEN).await;
    server::db("thaw", &arena.engine).await;
    drop(thaw);
    let after = work_goes_on(&arena, GOES_ON).await;
    fleet.cut_off_since(from);
    fleet.assert_alive();
    let fault = submitter.kill();
    let acknowledged = settle(&arena, &mut fleet, fault).await;
    let lines = bounded_log(&fleet);
    fleet.stop().await;
    let verdict = Verdict::of(&arena, &fleet.faults).await;
    eprintln!(
        "{}: frozen for {FROZEN:?}, {acknowledged} acknowledged, work went on after {after:.1?}, \
         at most {lines} lines logged by a worker; {verdict}",
        arena.engine.name
    );
    verdict.assert_good();
}

pub(crate) async fn a_standby_takes_over_and_nothing_acknowledged_is_gone(arena: Arc<Arena>) {
    let setting = arena.server_rows("SHOW synchronous_standby_names").await;
    assert_eq!(
        setting,
        [[Some("*".to_owned())]],
        "commits must wait for the standby: `db up pgha --sync`"
    );
    backlog(&arena).await;
    let mut fleet = Fleet::start(&arena, WORKERS);
    fleet.have_started().await;
    let submitter = Process::start(&arena, SUBMITTER);
    work_goes_on(&arena, Duration::from_secs(20)).await;
    arena.is_gone();
    server::db("kill", &arena.engine).await;
    server::promote().await;
    let after = work_goes_on(&arena, GOES_ON).await;
    fleet.assert_alive();
    let fault = submitter.kill();
    let acknowledged = settle(&arena, &mut fleet, fault).await;
    let lines = bounded_log(&fleet);
    fleet.stop().await;
    let verdict = Verdict::of(&arena, &fleet.faults).await;
    eprintln!(
        "{}: the standby took over, {acknowledged} acknowledged, work went on after {after:.1?}, \
         at most {lines} lines logged by a worker; {verdict}",
        arena.engine.name
    );
    verdict.assert_good();
}

pub(crate) async fn a_file_survives_its_writers_being_killed_while_they_commit(arena: Arc<Arena>) {
    let mut seed = Seed::new();
    let mut fleet = Fleet::start(&arena, WORKERS);
    let mut submitter = Process::start(&arena, SUBMITTER);
    for _ in 0..KILLS {
        work_goes_on(&arena, Duration::from_secs(20)).await;
        tokio::time::sleep(seed.millis(100, 600)).await;
        let fault = submitter.kill();
        fleet.faults.push(fault);
        fleet.kill(0);
        fleet.add();
        submitter = Process::start(&arena, SUBMITTER);
    }
    let fault = submitter.kill();
    let acknowledged = settle(&arena, &mut fleet, fault).await;
    fleet.stop().await;
    let check = arena.rows("PRAGMA integrity_check").await;
    assert_eq!(check, [[Some("ok".to_owned())]]);
    let listed = Process::dutiful(&arena, &["list", "--json"])
        .output()
        .unwrap();
    assert!(
        listed.status.success(),
        "{}",
        String::from_utf8_lossy(&listed.stderr)
    );
    let verdict = Verdict::of(&arena, &fleet.faults).await;
    eprintln!("sqlite: {KILLS} kills, {acknowledged} acknowledged; {verdict}");
    verdict.assert_good();
}

/// Keeps the workers busy beside what is submitted meanwhile.
async fn backlog(arena: &Arena) {
    arena.submit(BACKLOG, |n| 20 + n % 40).await;
}

/// A run ends that began from now on.
async fn work_goes_on(arena: &Arena, limit: Duration) -> Duration {
    let now = crate::audit::now();
    let goes_on = || async {
        let lines = arena.audit();
        let started: Vec<u64> = lines
            .iter()
            .filter(|line| line.what == What::Start && line.at > now)
            .map(|line| line.n)
            .collect();
        lines
            .iter()
            .any(|line| line.what == What::End && line.at > now && started.contains(&line.n))
    };
    until("work goes on", limit, goes_on).await
}

/// Waits until everything has run, and finds each acknowledged submission once.
async fn settle(arena: &Arena, fleet: &mut Fleet, submitter: Fault) -> usize {
    fleet.faults.push(submitter);
    until("all tasks succeed", DRAIN, || async {
        arena.open_tasks().await == 0
    })
    .await;
    fleet.assert_alive();
    let mut rows: HashMap<u64, usize> = HashMap::new();
    for task in verdict::tasks(arena).await {
        *rows.entry(task.work.n).or_default() += 1;
    }
    let twice: Vec<_> = rows.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "stored twice: {twice:?}");
    let lines = arena.audit();
    let acknowledged: Vec<u64> = lines
        .iter()
        .filter(|line| line.what == What::Ack)
        .map(|line| line.n)
        .collect();
    assert!(!acknowledged.is_empty());
    let gone: Vec<_> = acknowledged
        .iter()
        .filter(|n| !rows.contains_key(n))
        .collect();
    assert!(gone.is_empty(), "acknowledged and gone: {gone:?}");
    acknowledged.len()
}

/// The most that a worker has logged since it started.
fn bounded_log(fleet: &Fleet) -> usize {
    let logs = fleet.workers.iter().map(|worker| {
        let log = worker.log();
        let lines = log
            .lines()
            .filter(|line| line.contains(" WARN ") || line.contains(" ERROR "))
            .count();
        assert!(lines <= LINES_MAX * OUTAGES, "{lines} lines: {log}");
        lines
    });
    logs.max().unwrap_or_default()
}
