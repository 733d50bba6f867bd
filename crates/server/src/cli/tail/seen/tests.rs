use super::*;
use dutiful::Status;
use serde_json::Value;

fn task(id: i64, state: State, attempt: i64) -> TaskInfo {
    TaskInfo {
        id: TaskId(id),
        task_name: "T".to_owned(),
        state,
        status: Status::NotStarted,
        task_payload: Value::Null,
        payload_version: 1,
        priority: 0,
        created_at: Timestamp::from_micros(1),
        due_at: None,
        last_run_at: None,
        finished_at: None,
        worker: None,
        attempt,
        retries: 0,
        max_retries: 3,
        crashes: 0,
        error_kind: None,
        error_message: None,
        result_data: None,
        progress: None,
        progress_note: None,
        dedup_scope: "none".to_owned(),
    }
}

/// The state before, if the task is told.
fn noted(seen: &mut Seen, id: i64, state: State, attempt: i64) -> Option<Option<State>> {
    seen.note(task(id, state, attempt))
        .map(|change| change.before)
}

#[test]
fn a_change_is_told_once_with_what_was_before() {
    let mut seen = Seen::default();
    assert_eq!(noted(&mut seen, 1, State::Queued, 0), Some(None));
    assert_eq!(noted(&mut seen, 1, State::Queued, 0), None);
    let before = Some(Some(State::Queued));
    assert_eq!(noted(&mut seen, 1, State::Running, 1), before);
    // Another worker has taken it over meanwhile.
    let before = Some(Some(State::Running));
    assert_eq!(noted(&mut seen, 1, State::Running, 2), before);
    assert_eq!(noted(&mut seen, 1, State::Running, 2), None);
}

#[test]
fn open_tasks_that_no_page_showed_are_looked_at_in_turn() {
    let mut seen = Seen::default();
    seen.begin();
    for id in 1..=150 {
        seen.note(task(id, State::Scheduled, 0));
    }
    seen.note(task(200, State::Running, 1));
    seen.note(task(201, State::Succeeded, 1));
    assert!(seen.to_look_at().is_empty(), "all were seen just now");
    seen.begin();
    let first = seen.to_look_at();
    assert_eq!(first.len(), ALONE_MAX);
    assert_eq!(first[0], TaskId(200), "what runs goes first");
    assert!(!first.contains(&TaskId(201)), "what has ended stays so");
    for id in first {
        seen.note(task(id.0, State::Scheduled, 0));
    }
    seen.begin();
    let second = seen.to_look_at();
    assert!((100..=150).all(|id| second.contains(&TaskId(id))));
}

#[test]
fn no_more_than_the_bound_is_remembered_and_open_tasks_stay() {
    let mut seen = Seen::default();
    let most = i64::try_from(MOST).unwrap();
    seen.note(task(1, State::Scheduled, 0));
    for id in 2..=most + 5 {
        seen.note(task(id, State::Succeeded, 1));
    }
    seen.forget();
    assert_eq!(seen.tasks.len(), MOST);
    assert!(seen.tasks.contains_key(&TaskId(1)));
    assert!(!seen.tasks.contains_key(&TaskId(6)));
    assert!(seen.tasks.contains_key(&TaskId(most + 5)));
    for id in 1..=most + 5 {
        seen.note(task(id, State::Scheduled, 0));
    }
    seen.forget();
    assert_eq!(seen.tasks.len(), MOST);
    assert!(!seen.tasks.contains_key(&TaskId(5)));
}

#[test]
fn what_happened_is_dated_by_the_state() {
    let at = Timestamp::from_micros;
    let with = |state| {
        let mut one = task(1, state, 1);
        (one.due_at, one.last_run_at, one.finished_at) = (Some(at(2)), Some(at(3)), Some(at(4)));
        happened_at(&one)
    };
    assert_eq!(with(State::Scheduled), at(1));
    assert_eq!(with(State::Queued), at(2));
    assert_eq!(with(State::Running), at(3));
    assert_eq!(with(State::Failed), at(4));
}
