//! What a move counts: rows, running tasks, workers, the clock, and the ids that are given next.

use super::table::ALL;
use crate::db::{Db, DbResult, Row, Sql};
use crate::store::Session;
use dutiful_core::Timestamp;

/// How many tasks run under a lease, up to so many.
const LEASED: Sql = Sql {
    sqlite: "/* dutiful.moves.leased */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > dutiful_now() AND worker IS NOT NULL LIMIT ?1) AS leased",
    mysql: "/* dutiful.moves.leased */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > UTC_TIMESTAMP(6) AND worker IS NOT NULL LIMIT ?) AS leased",
    postgres: "/* dutiful.moves.leased */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > statement_timestamp() AND worker IS NOT NULL LIMIT $1::bigint) AS leased",
};

/// How many tasks are run by workers that were heard of within half a minute, up to so many. What a dead worker
/// held is not waited for.
const RUNNING: Sql = Sql {
    sqlite: "/* dutiful.moves.running */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > dutiful_now() AND worker IN (
            SELECT worker FROM dutiful_workers WHERE beat_at > dutiful_now() - 30000000)
          LIMIT ?1) AS leased",
    mysql: "/* dutiful.moves.running */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > UTC_TIMESTAMP(6) AND worker IN (
            SELECT worker FROM dutiful_workers WHERE beat_at > UTC_TIMESTAMP(6) - INTERVAL 30 SECOND)
          LIMIT ?) AS leased",
    postgres: "/* dutiful.moves.running */
        SELECT COUNT(*) FROM (SELECT 1 FROM dutiful_tasks
          WHERE due_at > statement_timestamp() AND worker IN (
            SELECT worker FROM dutiful_workers WHERE beat_at > statement_timestamp() - interval '30 seconds')
          LIMIT $1::bigint) AS leased",
};

/// How many workers were heard of within half a minute.
const WORKERS: Sql = Sql {
    sqlite: "/* dutiful.moves.workers */
        SELECT COUNT(*) FROM dutiful_workers WHERE beat_at > dutiful_now() - 30000000",
    mysql: "/* dutiful.moves.workers */
        SELECT COUNT(*) FROM dutiful_workers WHERE beat_at > UTC_TIMESTAMP(6) - INTERVAL 30 SECOND",
    postgres: "/* dutiful.moves.workers */
        SELECT COUNT(*) FROM dutiful_workers WHERE beat_at > statement_timestamp() - interval '30 seconds'",
};

