//! What came of a trial: the rows held against the file of what ran when.

use crate::arena::Arena;
use crate::audit::{Line, What};
use crate::fleet::{Fault, LEASE};
use crate::leases::Seen;
use crate::roles::{RunBy, Work};
use std::collections::{HashMap, HashSet};
use std::fmt;

/// What two readings of one clock may differ by when one of them is rounded.
const ROUNDED: u128 = 1_000_000;

/// A row of an audited task.
pub(crate) struct TaskRow {
    pub(crate) id: i64,
    pub(crate) work: Work,
    pub(crate) status: String,
    pub(crate) attempt: i64,
    pub(crate) retries: i64,
    pub(crate) crashes: i64,
    pub(crate) result: Option<RunBy>,
}

/// A row of the history.
pub(crate) struct AttemptRow {
    pub(crate) task: i64,
    pub(crate) attempt: i64,
    pub(crate) outcome: String,
    /// The process that ran it.
    pid: u32,
    /// Its claim and its end by the database's clock, which is this machine's, in nanoseconds since 1970.
    started: u128,
    ended: u128,
}

impl AttemptRow {
    /// From its claim to its end, in microseconds.
    pub(crate) fn micros(&self) -> i64 {
        i64::try_from((self.ended - self.started) / 1_000).unwrap()
    }
}

/// One run of a handler.
#[derive(Debug, Clone, Copy)]
struct Run {
    attempt: i64,
    pid: u32,
    start: u128,
    /// `None` when nobody saw it end.
    end: Option<u128>,
}

/// The counts. All from `lost` on must be 0.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    tasks: usize,
    runs: usize,
    leases_lost: usize,
    /// Two runs of a task at once, the earlier one without its lease because of what was done to its process:
    /// a stopped worker that went on.
    fenced_overlaps: usize,
    /// The same of processes to which nothing was done: the database answered no renewal in time.
    starved_overlaps: usize,
    /// Leases that ran out on a worker to which nothing was done: it, or the database, was starved.
    leases_lost_unharmed: usize,
    lost: usize,
    /// Two runs of a task at once while the lease of the earlier one held.
    overlaps: usize,
    /// Two runs of the same attempt.
    doubled: usize,
    /// Rows that hold the result of another attempt than their last.
    stale: usize,
    /// Rows whose history is not one line for each earlier attempt, none of them a success.
    history_gaps: usize,
    /// Leases taken away before their time was over.
    early: usize,
    /// Ended tasks by which the kept figures and the rows differ, once minutes were counted again.
    miscounted: usize,
    /// By how many tasks and attempts that was off until then: ends that were committed late.
    found_late: usize,
}

impl Verdict {
    /// Holds the rows of an arena against its audit.
    pub(crate) async fn of(arena: &Arena, faults: &[Fault]) -> Verdict {
        Verdict::with(arena, faults, &Seen::default()).await
    }

    /// The same, where leases were looked at meanwhile.
    pub(crate) async fn with(arena: &Arena, faults: &[Fault], seen: &Seen) -> Verdict {
        let tasks = tasks(arena).await;
        let attempts = attempts(arena).await;
        let (runs, doubled) = runs(&arena.audit(), faults);
        let mut verdict = Verdict {
            tasks: tasks.len(),
            runs: runs.values().map(Vec::len).sum(),
            doubled,
            ..Verdict::default()
        };
        verdict.judge_history(&attempts, faults, seen);
        let mut history: HashMap<i64, Vec<&AttemptRow>> = HashMap::new();
        for attempt in &attempts {
            history.entry(attempt.task).or_default().push(attempt);
        }
        for task in &tasks {
            let runs = runs.get(&task.work.n).map_or(&[][..], Vec::as_slice);
            let history = history.get(&task.id).map_or(&[][..], Vec::as_slice);
            verdict.judge(task, runs, history);
            verdict.judge_overlaps(runs, history, faults);
        }
        (verdict.miscounted, verdict.found_late) = miscounted(arena).await;
        verdict
    }

