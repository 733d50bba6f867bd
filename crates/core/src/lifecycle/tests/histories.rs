//! What holds over all histories of events.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        (1_u64..100).prop_map(Duration::from_secs)
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let kinds = proptest::sample::select(vec![
        FailureKind::Failed,
        FailureKind::TimedOut,
        FailureKind::Panicked,
    ]);
    prop_oneof![
        5 => durations().prop_map(|lease| Event::Claimed { lease }),
        3 => (kinds, durations())
            .prop_map(|(kind, retry_in)| Event::Failed { kind, retry_in }),
        2 => (1_i64..5).prop_map(|crash_limit| Event::LeaseLost { crash_limit }),
        2 => durations().prop_map(|delay| Event::Snoozed { delay }),
        2 => (durations(), any::<bool>())
            .prop_map(|(delay, charge)| Event::RetryAfter { delay, charge }),
        2 => (proptest::option::of(0_i64..50), proptest::option::of(0_i64..9))
            .prop_map(|(seconds, max_retries)| Event::Edited {
                run_at: seconds.map(|seconds| Timestamp::from_micros(seconds * 1_000_000)),
                max_retries,
            }),
        6 => proptest::sample::select(vec![
            Event::Succeeded,
            Event::Invalid,
            Event::Undecodable,
            Event::Discarded,
            Event::Released,
            Event::Cancelled,
            Event::Resubmitted,
            Event::RetriedByHand,
            Event::RunNow,
        ]),
    ]
}

fn starts() -> impl Strategy<Value = TaskFacts> {
    let scopes = proptest::sample::select(StoredScope::ALL);
    let due = proptest::option::weighted(0.8, 0_i64..50);
    (scopes, due, 0_i64..5).prop_map(|(dedup_scope, due, max_retries)| TaskFacts {
        dedup_scope,
        due_at: due.map(|seconds| NOW.saturating_add(Duration::from_secs(seconds as u64))),
        max_retries,
        ..fresh()
    })
}

/// What must hold of any decision, whatever came before it.
fn check(task: &TaskFacts, event: &Event, next: &Transition, now: Timestamp) {
    let new = apply(task, next, now);
    assert_eq!(next.ends, next.due == Due::Never);
    assert_eq!(next.ends, new.is_ended() && !task.is_ended());
    let edited = matches!(event, Event::Edited { .. });
    assert!(next.retries >= task.retries);
    assert!(edited || next.max_retries >= task.max_retries);
    assert!(next.crashes >= task.crashes);
    let claimed = matches!(event, Event::Claimed { .. });
    assert_eq!(next.lease == LeaseChange::Take, claimed);
    assert!(!new.leased || new.due_at.is_some(), "leased and never due");
    assert!(task.status != Status::Success || new.status == Status::Success);
    assert_eq!(new.is_ended(), new.state(now).is_ended());
    assert!(
        !next.frees_slot || !holds_slot(&new),
        "freed but still held"
    );
    assert!(
        next.history.is_none() || task.leased,
        "recorded without an attempt"
    );
    if next.frees_slot && task.dedup_scope == StoredScope::UntilSuccess {
        assert_ne!(new.state(now), State::Failed);
    }
}

proptest! {
    #[test]
    fn every_history_of_legal_events_keeps_the_rules(
        start in starts(),
        steps in vec((events(), 0_u64..60), 1..60),
    ) {
        let (mut task, mut now) = (start, NOW);
        for (event, wait) in steps {
            now = now.saturating_add(Duration::from_secs(wait));
            match decide(&task, &event, now) {
                Ok(next) => {
                    check(&task, &event, &next, now);
                    task = apply(&task, &next, now);
                }
                Err(refusal) => prop_assert!(!refusal.to_string().is_empty()),
            }
        }
    }

    #[test]
    fn no_task_whatsoever_makes_a_decision_panic(
        numbers in (any::<i64>(), any::<i64>(), any::<i64>(), any::<i64>()),
        due in proptest::option::of(any::<i64>()),
        words in (any::<bool>(), 0_usize..3, proptest::option::of(0_usize..8), 0_usize..6),
        event in events(),
        now in any::<i64>(),
    ) {
        let task = TaskFacts {
            status: Status::ALL[words.1],
            due_at: due.map(Timestamp::from_micros),
            leased: words.0,
            attempt: numbers.0,
            retries: numbers.1,
            max_retries: numbers.2,
            crashes: numbers.3,
            error_kind: words.2.map(|kind| ErrorKind::ALL[kind]),
            dedup_scope: StoredScope::ALL[words.3],
        };
        let now = Timestamp::from_micros(now);
        let _ = task.state(now);
        if let Ok(next) = decide(&task, &event, now) {
            prop_assert_eq!(next.ends, next.due == Due::Never);
        }
    }
}