/// How many rows each table has, in the order of `ALL`.
const COUNTS: Sql = Sql {
    sqlite: "/* dutiful.moves.counts */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks), (SELECT COUNT(*) FROM dutiful_attempts),
               (SELECT COUNT(*) FROM dutiful_steps), (SELECT COUNT(*) FROM dutiful_logs),
               (SELECT COUNT(*) FROM dutiful_periodic), (SELECT COUNT(*) FROM dutiful_tokens),
               (SELECT COUNT(*) FROM dutiful_audit), (SELECT COUNT(*) FROM dutiful_requests),
               (SELECT COUNT(*) FROM dutiful_figures), (SELECT COUNT(*) FROM dutiful_figures_until),
               (SELECT COUNT(*) FROM dutiful_figures_left), (SELECT COUNT(*) FROM dutiful_pauses),
               (SELECT COUNT(*) FROM dutiful_previews), (SELECT COUNT(*) FROM dutiful_joins),
               (SELECT COUNT(*) FROM dutiful_items), (SELECT COUNT(*) FROM dutiful_collections), (SELECT COUNT(*) FROM dutiful_documents),
               (SELECT COUNT(*) FROM dutiful_generations), (SELECT COUNT(*) FROM dutiful_holds),
               (SELECT COUNT(*) FROM dutiful_contents), (SELECT COUNT(*) FROM dutiful_pages),
               (SELECT COUNT(*) FROM dutiful_chunks), (SELECT COUNT(*) FROM dutiful_vectors)",
    mysql: "/* dutiful.moves.counts */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks), (SELECT COUNT(*) FROM dutiful_attempts),
               (SELECT COUNT(*) FROM dutiful_steps), (SELECT COUNT(*) FROM dutiful_logs),
               (SELECT COUNT(*) FROM dutiful_periodic), (SELECT COUNT(*) FROM dutiful_tokens),
               (SELECT COUNT(*) FROM dutiful_audit), (SELECT COUNT(*) FROM dutiful_requests),
               (SELECT COUNT(*) FROM dutiful_figures), (SELECT COUNT(*) FROM dutiful_figures_until),
               (SELECT COUNT(*) FROM dutiful_figures_left), (SELECT COUNT(*) FROM dutiful_pauses),
               (SELECT COUNT(*) FROM dutiful_previews), (SELECT COUNT(*) FROM dutiful_joins),
               (SELECT COUNT(*) FROM dutiful_items), (SELECT COUNT(*) FROM dutiful_collections), (SELECT COUNT(*) FROM dutiful_documents),
               (SELECT COUNT(*) FROM dutiful_generations), (SELECT COUNT(*) FROM dutiful_holds),
               (SELECT COUNT(*) FROM dutiful_contents), (SELECT COUNT(*) FROM dutiful_pages),
               (SELECT COUNT(*) FROM dutiful_chunks), (SELECT COUNT(*) FROM dutiful_vectors)",
    postgres: "/* dutiful.moves.counts */
        SELECT (SELECT COUNT(*) FROM dutiful_tasks), (SELECT COUNT(*) FROM dutiful_attempts),
               (SELECT COUNT(*) FROM dutiful_steps), (SELECT COUNT(*) FROM dutiful_logs),
               (SELECT COUNT(*) FROM dutiful_periodic), (SELECT COUNT(*) FROM dutiful_tokens),
               (SELECT COUNT(*) FROM dutiful_audit), (SELECT COUNT(*) FROM dutiful_requests),
               (SELECT COUNT(*) FROM dutiful_figures), (SELECT COUNT(*) FROM dutiful_figures_until),
               (SELECT COUNT(*) FROM dutiful_figures_left), (SELECT COUNT(*) FROM dutiful_pauses),
               (SELECT COUNT(*) FROM dutiful_previews), (SELECT COUNT(*) FROM dutiful_joins),
               (SELECT COUNT(*) FROM dutiful_items), (SELECT COUNT(*) FROM dutiful_collections), (SELECT COUNT(*) FROM dutiful_documents),
               (SELECT COUNT(*) FROM dutiful_generations), (SELECT COUNT(*) FROM dutiful_holds),
               (SELECT COUNT(*) FROM dutiful_contents), (SELECT COUNT(*) FROM dutiful_pages),
               (SELECT COUNT(*) FROM dutiful_chunks), (SELECT COUNT(*) FROM dutiful_vectors)",
};

/// The database's time.
const NOW: Sql = Sql {
    sqlite: "/* dutiful.moves.now */ SELECT dutiful_now()",
    mysql: "/* dutiful.moves.now */ SELECT UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.moves.now */ SELECT clock_timestamp()",
};

/// The highest id that the source has ever given to a task, as far as it knows. MySQL tells the next one,
/// and would tell an old answer again without the hint.
const LAST_ID: Sql = Sql {
    sqlite: "/* dutiful.moves.last_id */
        SELECT seq FROM sqlite_sequence WHERE name = 'dutiful_tasks'",
    mysql: "/* dutiful.moves.last_id */
        SELECT /*+ SET_VAR(information_schema_stats_expiry = 0) */ CAST(auto_increment - 1 AS SIGNED)
        FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name = 'dutiful_tasks'",
    postgres: "/* dutiful.moves.last_id */
        SELECT pg_sequence_last_value(pg_get_serial_sequence('dutiful_tasks', 'id')::regclass)",
};