    fn judge_history(&mut self, attempts: &[AttemptRow], faults: &[Fault], seen: &Seen) {
        for lost in attempts
            .iter()
            .filter(|attempt| attempt.outcome == "lease_lost")
        {
            self.leases_lost += 1;
            let was_harmed = faults.iter().any(|fault| fault.pid == lost.pid);
            self.leases_lost_unharmed += usize::from(!was_harmed);
            // It holds for its whole length from the claim on, and as long as it was last seen to.
            let renewed = seen.get(&(lost.task, lost.attempt)).copied();
            let until = renewed.unwrap_or(0).max(lost.started + LEASE.as_nanos());
            self.early += usize::from(lost.ended + ROUNDED < until);
        }
    }

    fn judge(&mut self, task: &TaskRow, runs: &[Run], history: &[&AttemptRow]) {
        let last = runs.iter().find(|run| run.attempt == task.attempt);
        let ran = last.is_some_and(|run| run.end.is_some());
        self.lost += usize::from(task.status != "success" || !ran);
        if let (Some(result), Some(last)) = (&task.result, last) {
            self.stale += usize::from(result.attempt != task.attempt || result.pid != last.pid);
        }
        let mut numbers: Vec<i64> = history.iter().map(|attempt| attempt.attempt).collect();
        numbers.sort_unstable();
        let whole = numbers.iter().copied().eq(1..task.attempt);
        let success = history.iter().any(|attempt| attempt.outcome == "success");
        self.history_gaps += usize::from(!whole || success);
    }

    fn judge_overlaps(&mut self, runs: &[Run], history: &[&AttemptRow], faults: &[Fault]) {
        let lost: HashSet<i64> = history
            .iter()
            .filter(|attempt| attempt.outcome == "lease_lost")
            .map(|attempt| attempt.attempt)
            .collect();
        for (index, earlier) in runs.iter().enumerate() {
            for later in &runs[index + 1..] {
                if earlier.end.is_none_or(|end| end > later.start) {
                    let was_harmed =
                        |fault: &Fault| fault.pid == earlier.pid && fault.from < later.start;
                    let was_harmed = faults.iter().any(was_harmed);
                    // That it was not lost too early is looked at in the history.
                    match lost.contains(&earlier.attempt) {
                        true if was_harmed => self.fenced_overlaps += 1,
                        true => self.starved_overlaps += 1,
                        false => self.overlaps += 1,
                    }
                }
            }
        }
    }

    /// Fails unless everything that must be 0 is.
    pub(crate) fn assert_good(&self) {
        let bad = [
            self.lost,
            self.overlaps,
            self.doubled,
            self.stale,
            self.history_gaps,
            self.early,
            self.miscounted,
        ];
        assert!(bad.iter().all(|count| *count == 0), "{self}");
        // A machine that is short of time may starve a worker now and then.
        assert!(self.leases_lost_unharmed <= self.tasks / 20, "{self}");
        assert!(self.starved_overlaps <= self.tasks / 1_000, "{self}");
    }

    pub(crate) fn tasks(&self) -> usize {
        self.tasks
    }

    pub(crate) fn leases_lost(&self) -> usize {
        self.leases_lost
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tasks, {} runs, {} leases lost ({} by workers to which nothing was done), {} runs went \
             on without a lease (and {} of such workers); lost {}, overlapping leases {}, doubled attempts {}, stale settles {}, \
             gaps in the history {}, leases ended early {}, miscounted {} ({} ends committed late)",
            self.tasks,
            self.runs,
            self.leases_lost,
            self.leases_lost_unharmed,
            self.fenced_overlaps,
            self.starved_overlaps,
            self.lost,
            self.overlaps,
            self.doubled,
            self.stale,
            self.history_gaps,
            self.early,
            self.miscounted,
            self.found_late
        )
    }
}

