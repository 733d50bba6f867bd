//! The bytes of documents, in parts, once for each content.

use crate::db::{Db, DbResult, Rows, Sql, Value};
use crate::store::retry;
use dutiful_core::limits::DOCUMENT_PART_BYTES;

/// Parts that are written or read by one statement: 1 MiB.
const AT_ONCE: usize = 4;

/// A content that is there is the same content.
const PUT: Sql = Sql {
    sqlite: "/* dutiful.documents.contents.put */
        INSERT INTO dutiful_contents (content_hash, part, bytes) VALUES (?1, ?2, ?3)
        ON CONFLICT (content_hash, part) DO NOTHING",
    mysql: "/* dutiful.documents.contents.put */
        INSERT INTO dutiful_contents (content_hash, part, bytes) VALUES {{(?, ?, ?)}}
        ON DUPLICATE KEY UPDATE part = VALUES(part)",
    postgres: "/* dutiful.documents.contents.put */
        INSERT INTO dutiful_contents (content_hash, part, bytes)
        SELECT content_hash, part, bytes
        FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS new (content_hash, part, bytes)
        ON CONFLICT (content_hash, part) DO NOTHING",
};

const GET: Sql = Sql {
    sqlite: "/* dutiful.documents.contents.get */
        SELECT bytes FROM dutiful_contents WHERE content_hash = ?1 AND part >= ?2 ORDER BY part LIMIT ?3",
    mysql: "/* dutiful.documents.contents.get */
        SELECT bytes FROM dutiful_contents WHERE content_hash = ? AND part >= ? ORDER BY part LIMIT ?",
    postgres: "/* dutiful.documents.contents.get */
        SELECT bytes FROM dutiful_contents
        WHERE content_hash = $1::bytea AND part >= $2::bigint ORDER BY part LIMIT $3::bigint",
};

/// Stores a content under its hash. Safe to repeat.
pub(crate) async fn put(db: &Db, hash: &[u8; 32], bytes: &[u8]) -> DbResult<()> {
    let parts: Vec<&[u8]> = bytes.chunks(DOCUMENT_PART_BYTES).collect();
    for (run, parts) in parts.chunks(AT_ONCE).enumerate() {
        let row = |(index, part): (usize, &&[u8])| -> Vec<Value> {
            let number = i64::try_from(run * AT_ONCE + index).unwrap_or(i64::MAX);
            vec![hash.to_vec().into(), number.into(), part.to_vec().into()]
        };
        let rows = || Rows {
            fixed: Vec::new(),
            rows: parts.iter().enumerate().map(row).collect(),
        };
        retry::repeat(|| db.write_rows(&PUT, rows())).await?;
    }
    Ok(())
}

/// The content of a hash; empty when it is not there.
pub(crate) async fn get(db: &Db, hash: &[u8]) -> DbResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = 0_i64;
    loop {
        let limit = i64::try_from(AT_ONCE).unwrap_or(i64::MAX);
        let params = vec![hash.to_vec().into(), part.into(), limit.into()];
        let rows = db.read(&GET, params).await?;
        for row in &rows {
            bytes.extend_from_slice(row.opt_bytes(0)?.unwrap_or_default());
        }
        if rows.len() < AT_ONCE {
            return Ok(bytes);
        }
        part += limit;
    }
}

/// How many parts so many bytes are.
pub(super) fn parts_of(bytes: i64) -> i64 {
    let part = i64::try_from(DOCUMENT_PART_BYTES).unwrap_or(i64::MAX);
    (bytes + part - 1) / part
}
