use super::*;
use crate::worker::unstarted::{self, Log};
use crate::{Context, Task, TaskError};
use dutiful_core::{Event, FailureKind, StoredScope, TaskFacts, Timestamp, decide};
use std::sync::Arc;

struct Told;

impl Task for Told {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }

    fn emoji(&self) -> &'static str {
        "*"
    }
}

/// The first run of a task that may fail twice.
fn running() -> TaskFacts {
    TaskFacts {
        status: dutiful_core::Status::NotStarted,
        due_at: Some(Timestamp::from_micros(0)),
        leased: true,
        attempt: 1,
        retries: 0,
        max_retries: 2,
        crashes: 0,
        error_kind: None,
        dedup_scope: StoredScope::None,
    }
}

#[tokio::test]
async fn only_what_went_wrong_is_a_warning_and_only_a_bad_end_an_error() {
    let (shared, _reports) = unstarted::worker(Arc::new(Told)).await;
    let spec = &shared.lanes[0].spec;
    let minute = Duration::from_secs(60);
    let failed = Event::Failed {
        kind: FailureKind::Failed,
        retry_in: 10 * minute,
    };
    let report = Report {
        ran: Duration::from_millis(5),
        ..Report::released(7, 1, 0)
    };
    let (log, _listening) = Log::listen();
    succeeded(spec, &report);
    let last = TaskFacts {
        retries: 1,
        ..running()
    };
    for (task, event, message) in [
        (running(), Event::Snoozed { delay: minute }, None),
        (running(), Event::Released, None),
        (running(), Event::Discarded, Some("not needed")),
        (running(), failed, Some("no route")),
        (last, failed, Some("no route")),
    ] {
        let transition = decide(&task, &event, Timestamp::from_micros(0)).unwrap();
        let ending = Ending {
            id: 7,
            attempt: 1,
            event,
            message: message.map(str::to_owned),
        };
        ended(spec, &report, &ending, &transition);
    }
    assert_eq!(
        log.lines(),
        [
            "INFO * Told 7 succeeded in 5 ms (attempt 1)",
            "INFO * Told 7 snoozed after 5 ms (attempt 1), due again in 60.0 s",
            "INFO * Told 7 released after 5 ms (attempt 1), due again now",
            "WARN * Told 7 discarded after 5 ms (attempt 1), will not run again: not needed",
            "WARN * Told 7 failed after 5 ms (attempt 1), due again in 10 min: no route",
            "ERROR * Told 7 failed after 5 ms (attempt 1), will not run again: no route",
        ]
    );
}
