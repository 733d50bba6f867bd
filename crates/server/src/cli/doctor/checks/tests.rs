use super::super::finding::Verdict;
use super::*;
use std::collections::BTreeMap;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn counts(name: &str, due: u64, oldest_seconds: u64) -> NameCounts {
    NameCounts {
        paused: false,
        task_name: name.to_owned(),
        counts: BTreeMap::new(),
        total: due,
        capped: false,
        success_rate: None,
        retry_rate: None,
        average_duration: None,
        queue_depth: due,
        oldest_due: (due > 0).then(|| Duration::from_secs(oldest_seconds)),
        recent: dutiful::SpanFigures::default(),
    }
}

fn stats(names: Vec<NameCounts>) -> Stats {
    Stats {
        names,
        now: at(0),
        figures_until: at(0),
        capped: false,
        window: Duration::from_secs(3_600),
    }
}

fn worker(name: &str, alive: bool, task_names: &[&str]) -> WorkerInfo {
    WorkerInfo {
        worker: name.to_owned(),
        host: "h".to_owned(),
        process_id: 1,
        task_names: task_names.iter().map(|name| (*name).to_owned()).collect(),
        started_at: at(0),
        beat_at: at(0),
        alive,
        draining_since: None,
    }
}

#[test]
fn a_clock_is_judged_by_what_is_certain() {
    let verdict = |database| clock(at(100), at(110), at(database)).verdict;
    for near in [98, 100, 105, 110, 112] {
        assert_eq!(verdict(near), Verdict::Ok, "{near}");
    }
    for (far, side) in [(97, "behind"), (113, "ahead of")] {
        let finding = clock(at(100), at(110), at(far));
        assert_eq!(finding.verdict, Verdict::Warn);
        assert!(finding.found.contains(side), "{finding:?}");
    }
    assert_eq!((verdict(69), verdict(141)), (Verdict::Bad, Verdict::Bad));
}

#[test]
fn workers_that_are_silent_are_named() {
    assert_eq!(workers(&[]).verdict, Verdict::Warn);
    assert_eq!(workers(&[worker("a", true, &[])]).verdict, Verdict::Ok);
    let both = workers(&[worker("a", true, &[]), worker("b", false, &[])]);
    assert_eq!(both.verdict, Verdict::Warn);
    assert!(both.found.ends_with(": b"), "{both:?}");
    // A server works on bulk operations alone.
    let server = workers(&[worker("s", true, &["dutiful:operation"])]);
    assert!(server.found.contains("none is alive"), "{server:?}");
}

#[test]
fn what_is_due_needs_a_live_worker_that_knows_it() {
    let all = stats(vec![
        counts("A", 2, 1),
        counts("B", 3, 1),
        counts("C", 0, 0),
    ]);
    let some = [worker("a", true, &["A"]), worker("b", false, &["B", "C"])];
    let finding = task_names(&all, &some);
    assert_eq!(finding.verdict, Verdict::Bad);
    assert_eq!(finding.found, "3 due, and no live worker runs: B");
    let more = [worker("a", true, &["A", "B"])];
    assert_eq!(task_names(&all, &more).verdict, Verdict::Ok);
}

#[test]
fn a_queue_is_late_after_ten_minutes_and_stuck_after_an_hour() {
    let verdict = |seconds| {
        let names = vec![counts("A", 1, 1), counts("B", 1, seconds)];
        oldest_due(&stats(names)).verdict
    };
    assert_eq!(oldest_due(&stats(Vec::new())).verdict, Verdict::Ok);
    assert_eq!(verdict(600), Verdict::Ok);
    assert_eq!(verdict(601), Verdict::Warn);
    assert_eq!(verdict(3_601), Verdict::Bad);
}

#[test]
fn what_is_due_of_a_paused_name_is_told_as_that() {
    let paused = |due| NameCounts {
        paused: true,
        ..counts("B", due, 3_601)
    };
    let finding = oldest_due(&stats(vec![counts("A", 1, 1), paused(7)]));
    assert_eq!(finding.verdict, Verdict::Warn);
    assert_eq!(finding.found, "7 due of names that are paused: B");
    assert!(finding.fix.unwrap().contains("dutiful resume"));
    assert_eq!(oldest_due(&stats(vec![paused(0)])).verdict, Verdict::Ok);
    let late = oldest_due(&stats(vec![counts("A", 1, 3_601), paused(7)]));
    assert_eq!(late.verdict, Verdict::Bad);
    let nobody = task_names(&stats(vec![paused(7)]), &[]);
    assert_eq!(nobody.verdict, Verdict::Ok);
}

#[test]
fn quarantined_tasks_are_told_by_name() {
    let mut hit = counts("A", 0, 0);
    hit.counts.insert(State::Quarantined, 1_200);
    let finding = quarantined(&stats(vec![hit, counts("B", 0, 0)]));
    assert_eq!(finding.verdict, Verdict::Warn);
    assert_eq!(finding.found, "1,200: A");
    assert_eq!(quarantined(&stats(Vec::new())).verdict, Verdict::Ok);
}

#[test]
fn a_long_list_of_names_is_cut() {
    assert_eq!(some(["a", "b"].into_iter()), "a, b");
    let seven = ["a", "b", "c", "d", "e", "f", "g"];
    assert_eq!(some(seven.into_iter()), "a, b, c, d, e and 2 more");
}