/// Lets ids go on behind one: that id. MySQL and SQLite count up for a row that is taken out again, and for
/// every row that brings its id along.
const RAISE: Sql = Sql {
    sqlite: "/* dutiful.moves.raise */
        INSERT INTO dutiful_tasks (id, task_name, task_payload, due_at) VALUES (?1, '', '', NULL)",
    mysql: "/* dutiful.moves.raise */
        INSERT INTO dutiful_tasks (id, task_name, task_payload, due_at) VALUES (?, '', '', NULL)",
    postgres: "/* dutiful.moves.raise */
        SELECT setval(pg_get_serial_sequence('dutiful_tasks', 'id'),
                      GREATEST($1::bigint, (SELECT COALESCE(MAX(id), 0) FROM dutiful_tasks), 1)),
               setval(pg_get_serial_sequence('dutiful_logs', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_logs), 1)),
               setval(pg_get_serial_sequence('dutiful_tokens', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_tokens), 1)),
               setval(pg_get_serial_sequence('dutiful_audit', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_audit), 1)),
               setval(pg_get_serial_sequence('dutiful_figures_left', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_figures_left), 1)),
               setval(pg_get_serial_sequence('dutiful_documents', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_documents), 1)),
               setval(pg_get_serial_sequence('dutiful_generations', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_generations), 1)),
               setval(pg_get_serial_sequence('dutiful_chunks', 'id'),
                      GREATEST((SELECT COALESCE(MAX(id), 0) FROM dutiful_chunks), 1))",
};

/// Takes the row of `RAISE` out again.
const RAISED: Sql = Sql {
    sqlite: "/* dutiful.moves.raised */ DELETE FROM dutiful_tasks WHERE id = ?1 AND task_name = ''",
    mysql: "/* dutiful.moves.raised */ DELETE FROM dutiful_tasks WHERE id = ? AND task_name = ''",
    postgres: "",
};

/// How many tasks run under a lease, up to `most`.
pub(crate) async fn leased(db: &Db, most: i64) -> DbResult<u64> {
    let rows = db.read(&LEASED, vec![most.into()]).await?;
    first_count(&rows, 0)
}

/// How many tasks are run by workers that are alive, up to `most`.
pub(crate) async fn running(db: &Db, most: i64) -> DbResult<u64> {
    first_count(&db.read(&RUNNING, vec![most.into()]).await?, 0)
}

/// How many workers are alive.
pub(crate) async fn workers(db: &Db) -> DbResult<u64> {
    first_count(&db.read(&WORKERS, Vec::new()).await?, 0)
}

/// How many rows each table has, in the order of [`ALL`].
pub(crate) async fn counts(db: &Db) -> DbResult<Vec<u64>> {
    let rows = db.read(&COUNTS, Vec::new()).await?;
    (0..ALL.len())
        .map(|index| first_count(&rows, index))
        .collect()
}

fn first_count(rows: &[Row], index: usize) -> DbResult<u64> {
    let count = rows.first().map_or(Ok(0), |row| row.int(index))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The database's time.
pub(crate) async fn now(db: &Db) -> DbResult<Timestamp> {
    let rows = db.read(&NOW, Vec::new()).await?;
    rows.first().map_or(Ok(Timestamp::MIN), |row| row.time(0))
}

/// The highest id that has been given to a task, 0 when the database does not say.
pub(crate) async fn last_id(db: &Db) -> DbResult<i64> {
    let rows = db.read(&LAST_ID, Vec::new()).await?;
    let last = rows.first().map(|row| row.opt_int(0)).transpose()?;
    Ok(last.flatten().unwrap_or(0))
}

/// Lets the ids of new rows go on behind `last` and behind all that are there.
pub(crate) async fn raise_ids(session: &mut impl Session, last: i64, highest: i64) -> DbResult<()> {
    let postgres = session.dialect() == crate::db::Dialect::Postgres;
    if !postgres && last <= highest {
        // Every row that came with its id has raised them already.
        return Ok(());
    }
    session.run(&RAISE, vec![last.into()]).await?;
    if !postgres {
        session.run(&RAISED, vec![last.into()]).await?;
    }
    Ok(())
}
