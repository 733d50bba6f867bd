//! What users ask for: resubmission, retry by hand, run now; and the dedup slot.

use super::*;
use crate::limits::MAX_RETRIES_MAX;

#[test]
fn a_resubmission_allows_one_more_failed_run() {
    for task in [fresh(), running(), after(&running(), FAILED)] {
        let next = decide(&task, &Event::Resubmitted, NOW).unwrap();
        assert_eq!((next.max_retries, next.due), (4, Due::Unchanged));
        assert_eq!((next.status, next.lease), (task.status, LeaseChange::Keep));
    }
    let full = TaskFacts {
        max_retries: MAX_RETRIES_MAX,
        ..fresh()
    };
    assert_eq!(
        after(&full, Event::Resubmitted).max_retries,
        MAX_RETRIES_MAX
    );
}

#[test]
fn a_resubmission_makes_an_exhausted_task_due_and_no_other() {
    let next = decide(&failed(), &Event::Resubmitted, NOW).unwrap();
    assert_eq!(
        (next.due, next.max_retries, next.status),
        (AT_ONCE, 4, Status::Error)
    );
    for event in [
        Event::Succeeded,
        Event::Invalid,
        Event::Discarded,
        Event::Cancelled,
    ] {
        let task = TaskFacts {
            dedup_scope: StoredScope::Always,
            ..ended(event)
        };
        let next = decide(&task, &Event::Resubmitted, NOW).unwrap();
        assert_eq!(
            (next.due, next.max_retries),
            (Due::Unchanged, 4),
            "{event:?}"
        );
        assert_eq!(apply(&task, &next, NOW).state(NOW), task.state(NOW));
    }
}

#[test]
fn a_resubmission_finds_the_slot_free_when_an_earlier_event_freed_it() {
    let with = |dedup_scope, task| TaskFacts {
        dedup_scope,
        ..task
    };
    for task in [
        with(StoredScope::None, fresh()),
        with(StoredScope::Waiting, running()),
        with(StoredScope::Active, failed()),
        ended(Event::Succeeded),
        ended(Event::Cancelled),
        ended(Event::Undecodable),
    ] {
        assert_eq!(
            decide(&task, &Event::Resubmitted, NOW),
            Err(Refusal::SlotFree),
            "{task:?}"
        );
    }
}

#[test]
fn a_retry_by_hand_makes_an_ended_task_due_with_room_to_fail_once() {
    for event in [
        Event::Invalid,
        Event::Discarded,
        Event::Cancelled,
        Event::Undecodable,
    ] {
        let task = ended(event);
        let next = decide(&task, &Event::RetriedByHand, NOW).unwrap();
        assert_eq!((next.due, next.max_retries), (AT_ONCE, 3));
        assert_eq!(
            (next.status, next.error_kind),
            (Status::Error, task.error_kind)
        );
        assert_eq!(apply(&task, &next, NOW).state(NOW), State::Retrying);
    }
    let next = decide(&failed(), &Event::RetriedByHand, NOW).unwrap();
    assert_eq!((next.due, next.retries, next.max_retries), (AT_ONCE, 3, 4));
}

#[test]
fn a_retry_by_hand_is_refused_after_success_and_while_running() {
    let succeeded = decide(&ended(Event::Succeeded), &Event::RetriedByHand, NOW).unwrap_err();
    assert_eq!(succeeded, Refusal::AlreadySucceeded);
    assert!(succeeded.to_string().contains("submit it again"));
    let running = decide(&running(), &Event::RetriedByHand, NOW);
    assert_eq!(running, Err(Refusal::StillLeased));
}

#[test]
fn run_now_makes_waiting_and_held_tasks_due_and_nothing_else() {
    let later = Some(NOW.saturating_add(SECOND));
    for due_at in [later, None] {
        let task = TaskFacts { due_at, ..fresh() };
        for event in [Event::RunNow, Event::RetriedByHand] {
            assert_eq!(after(&task, event).state(NOW), State::Queued);
        }
    }
    let next = decide(&fresh(), &Event::RunNow, NOW).unwrap();
    assert_eq!(next.due, Due::Unchanged, "a due task keeps its place");
    assert_eq!(
        decide(&running(), &Event::RunNow, NOW),
        Err(Refusal::StillLeased)
    );
    let refusal = Refusal::AlreadyEnded(State::Failed);
    assert_eq!(decide(&failed(), &Event::RunNow, NOW), Err(refusal));
}

#[test]
fn each_scope_frees_the_slot_at_its_own_moment() {
    use StoredScope::{Active, Always, None, UntilSuccess, Waiting, Window};
    let frees = |scope, task: TaskFacts, event| {
        decide(
            &TaskFacts {
                dedup_scope: scope,
                ..task
            },
            &event,
            NOW,
        )
        .unwrap()
        .frees_slot
    };
    for scope in [None, Waiting, Active, UntilSuccess, Always, Window] {
        let at_claim = matches!(scope, None | Waiting);
        assert_eq!(frees(scope, fresh(), CLAIMED), at_claim, "{scope}");
        let at_end = !matches!(scope, Always | Window);
        for event in [
            Event::Succeeded,
            Event::Invalid,
            Event::Undecodable,
            Event::Discarded,
        ] {
            assert_eq!(frees(scope, running(), event), at_end, "{scope} {event:?}");
        }
        assert_eq!(frees(scope, fresh(), Event::Cancelled), at_end, "{scope}");
        let crashed = TaskFacts {
            crashes: 2,
            due_at: Some(NOW),
            ..running()
        };
        assert_eq!(frees(scope, crashed, LEASE_LOST), at_end, "{scope}");
        let last = TaskFacts {
            retries: 2,
            ..running()
        };
        assert_eq!(
            frees(scope, last, FAILED),
            at_end && scope != UntilSuccess,
            "{scope}"
        );
        for event in [FAILED, Event::Released, Event::Snoozed { delay: SECOND }] {
            assert!(!frees(scope, running(), event), "{scope} {event:?}");
        }
    }
}
