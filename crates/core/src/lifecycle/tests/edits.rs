//! Edits, the slot that goes with the payload, and removal.

use super::*;
use crate::dedup::DedupKey;
use crate::lifecycle::{SlotAfterEdit, check_delete, slot_after_edit};

const LATER: Timestamp = Timestamp::from_micros(NOW.as_micros() + 5_000_000);

fn edited(run_at: Option<Timestamp>, max_retries: Option<i64>) -> Event {
    Event::Edited {
        run_at,
        max_retries,
    }
}

fn held() -> TaskFacts {
    TaskFacts {
        due_at: None,
        ..fresh()
    }
}

fn retrying() -> TaskFacts {
    after(&running(), FAILED)
}

#[test]
fn an_edit_sets_the_time_of_every_waiting_task_and_nothing_else() {
    for task in [held(), fresh(), retrying()] {
        let next = decide(&task, &edited(Some(LATER), None), NOW).unwrap();
        let new = apply(&task, &next, NOW);
        let expected = TaskFacts {
            due_at: Some(LATER),
            ..task
        };
        assert_eq!(new, expected);
        assert!(!next.ends && !next.frees_slot && next.history.is_none());
    }
    assert_eq!(
        after(&held(), edited(Some(NOW), None)).state(NOW),
        State::Queued
    );
    assert_eq!(
        after(&held(), edited(Some(LATER), None)).state(NOW),
        State::Scheduled
    );
}

#[test]
fn an_edit_of_nothing_changes_nothing() {
    for task in [held(), fresh(), retrying()] {
        assert_eq!(after(&task, edited(None, None)), task);
    }
}

#[test]
fn an_edit_is_refused_once_a_worker_has_the_task_or_it_has_ended() {
    let event = edited(Some(LATER), Some(9));
    assert_eq!(decide(&running(), &event, NOW), Err(Refusal::StillLeased));
    let ran_out = TaskFacts {
        due_at: Some(NOW),
        ..running()
    };
    assert_eq!(decide(&ran_out, &event, NOW), Err(Refusal::LeaseRanOut));
    let refused = decide(&failed(), &event, NOW);
    assert_eq!(refused, Err(Refusal::AlreadyEnded(State::Failed)));
}

#[test]
fn an_edit_allows_more_or_fewer_failed_runs_but_not_fewer_than_there_were() {
    assert_eq!(after(&fresh(), edited(None, Some(0))).max_retries, 0);
    assert_eq!(after(&fresh(), edited(None, Some(7))).max_retries, 7);
    assert_eq!(retrying().retries, 1);
    assert_eq!(after(&retrying(), edited(None, Some(2))).max_retries, 2);
    for too_few in [0, 1] {
        let refused = decide(&retrying(), &edited(None, Some(too_few)), NOW);
        assert_eq!(refused, Err(Refusal::TooFewRetries(1)));
    }
}

#[test]
fn a_slot_moves_with_the_payload_that_made_its_key() {
    let (old, new) = (
        DedupKey::for_payload("T", "1"),
        DedupKey::for_payload("T", "2"),
    );
    let own = DedupKey::for_text("T", "own");
    let scoped = |dedup_scope| TaskFacts {
        dedup_scope,
        ..fresh()
    };
    let stays = Ok(SlotAfterEdit::Stays);
    for keep in [false, true] {
        for &scope in StoredScope::ALL {
            let task = scoped(scope);
            let after = |stored, new| slot_after_edit(&task, stored, old, new, keep);
            let none = scope == StoredScope::None;
            let moved = if none {
                stays
            } else {
                Ok(SlotAfterEdit::Moves(new))
            };
            assert_eq!(after(Some(old.as_bytes()), new), moved, "{scope}");
            assert_eq!(after(Some(own.as_bytes()), old), stays, "{scope}");
            assert_eq!(after(None, new), stays, "{scope}");
            let own = after(Some(own.as_bytes()), new);
            match keep || none {
                true => assert_eq!(own, stays, "{scope}"),
                false => assert_eq!(own, Err(Refusal::OwnDedupKey), "{scope}"),
            }
        }
    }
    // Claimed once, it no longer waits and holds no slot: the key may be there or not.
    let snoozed = TaskFacts {
        attempt: 1,
        ..scoped(StoredScope::Waiting)
    };
    let after = slot_after_edit(&snoozed, Some(old.as_bytes()), old, new, false);
    assert_eq!(after, stays);
}

#[test]
fn only_what_has_ended_may_be_removed() {
    for task in [failed(), ended(Event::Succeeded), ended(Event::Cancelled)] {
        assert_eq!(check_delete(&task, NOW), Ok(()));
    }
    for (task, state) in [
        (held(), State::Held),
        (fresh(), State::Queued),
        (running(), State::Running),
        (retrying(), State::Retrying),
    ] {
        let refused = check_delete(&task, NOW).unwrap_err();
        assert_eq!(refused, Refusal::NotEnded(state));
        assert!(refused.to_string().contains("cancel it first"));
    }
}
