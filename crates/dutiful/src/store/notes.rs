//! Progress and log lines of running attempts.

use crate::db::{Db, DbResult, Rows, Sql, Value};

/// Fenced by the lease, like every write for an attempt.
const PROGRESS: Sql = Sql {
    sqlite: "/* dutiful.notes.progress */
        UPDATE dutiful_tasks SET progress = ?4, progress_note = ?5
        WHERE id = ?2 AND attempt = ?3 AND worker = ?1",
    mysql: "/* dutiful.notes.progress */
        UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                 id BIGINT PATH '$[0]', attempt INT PATH '$[1]', progress INT PATH '$[2]',
                 note TEXT CHARACTER SET utf8mb4 PATH '$[3]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        SET t.progress = new.progress, t.progress_note = new.note
        WHERE t.attempt = new.attempt AND t.worker = ?",
    postgres: "/* dutiful.notes.progress */
        UPDATE dutiful_tasks AS t SET progress = new.progress, progress_note = new.note
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
             AS new (id, attempt, progress, note)
        WHERE t.id = new.id AND t.attempt = new.attempt AND t.worker = $1::text",
};

/// Fenced too. An attempt that its own handler has settled in a transaction still logs what it had to say: only
/// its holder can have made it a success.
const LINES: Sql = Sql {
    sqlite: "/* dutiful.notes.lines */
        INSERT INTO dutiful_logs (task_id, attempt, logged_at, message)
        SELECT id, ?3, dutiful_now(), ?4 FROM dutiful_tasks
        WHERE id = ?2 AND attempt = ?3
          AND (worker = ?1 OR (worker IS NULL AND status = 'success'))",
    mysql: "/* dutiful.notes.lines */
        INSERT INTO dutiful_logs (task_id, attempt, logged_at, message)
        SELECT t.id, new.attempt, UTC_TIMESTAMP(6), new.message
        FROM JSON_TABLE(?, '$[*]' COLUMNS (
               place FOR ORDINALITY, id BIGINT PATH '$[0]', attempt INT PATH '$[1]',
               message TEXT CHARACTER SET utf8mb4 PATH '$[2]')) AS new
        STRAIGHT_JOIN dutiful_tasks AS t FORCE INDEX (PRIMARY) ON t.id = new.id
        WHERE t.attempt = new.attempt AND (t.worker = ? OR (t.worker IS NULL AND t.status = 'success'))
        ORDER BY new.place",
    postgres: "/* dutiful.notes.lines */
        INSERT INTO dutiful_logs (task_id, attempt, logged_at, message)
        SELECT t.id, new.attempt, statement_timestamp(), new.message
        FROM unnest($2::bigint[], $3::bigint[], $4::text[])
             WITH ORDINALITY AS new (id, attempt, message, place)
        JOIN dutiful_tasks AS t ON t.id = new.id
        WHERE t.attempt = new.attempt
          AND (t.worker = $1::text OR (t.worker IS NULL AND t.status = 'success'))
        ORDER BY new.place",
};

/// Writes the latest progress of each attempt: `(task, attempt, percent, note)`.
pub(crate) async fn progress(
    db: &Db,
    worker: &str,
    progress: Vec<(i64, i64, u8, String)>,
) -> DbResult<()> {
    let row = |(id, attempt, percent, note): (i64, i64, u8, String)| -> Vec<Value> {
        vec![
            id.into(),
            attempt.into(),
            i64::from(percent).into(),
            note.into(),
        ]
    };
    let rows = progress.into_iter().map(row).collect();
    db.write_rows(
        &PROGRESS,
        Rows {
            fixed: vec![worker.into()],
            rows,
        },
    )
    .await?;
    Ok(())
}

/// Adds log lines: `(task, attempt, message)`.
pub(crate) async fn lines(db: &Db, worker: &str, lines: Vec<(i64, i64, String)>) -> DbResult<()> {
    let row = |(id, attempt, line): (i64, i64, String)| -> Vec<Value> {
        vec![id.into(), attempt.into(), line.into()]
    };
    let rows = lines.into_iter().map(row).collect();
    db.write_rows(
        &LINES,
        Rows {
            fixed: vec![worker.into()],
            rows,
        },
    )
    .await?;
    Ok(())
}
