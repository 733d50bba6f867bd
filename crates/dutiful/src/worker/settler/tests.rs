use super::*;
use crate::db::DbErrorKind;
use crate::worker::unstarted::{self, Log};
use crate::{Context, Task, TaskError};
use std::sync::atomic::AtomicUsize;

struct Nothing;

impl Task for Nothing {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

#[tokio::test]
async fn an_outage_is_told_when_it_begins_and_when_it_is_over() {
    let (shared, _) = unstarted::worker(Arc::new(Nothing)).await;
    let (_, reports) = mpsc::unbounded_channel();
    let settler = Settler::new(shared, reports);
    let (log, _listening) = Log::listen();
    let outages = [2, 0, 0];
    for failures in outages {
        let tries = AtomicUsize::new(0);
        let write = || async {
            match tries.fetch_add(1, Ordering::SeqCst) {
                before if before < failures => Err(DbError::new(DbErrorKind::Unavailable, "gone")),
                _ => Ok(()),
            }
        };
        settler.until_written(write).await.unwrap();
    }
    assert_eq!(
        log.lines(),
        [
            "WARN cannot settle; trying again until it works",
            "INFO can settle again"
        ]
    );
}
