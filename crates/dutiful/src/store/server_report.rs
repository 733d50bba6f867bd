//! Asks the server about itself: version, settings, who holds transactions open, what is in the schema.
//!
//! What lives here: the questions. What does not: what a good answer is (`dutiful doctor` judges that).

use super::session::{OwnTx, Session};
use crate::db::{Db, DbErrorKind, DbResult, Dialect, Row, Sql};

/// Names and values, asked inside a transaction of ours, so that its isolation is among them.
const SETTINGS: Sql = Sql {
    sqlite: "/* dutiful.server_report.settings */
        SELECT 'version', sqlite_version()
        UNION ALL SELECT 'journal_mode', journal_mode FROM pragma_journal_mode
        UNION ALL SELECT 'synchronous', CAST(synchronous AS TEXT) FROM pragma_synchronous
        UNION ALL SELECT 'file', file FROM pragma_database_list WHERE name = 'main'",
    mysql: "/* dutiful.server_report.settings */
        SHOW VARIABLES WHERE Variable_name IN (
          'version', 'version_comment', 'max_connections', 'innodb_flush_log_at_trx_commit',
          'innodb_doublewrite', 'log_bin', 'sync_binlog', 'binlog_format', 'wsrep_on')",
    postgres: "/* dutiful.server_report.settings */
        SELECT name, setting FROM pg_settings
        WHERE name IN ('server_version', 'max_connections', 'fsync', 'full_page_writes',
                       'synchronous_commit', 'transaction_isolation')",
};

/// Names and values of the link, and of those that there are beside it.
const LINK: Sql = Sql {
    sqlite: "/* dutiful.server_report.link */
        SELECT 'file', file FROM pragma_database_list WHERE name = 'main'",
    mysql: "/* dutiful.server_report.link */
        SHOW STATUS WHERE Variable_name IN ('Threads_connected', 'Ssl_cipher')",
    postgres: "/* dutiful.server_report.link */
        SELECT 'connections', COUNT(*)::text FROM pg_stat_activity WHERE datid IS NOT NULL
        UNION ALL
        SELECT 'ssl', ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
};

/// Transactions that have been open for longer than so many seconds: whose they are, and for how long.
/// SQLite does not tell; the length of its log does.
const LONG: Sql = Sql {
    sqlite: "/* dutiful.server_report.long */ SELECT '', 0 FROM dutiful_tasks WHERE ?1 IS NULL LIMIT ?2",
    mysql: "/* dutiful.server_report.long */
        SELECT CONCAT('connection ', trx_mysql_thread_id), TIMESTAMPDIFF(SECOND, trx_started, NOW())
        FROM information_schema.innodb_trx
        WHERE trx_started < NOW() - INTERVAL ? SECOND
        ORDER BY trx_started LIMIT ?",
    postgres: "/* dutiful.server_report.long */
        SELECT COALESCE(usename::text, '') || ' ' || COALESCE(application_name, '') || ' (' || pid || ')',
               EXTRACT(EPOCH FROM statement_timestamp() - xact_start)::bigint
        FROM pg_stat_activity
        WHERE backend_type = 'client backend'
          AND xact_start < statement_timestamp() - make_interval(secs => $1::bigint)
        ORDER BY xact_start LIMIT $2::bigint",
};

/// Every column and index of our tables: its kind, its table, its name.
const PARTS: Sql = Sql {
    sqlite: "/* dutiful.server_report.parts */
        SELECT 'column', t.name, c.name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
        WHERE t.type = 'table' AND substr(t.name, 1, length('dutiful_')) = 'dutiful_'
        UNION ALL
        SELECT 'index', tbl_name, name FROM sqlite_schema
        WHERE type = 'index' AND substr(tbl_name, 1, length('dutiful_')) = 'dutiful_'",
    mysql: "/* dutiful.server_report.parts */
        SELECT 'column', TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, CHAR_LENGTH('dutiful_')) = 'dutiful_'
        UNION ALL
        SELECT DISTINCT 'index', TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS
        WHERE TABLE_SCHEMA = DATABASE() AND LEFT(TABLE_NAME, CHAR_LENGTH('dutiful_')) = 'dutiful_'",
    postgres: "/* dutiful.server_report.parts */
        SELECT 'column', c.relname::text, a.attname::text
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
          AND pg_table_is_visible(c.oid) AND starts_with(c.relname::text, 'dutiful_')
        UNION ALL
        SELECT 'index', c.relname::text, i.relname::text
        FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid JOIN pg_class AS i ON i.oid = x.indexrelid
        WHERE x.indisvalid AND pg_table_is_visible(c.oid) AND starts_with(c.relname::text, 'dutiful_')",
};

