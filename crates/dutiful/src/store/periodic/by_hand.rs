//! Pausing, resuming, changing and resetting a periodic: the row is locked, and what is decided is decided on it
//! as it is then.

use super::{Changed, LOCK, PeriodicRow, now, read};
use crate::db::{Db, DbResult, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};
use dutiful_core::Timestamp;

const APPLY: Sql = Sql {
    sqlite: "/* dutiful.periodic.by_hand */
        UPDATE dutiful_periodic
        SET paused = ?1, next_at = ?2, changed_schedule = ?3, changed_payload = ?4,
            changed_payload_version = ?5, changed_at = ?6, changed_by = ?7
        WHERE name = ?8",
    mysql: "/* dutiful.periodic.by_hand */
        UPDATE dutiful_periodic
        SET paused = ?, next_at = ?, changed_schedule = ?, changed_payload = ?,
            changed_payload_version = ?, changed_at = ?, changed_by = ?
        WHERE name = ?",
    postgres: "/* dutiful.periodic.by_hand */
        UPDATE dutiful_periodic
        SET paused = $1::bigint, next_at = $2::timestamptz, changed_schedule = $3::text,
            changed_payload = $4::text, changed_payload_version = $5::bigint,
            changed_at = $6::timestamptz, changed_by = $7::text
        WHERE name = $8::text",
};

/// What of a row an operator may set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    pub(crate) paused: bool,
    pub(crate) next_at: Option<Timestamp>,
    pub(crate) changed: Changed,
}

impl Set {
    /// What the row says now.
    pub(crate) fn of(row: &PeriodicRow) -> Set {
        Set {
            paused: row.paused,
            next_at: row.next_at,
            changed: row.changed.clone(),
        }
    }
}

/// What became of the wish.
#[derive(Debug)]
pub(crate) enum ByHand<R> {
    /// The row as it is now.
    Done(Box<PeriodicRow>),
    /// There is no such periodic.
    Missing,
    /// Why nothing was written.
    Refused(R),
}

/// Sets what `decide` makes of the locked row and of the time. Safe to repeat where deciding twice comes to the
/// same.
pub(crate) async fn by_hand<R>(
    db: &Db,
    name: &str,
    decide: impl Fn(&PeriodicRow, Timestamp) -> Result<Set, R>,
) -> DbResult<ByHand<R>> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let mut found = own.run(&LOCK, vec![name.into()]).await?.rows;
        let Some(row) = found.first_mut() else {
            own.rollback().await?;
            return Ok(ByHand::Missing);
        };
        let mut row = read(row)?;
        let now = now(&mut own).await?;
        let set = match decide(&row, now) {
            Ok(set) => set,
            Err(refusal) => {
                own.rollback().await?;
                return Ok(ByHand::Refused(refusal));
            }
        };
        if set == Set::of(&row) {
            own.rollback().await?;
            return Ok(ByHand::Done(Box::new(row)));
        }
        own.run(&APPLY, params(name, &set)).await?;
        own.commit().await?;
        (row.paused, row.next_at, row.changed) = (set.paused, set.next_at, set.changed);
        Ok(ByHand::Done(Box::new(row)))
    })
    .await
}

fn params(name: &str, set: &Set) -> Vec<Value> {
    let changed = &set.changed;
    let (payload, version) = match &changed.payload {
        Some((payload, version)) => (Some(payload.clone()), Some(*version)),
        None => (None, None),
    };
    vec![
        i64::from(set.paused).into(),
        set.next_at.into(),
        changed.schedule.clone().into(),
        payload.into(),
        version.into(),
        changed.at.into(),
        changed.by.clone().into(),
        name.into(),
    ]
}
