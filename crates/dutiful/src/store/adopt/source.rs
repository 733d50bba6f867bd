//! Reads the rows of the other table, as it stands, in the order of their ids.

use crate::db::{Db, DbResult, Names, Row, Sql};
use dutiful_core::Timestamp;
use dutiful_core::limits::{ADOPT_BATCH_BYTES_MAX, ERROR_BYTES_MAX, PAYLOAD_READ_BYTES_MAX};

/// How large the next rows are, so that no more is read at once than can be held.
const SIZES: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.sizes */
        SELECT {id}, COALESCE(LENGTH({task_payload}), 0) + COALESCE(LENGTH({result_data}), 0)
        FROM {table} WHERE {id} > ? AND {id} <= ? ORDER BY {id} LIMIT ?",
    postgres: "",
};

/// Texts come as bytes: one that is none must not hide the others. What is too large stays where it is.
const ROWS: Sql = Sql {
    sqlite: "",
    mysql: "/* dutiful.adopt.rows */
        SELECT {id},
               CAST(CONVERT({task_name} USING utf8mb4) AS BINARY),
               CASE WHEN LENGTH({task_payload}) <= ?
                    THEN CAST(CONVERT({task_payload} USING utf8mb4) AS BINARY) END,
               LENGTH({task_payload}),
               CHAR_LENGTH({task_payload}),
               CAST(CONVERT({status} USING utf8mb4) AS BINARY),
               {created_at},
               {last_run_at},
               {retries},
               {max_retries},
               CAST(CONVERT(LEFT({error_message}, ?) USING utf8mb4) AS BINARY),
               CASE WHEN LENGTH({result_data}) <= ?
                    THEN CAST(CONVERT({result_data} USING utf8mb4) AS BINARY) END,
               LENGTH({result_data}),
               UTC_TIMESTAMP(6)
        FROM {table} WHERE {id} > ? AND {id} <= ? ORDER BY {id}",
    postgres: "",
};

/// A row of the other table.
#[derive(Debug, Clone)]
pub(crate) struct OldRow {
    pub(crate) id: i64,
    pub(crate) task_name: Option<Vec<u8>>,
    /// `None` also when it is too large to be read.
    pub(crate) payload: Option<Vec<u8>>,
    /// In the other table's character set.
    pub(crate) payload_bytes: Option<i64>,
    pub(crate) payload_characters: Option<i64>,
    pub(crate) status: Option<Vec<u8>>,
    /// As the column shows them; of a `TIMESTAMP` in UTC.
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) last_run_at: Option<Timestamp>,
    pub(crate) retries: Option<i64>,
    pub(crate) max_retries: Option<i64>,
    pub(crate) error_message: Option<Vec<u8>>,
    /// `None` also when it is too large to be read.
    pub(crate) result: Option<Vec<u8>>,
    pub(crate) result_bytes: Option<i64>,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
}

/// The id up to which the next rows behind `after` can be read at once: at most `most` rows, and no more bytes
/// than are held at once, but one row in any case. `None` when there are no more up to `end`.
pub(crate) async fn sizes(
    db: &Db,
    names: &Names,
    after: i64,
    end: i64,
    most: usize,
) -> DbResult<Option<i64>> {
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let params = vec![after.into(), end.into(), limit.into()];
    let rows = db.read_elsewhere(&SIZES, names, params).await?;
    let (mut bytes, mut last) = (0, None);
    for row in &rows {
        bytes += row.int(1)?;
        if last.is_some() && bytes > i64::try_from(ADOPT_BATCH_BYTES_MAX).unwrap_or(i64::MAX) {
            break;
        }
        last = Some(row.int(0)?);
    }
    Ok(last)
}

/// The rows behind `after` up to `last`. What is too large to be read is left out of them.
pub(crate) async fn rows(db: &Db, names: &Names, after: i64, last: i64) -> DbResult<Vec<OldRow>> {
    let most = |bytes: usize| i64::try_from(bytes).unwrap_or(i64::MAX);
    let params = vec![
        i64::try_from(PAYLOAD_READ_BYTES_MAX)
            .unwrap_or(i64::MAX)
            .into(),
        most(ERROR_BYTES_MAX).into(),
        most(db.result_bytes_max()).into(),
        after.into(),
        last.into(),
    ];
    let rows = db.read_elsewhere(&ROWS, names, params).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> DbResult<OldRow> {
    let bytes = |index| Ok(row.opt_bytes(index)?.map(<[u8]>::to_vec));
    Ok(OldRow {
        id: row.int(0)?,
        task_name: bytes(1)?,
        payload: bytes(2)?,
        payload_bytes: row.opt_int(3)?,
        payload_characters: row.opt_int(4)?,
        status: bytes(5)?,
        created_at: row.opt_time(6)?,
        last_run_at: row.opt_time(7)?,
        retries: row.opt_int(8)?,
        max_retries: row.opt_int(9)?,
        error_message: bytes(10)?,
        result: bytes(11)?,
        result_bytes: row.opt_int(12)?,
        now: row.time(13)?,
    })
}
