//! Tables that are not where they used to be: how to find out why, and how long calls wait for them.

use super::{DbError, DbErrorKind, Row, Sql};
use std::time::Duration;

/// Between two looks whether a queue that is being moved is there again.
const LOOK: Duration = Duration::from_millis(100);
/// Callers look within this time of one another, so that they do not come back all at once.
const SPREAD_MILLIS: u64 = 100;

/// What is asked when a table is missing, and how the answer is understood. Given by `store`, which knows
/// the statements; a database in memory cannot be moved and has none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Away {
    pub(crate) ask: &'static Sql,
    pub(crate) judge: fn(&[Row]) -> Option<DbError>,
}

impl Away {
    /// Whether it is time to ask: something of ours is not there.
    pub(super) fn concerns(error: &DbError) -> bool {
        error.kind == DbErrorKind::SchemaMissing
    }
}

/// Waits a moment for a queue that is being moved.
pub(crate) async fn pause() {
    let spread = uuid::Uuid::new_v4().as_u64_pair().0 % SPREAD_MILLIS;
    tokio::time::sleep(LOOK + Duration::from_millis(spread)).await;
}
