//! From which id to which there are tasks, to tell how far a pass through the table is.

use crate::db::{Db, DbResult, Sql};

const SPAN: Sql = Sql {
    sqlite: "/* dutiful.span */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
    mysql: "/* dutiful.span */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
    postgres: "/* dutiful.span */
        SELECT (SELECT MIN(id) FROM dutiful_tasks), (SELECT MAX(id) FROM dutiful_tasks)",
};

/// The ids of the oldest and the newest task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    first: i64,
    last: i64,
}

/// Reads both ends of the primary key.
pub(crate) async fn span(db: &Db) -> DbResult<Span> {
    let rows = db.read(&SPAN, Vec::new()).await?;
    let end = |index| rows.first().map_or(Ok(None), |row| row.opt_int(index));
    Ok(Span {
        first: end(0)?.unwrap_or(0),
        last: end(1)?.unwrap_or(0),
    })
}

impl Span {
    /// How many ids there are.
    pub(crate) fn length(&self) -> u64 {
        u64::try_from(self.last.saturating_sub(self.first)).unwrap_or(0)
    }

    /// How many of them a pass has behind it that goes on at `cursor`, or has ended.
    pub(crate) fn up_to(&self, cursor: Option<i64>) -> u64 {
        let behind = cursor.map(|id| id.saturating_sub(self.first));
        behind.map_or(self.length(), |ids| {
            u64::try_from(ids).unwrap_or(0).min(self.length())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn a_pass_is_as_far_as_its_ids() {
        let span = Span {
            first: 11,
            last: 111,
        };
        assert_eq!(span.length(), 100);
        assert_eq!(span.up_to(Some(61)), 50);
        assert_eq!(span.up_to(Some(i64::MIN)), 0);
        assert_eq!(span.up_to(Some(500)), 100, "new tasks lie behind the end");
        assert_eq!(span.up_to(None), 100);
    }
}
