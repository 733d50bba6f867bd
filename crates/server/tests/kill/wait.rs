//! Waiting, never without an end and never without saying for what.

use std::future::Future;
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(50);

/// Looks until it is so, and tells how long that took.
pub(crate) async fn until<F: Future<Output = bool>>(
    what: &str,
    limit: Duration,
    mut is_so: impl FnMut() -> F,
) -> Duration {
    let began = Instant::now();
    while !is_so().await {
        assert!(
            began.elapsed() < limit,
            "waited {limit:?} in vain for this: {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
    began.elapsed()
}
