//! What is shown: kept figures, what has ended since they were kept, and what waits or runs now. Every part is
//! bounded, however many rows there are.

use super::kept::{self, ALL, Kept};
use super::source::{self, Range};
use super::until;
use crate::db::{Db, DbError, DbErrorKind, DbResult};
use dutiful_core::limits::{FRESH_COUNTED_MAX, SERIES_ROWS_MAX};
use dutiful_core::{Figures, Step, Timestamp};
use std::collections::BTreeMap;

/// How often it is looked again because figures were added to meanwhile.
const LOOKS_MAX: usize = 5;

/// Kept figures of a range of time, and what is newer.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    /// Of this name, or of all.
    pub(crate) task_name: Option<String>,
    pub(crate) step: Step,
    pub(crate) from: Timestamp,
    pub(crate) before: Timestamp,
}

/// What has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// By task name, since figures are kept. What they count as kept is what is stored now.
    pub(crate) all: BTreeMap<String, Figures>,
    /// By the begin of each span of the range and task name.
    pub(crate) spans: BTreeMap<(Timestamp, String), Figures>,
    /// More has ended since figures were last brought up to date than was counted.
    pub(crate) capped: bool,
    /// What ended before this time is in the kept figures.
    pub(crate) until: Timestamp,
}

impl Default for Ended {
    fn default() -> Ended {
        Ended {
            all: BTreeMap::new(),
            spans: BTreeMap::new(),
            capped: false,
            until: Timestamp::MIN,
        }
    }
}

/// Looks at it all at one moment.
pub(crate) async fn ended(db: &Db, span: &Span) -> DbResult<Ended> {
    let mut looks = 0;
    loop {
        let before = version(db).await?;
        let ended = once(db, span, before.1).await?;
        looks += 1;
        if version(db).await?.0 == before.0 || looks == LOOKS_MAX {
            return Ok(ended);
        }
    }
}

/// The version of the figures, and the time that they have come to.
async fn version(db: &Db) -> DbResult<(i64, Timestamp)> {
    let until = until::read(db).await?;
    Ok(until.map_or((0, Timestamp::MIN), |until| (until.version, until.tasks)))
}

async fn once(db: &Db, span: &Span, until: Timestamp) -> DbResult<Ended> {
    let name = span.task_name.as_deref();
    let just_after = Timestamp::MIN.saturating_add(source::INSTANT);
    let all = kept::look(db, ALL, Timestamp::MIN, just_after, name).await?;
    let begins = span.step.begin_of(span.from);
    let kept = kept::look(db, span.step.as_str(), begins, span.before, name).await?;
    refuse_too_many(&kept)?;
    let fresh = Range {
        from: until,
        before: Timestamp::MAX,
        most: FRESH_COUNTED_MAX,
    };
    let found = source::look(db, &fresh).await?;
    let mut ended = Ended {
        capped: found.full || !found.all_lines(),
        until,
        ..Ended::default()
    };
    for row in all {
        ended.all.insert(row.task_name, row.figures);
    }
    for row in kept {
        ended
            .spans
            .insert((row.begins_at, row.task_name), row.figures);
    }
    let mut newer = source::add_up(&found.tasks);
    source::take_out(&mut newer, &found.lines, until);
    newer.retain(|(_, of), _| name.is_none_or(|name| name == of));
    for ((minute, task_name), figures) in newer {
        let time = span.step.begin_of(minute);
        if time >= begins && time < span.before {
            let key = (time, task_name.clone());
            ended.spans.entry(key).or_default().add(&figures);
        }
        ended.all.entry(task_name).or_default().add(&figures);
    }
    Ok(ended)
}

fn refuse_too_many(kept: &[Kept]) -> DbResult<()> {
    if i64::try_from(kept.len()).is_ok_and(|rows| rows < SERIES_ROWS_MAX) {
        return Ok(());
    }
    let text = format!(
        "the range holds more than {SERIES_ROWS_MAX} rows of figures; ask for a shorter one, or a longer step"
    );
    Err(DbError::new(DbErrorKind::Config, text))
}
