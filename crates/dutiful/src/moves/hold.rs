//! The right to move, which one process at a time has: a row with a holder and an end in both places.
//!
//! It is taken by compare-and-swap in the source and needs no session. Its holder renews it; one that was
//! killed is waited for until it has run out. Every transaction that writes into the target locks the row
//! there and finds itself in it, so a process that was held up cannot write behind its successor's back.

use super::place::Place;
use crate::db::DbResult;
use crate::store::moves::{self, Hold};
use crate::store::session::Autocommit;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::time::sleep;

/// How long a hold outlives its last renewal.
pub(super) const LIFETIME: Duration = Duration::from_secs(10);
const RENEW_EVERY: Duration = Duration::from_secs(2);

/// A hold of this process that nobody has yet.
pub(super) fn new() -> Hold {
    Hold {
        token: uuid::Uuid::new_v4().to_string(),
        holder: format!(
            "process {} of {}",
            std::process::id(),
            crate::worker::host()
        ),
        lifetime: i64::try_from(LIFETIME.as_micros()).unwrap_or(i64::MAX),
    }
}

/// Renews the hold for as long as `work` runs. When another process has taken over at the old place the work is
/// ended where it is.
pub(super) async fn during<T>(
    from: &Place,
    to: &Place,
    hold: &Hold,
    work: impl Future<Output = T>,
) -> DbResult<T> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            result = &mut work => return Ok(result),
            () = sleep(RENEW_EVERY) => {}
        }
        // The work goes on meanwhile: it may hold the row itself.
        let mut renew = pin!(renew(from, to, hold));
        tokio::select! {
            biased;
            result = &mut work => return Ok(result),
            renewed = &mut renew => renewed?,
        }
    }
}

async fn renew(from: &Place, to: &Place, hold: &Hold) -> DbResult<()> {
    match moves::hold(&mut Autocommit(&from.own), hold).await {
        Err(error) if moves::is_lost(&error) => return Err(error),
        // The work finds out by itself whether the database is away.
        Err(error) => tracing::debug!(%error, "the hold of the move could not be renewed"),
        Ok(()) => {}
    }
    // There every transaction of the work renews it too; before the first there is nothing to hold.
    let _ = moves::hold(&mut Autocommit(&to.own), hold).await;
    Ok(())
}