/// By how many tasks the figures that workers have kept meanwhile, and what has ended since, differ from the rows;
/// and by how many tasks and attempts they were off before minutes were counted again.
async fn miscounted(arena: &Arena) -> (usize, usize) {
    let client = arena.client().await;
    let recount = client.recount_figures(|_| ()).await.unwrap();
    let again = client.recount_figures(|_| ()).await.unwrap();
    assert_eq!(again.off, 0, "counted twice, corrected twice");
    let stats = client.stats().await.unwrap();
    let counts = stats.names.iter().flat_map(|name| &name.counts);
    let told: u64 = counts
        .filter(|(state, _)| state.is_ended())
        .map(|(_, tasks)| tasks)
        .sum();
    let ended =
        "SELECT COUNT(*) FROM dutiful_tasks WHERE due_at IS NULL AND status <> 'not_started'";
    let stored = u64::try_from(arena.int(ended).await).unwrap();
    let off = usize::try_from(told.abs_diff(stored)).unwrap();
    (off, usize::try_from(recount.off).unwrap())
}

/// The runs of each number by attempt, and how many attempts ran twice. A killed process ends its runs.
fn runs(lines: &[Line], faults: &[Fault]) -> (HashMap<u64, Vec<Run>>, usize) {
    let killed: HashMap<u32, u128> = faults
        .iter()
        .filter(|fault| fault.to == u128::MAX)
        .map(|fault| (fault.pid, fault.from))
        .collect();
    let mut runs: HashMap<u64, Vec<Run>> = HashMap::new();
    let mut doubled = 0;
    for line in lines {
        let runs = runs.entry(line.n).or_default();
        let known = runs.iter_mut().find(|run| run.attempt == line.attempt);
        match (line.what, known) {
            (What::Start, None) => {
                let end = killed.get(&line.pid).copied();
                runs.push(Run {
                    attempt: line.attempt,
                    pid: line.pid,
                    start: line.at,
                    end,
                });
            }
            (What::Start, Some(_)) => doubled += 1,
            (What::End, Some(run)) => run.end = Some(line.at),
            (What::End, None) => panic!("{} ended without a start", line.n),
            (What::Ack, _) => {}
        }
    }
    for runs in runs.values_mut() {
        runs.sort_by_key(|run| run.attempt);
    }
    (runs, doubled)
}

/// The rows of the audited tasks.
pub(crate) async fn tasks(arena: &Arena) -> Vec<TaskRow> {
    let rows = arena.rows(
        "SELECT id, task_payload, status, attempt, retries, crashes, result_data FROM dutiful_tasks \
         WHERE task_name = 'AuditTask' ORDER BY id",
    );
    let read = |row: Vec<Option<String>>| {
        let number = |index: usize| row[index].as_deref().unwrap().parse().unwrap();
        TaskRow {
            id: number(0),
            work: serde_json::from_str(row[1].as_deref().unwrap()).unwrap(),
            status: row[2].clone().unwrap(),
            attempt: number(3),
            retries: number(4),
            crashes: number(5),
            result: row[6]
                .as_deref()
                .map(|result| serde_json::from_str(result).unwrap()),
        }
    };
    rows.await.into_iter().map(read).collect()
}

/// The rows of the history.
pub(crate) async fn attempts(arena: &Arena) -> Vec<AttemptRow> {
    let sql = format!(
        "SELECT task_id, attempt, outcome, worker, {}, {} FROM dutiful_attempts",
        arena.micros("started_at"),
        arena.micros("ended_at")
    );
    let read = |row: Vec<Option<String>>| {
        let number = |index: usize| row[index].as_deref().unwrap().parse::<i64>().unwrap();
        let nanos = |index| u128::try_from(number(index)).unwrap() * 1_000;
        // The name of a worker is host-process-random.
        let pid = row[3].as_deref().unwrap().rsplit('-').nth(1).unwrap();
        AttemptRow {
            task: number(0),
            attempt: number(1),
            outcome: row[2].clone().unwrap(),
            pid: pid.parse().unwrap(),
            started: nanos(4),
            ended: nanos(5),
        }
    };
    arena.rows(&sql).await.into_iter().map(read).collect()
}
