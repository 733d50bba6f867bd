//! Waiting: for an event, or for what only a look at the database can tell. Never for long, and never
//! without saying for what.

use std::future::Future;
use std::time::{Duration, Instant};

/// Far more than anything here takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(5);

/// Waits for an event that the text names.
pub(crate) async fn within<T>(what: &str, event: impl Future<Output = T>) -> T {
    match tokio::time::timeout(LONG, event).await {
        Ok(value) => value,
        Err(_) => panic!("waited {LONG:?} in vain for this: {what}"),
    }
}

/// Looks until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let began = Instant::now();
    while !is_so().await {
        assert!(
            began.elapsed() < LONG,
            "waited {LONG:?} in vain for this: {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
