//! All rows of a place in words that are the same on every engine, read past the product.

use crate::harness::database::TestDb;
use crate::harness::engine::Dialect;
use crate::harness::raw::Row;

/// The tables with their columns: `t` a time, `b` bytes, others as they are. Ordered by what comes first.
const TABLES: [(&str, &str, usize); 23] = [
    (
        "tasks",
        "id, task_name, task_payload, payload_version, status, priority, t:created_at, t:due_at, t:last_run_at, \
         t:finished_at, worker, attempt, retries, max_retries, crashes, error_kind, error_message, result_data, \
         progress, progress_note, b:dedup_key, dedup_scope, t:dedup_until, b:submission_key",
        1,
    ),
    (
        "attempts",
        "task_id, attempt, worker, t:started_at, t:ended_at, outcome, error_message",
        2,
    ),
    (
        "steps",
        "task_id, step_name, attempt, result_data, t:created_at",
        2,
    ),
    ("logs", "id, task_id, attempt, t:logged_at, message", 1),
    (
        "periodic",
        "name, task_name, task_payload, schedule, missed, missed_window, overlap, paused, t:next_at, t:last_at, \
         last_task_id, fired, skipped, t:created_at, payload_version, priority, max_retries, changed_schedule, \
         changed_payload, changed_payload_version, t:changed_at, changed_by",
        1,
    ),
    (
        "tokens",
        "id, name, b:token_hash, scopes, task_names, t:created_at, t:expires_at, t:revoked_at, t:last_used_at, \
         b:previous_hash, t:previous_until",
        1,
    ),
    (
        "audit",
        "id, b:entry_key, t:at, actor, action, target, detail",
        1,
    ),
    (
        "requests",
        "b:request_key, b:request_hash, answer, t:created_at",
        1,
    ),
    ("figures", "step, t:begins_at, task_name, figures", 3),
    (
        "figures_until",
        "id, version, t:tasks_until, t:attempts_until, t:checked_until, t:checked_again_until",
        1,
    ),
    (
        "figures_left",
        "id, task_name, state, t:finished_at, tasks",
        1,
    ),
    ("pauses", "task_name, t:paused_at, paused_by", 1),
    (
        "previews",
        "b:preview_key, asked_by, asked_for, t:created_at, operation_id",
        1,
    ),
    ("joins", "task_id, first_open", 1),
    ("items", "join_id, number, task_id", 2),
    ("collections", "name, version", 1),
    (
        "documents",
        "id, collection, name, live, latest, t:created_at, t:changed_at",
        1,
    ),
    (
        "generations",
        "id, document_id, b:content_hash, bytes, stage, task_id, format, title, language, facts, pages, \
         text_bytes, chunks, model, error, t:created_at, t:changed_at",
        1,
    ),
    ("holds", "name, t:until_at, reason", 1),
    ("contents", "b:content_hash, part, b:bytes", 2),
    (
        "pages",
        "generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown",
        2,
    ),
    (
        "chunks",
        "id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, b:content_hash, \
         heading_path, body",
        1,
    ),
    (
        "vectors",
        "model, b:content_hash, b:vector, error, t:created_at",
        2,
    ),
];

/// Every row of every table. `infix` stands before the names of the tables: `away_` while they are away.
pub(crate) async fn everything(db: &TestDb, infix: &str) -> Vec<(&'static str, Vec<Row>)> {
    let mut all = Vec::new();
    for (table, columns, key) in TABLES {
        let columns: Vec<String> = columns
            .split(", ")
            .map(|one| column(db.dialect(), one))
            .collect();
        let sql = format!("SELECT {} FROM dutiful_{infix}{table}", columns.join(", "));
        let mut rows = db.rows(&sql).await;
        let order = |row: &Row| -> Vec<(i64, String)> {
            let parts = row[..key]
                .iter()
                .map(|cell| cell.clone().unwrap_or_default());
            parts
                .map(|text| (text.parse().unwrap_or(0), text))
                .collect()
        };
        rows.sort_by_key(order);
        all.push((table, rows));
    }
    all
}

/// Says where two places differ first.
pub(crate) fn assert_same(old: &[(&'static str, Vec<Row>)], new: &[(&'static str, Vec<Row>)]) {
    for ((table, old), (_, new)) in old.iter().zip(new) {
        assert_eq!(old.len(), new.len(), "rows of {table}");
        for (old, new) in old.iter().zip(new) {
            assert_eq!(old, new, "in {table}");
        }
    }
}

fn column(dialect: Dialect, name: &str) -> String {
    let (kind, column) = name.split_once(':').unwrap_or(("", name));
    match (kind, dialect) {
        ("t", Dialect::Mysql) => {
            format!("TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', {column})")
        }
        ("t", Dialect::Postgres) => format!("(EXTRACT(EPOCH FROM {column}) * 1000000)::bigint"),
        ("b", Dialect::Postgres) => format!("upper(encode({column}, 'hex'))"),
        ("b", _) => format!("CASE WHEN {column} IS NOT NULL THEN HEX({column}) END"),
        _ => column.to_owned(),
    }
}