/// How the engine would look for due tasks of one name.
const PLAN: Sql = Sql {
    sqlite: "/* dutiful.server_report.plan */
        EXPLAIN QUERY PLAN
        SELECT id FROM dutiful_tasks
        WHERE task_name = '' AND priority = 0 AND due_at <= dutiful_now() ORDER BY due_at, id LIMIT 1",
    mysql: "/* dutiful.server_report.plan */
        EXPLAIN
        SELECT id FROM dutiful_tasks
        WHERE task_name = '' AND priority = 0 AND due_at <= UTC_TIMESTAMP(6) ORDER BY due_at, id LIMIT 1",
    postgres: "/* dutiful.server_report.plan */
        EXPLAIN
        SELECT id FROM dutiful_tasks
        WHERE task_name = '' AND priority = 0 AND due_at <= statement_timestamp()
        ORDER BY due_at, id LIMIT 1",
};

/// The highest id, which tells whether the table is large enough for a plan to matter.
const SIZE: Sql = Sql {
    sqlite: "/* dutiful.server_report.size */ SELECT COALESCE(MAX(id), 0), dutiful_now() FROM dutiful_tasks",
    mysql: "/* dutiful.server_report.size */ SELECT COALESCE(MAX(id), 0), UTC_TIMESTAMP(6) FROM dutiful_tasks",
    postgres: "/* dutiful.server_report.size */
        SELECT COALESCE(MAX(id), 0), statement_timestamp() FROM dutiful_tasks",
};

/// Most transactions that are told.
const LONG_MAX: i64 = 20;

/// Settings as the engine names them.
pub(crate) async fn settings(db: &Db) -> DbResult<Vec<(String, String)>> {
    let mut own = OwnTx::begin(db).await?;
    let rows = own.run(&SETTINGS, Vec::new()).await?.rows;
    own.rollback().await?;
    pairs(&rows)
}

/// What the engine says of our link and its fellows.
pub(crate) async fn link(db: &Db) -> DbResult<Vec<(String, String)>> {
    pairs(&db.read(&LINK, Vec::new()).await?)
}

fn pairs(rows: &[Row]) -> DbResult<Vec<(String, String)>> {
    let pair = |row: &Row| {
        let text = |index| Ok(row.opt_text(index)?.unwrap_or_default().to_owned());
        Ok((text(0)?, text(1)?))
    };
    rows.iter().map(pair).collect()
}

/// Transactions that are open for longer than this, the oldest first, at most 20. `None` when we are not
/// allowed to see those of others, or cannot.
pub(crate) async fn long_transactions(
    db: &Db,
    seconds: i64,
) -> DbResult<Option<Vec<(String, i64)>>> {
    if db.dialect() == Dialect::Sqlite {
        return Ok(None);
    }
    let rows = match db.read(&LONG, vec![seconds.into(), LONG_MAX.into()]).await {
        Ok(rows) => rows,
        Err(error) if matches!(error.kind, DbErrorKind::Denied | DbErrorKind::Other) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.int(1)?));
    rows.iter().map(read).collect::<DbResult<_>>().map(Some)
}

/// Kind, table and name of every column and index of our tables.
pub(crate) async fn parts(db: &Db) -> DbResult<Vec<[String; 3]>> {
    let rows = db.read(&PARTS, Vec::new()).await?;
    let read = |row: &Row| {
        let text = |index| row.text(index).map(str::to_owned);
        Ok([text(0)?, text(1)?, text(2)?])
    };
    rows.iter().map(read).collect()
}

/// Whether due tasks are found by their index.
pub(crate) async fn finds_due_by_index(db: &Db) -> DbResult<bool> {
    let index = format!("{}tasks_due", db.prefix().as_str());
    let rows = db.read(&PLAN, Vec::new()).await?;
    let mut texts = rows
        .iter()
        .flat_map(|row| (0..row.0.len()).map(|column| row.opt_text(column)));
    Ok(texts.any(|text| matches!(text, Ok(Some(text)) if text.contains(&index))))
}

/// The highest id of a task, and the database's time.
pub(crate) async fn highest_id(db: &Db) -> DbResult<(i64, dutiful_core::Timestamp)> {
    let rows = db.read(&SIZE, Vec::new()).await?;
    let row = rows.first().cloned().unwrap_or(Row(Vec::new()));
    Ok((row.int(0)?, row.time(1)?))
}
