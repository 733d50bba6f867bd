//! The chunks of a generation.

use super::pages::with_first;
use crate::db::{Db, DbError, DbResult, Row, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};

/// Rows are not updated in place: MySQL would not find their new words.
const INSERT: Sql = Sql {
    sqlite: "/* dutiful.documents.chunks.insert */
        INSERT INTO dutiful_chunks
          (generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
           heading_path, body)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    mysql: "/* dutiful.documents.chunks.insert */
        INSERT INTO dutiful_chunks
          (generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
           heading_path, body)
        VALUES {{(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)}}",
    postgres: "/* dutiful.documents.chunks.insert */
        INSERT INTO dutiful_chunks
          (generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
           heading_path, body)
        SELECT $1::bigint, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body
        FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
                    $8::bytea[], $9::text[], $10::text[])
             AS new (number, start_byte, end_byte, first_page, last_page, tokens, content_hash, heading_path,
                     body)",
};

/// The chunks that stand in the way of new ones: generation, first number, last.
const CLEAR: Sql = Sql {
    sqlite: "/* dutiful.documents.chunks.clear */
        DELETE FROM dutiful_chunks WHERE generation_id = ?1 AND number >= ?2 AND number <= ?3",
    mysql: "/* dutiful.documents.chunks.clear */
        DELETE FROM dutiful_chunks WHERE generation_id = ? AND number >= ? AND number <= ?",
    postgres: "/* dutiful.documents.chunks.clear */
        DELETE FROM dutiful_chunks
        WHERE generation_id = $1::bigint AND number >= $2::bigint AND number <= $3::bigint",
};

/// Chunks that an earlier run made and this one has not.
const TRIM: Sql = Sql {
    sqlite: "/* dutiful.documents.chunks.trim */
        DELETE FROM dutiful_chunks WHERE generation_id = ?1 AND number >= ?2",
    mysql: "/* dutiful.documents.chunks.trim */
        DELETE FROM dutiful_chunks WHERE generation_id = ? AND number >= ?",
    postgres: "/* dutiful.documents.chunks.trim */
        DELETE FROM dutiful_chunks WHERE generation_id = $1::bigint AND number >= $2::bigint",
};

const GET: Sql = Sql {
    sqlite: "/* dutiful.documents.chunks.get */
        SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body
        FROM dutiful_chunks WHERE generation_id = ?1 AND number >= ?2 ORDER BY number LIMIT ?3",
    mysql: "/* dutiful.documents.chunks.get */
        SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body
        FROM dutiful_chunks WHERE generation_id = ? AND number >= ? ORDER BY number LIMIT ?",
    postgres: "/* dutiful.documents.chunks.get */
        SELECT id, generation_id, number::bigint, start_byte, end_byte, first_page::bigint, last_page::bigint,
               tokens::bigint, content_hash, heading_path, body
        FROM dutiful_chunks
        WHERE generation_id = $1::bigint AND number >= $2::bigint ORDER BY number LIMIT $3::bigint",
};

const BY_IDS: Sql = Sql {
    sqlite: "/* dutiful.documents.chunks.by_ids */
        SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body
        FROM dutiful_chunks WHERE id IN (SELECT value FROM json_each(?1))",
    mysql: "/* dutiful.documents.chunks.by_ids */
        SELECT id, generation_id, number, start_byte, end_byte, first_page, last_page, tokens, content_hash,
               heading_path, body
        FROM dutiful_chunks WHERE id IN (?)",
    postgres: "/* dutiful.documents.chunks.by_ids */
        SELECT id, generation_id, number::bigint, start_byte, end_byte, first_page::bigint, last_page::bigint,
               tokens::bigint, content_hash, heading_path, body
        FROM dutiful_chunks WHERE id = ANY($1::bigint[])",
};

/// One chunk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ChunkRow {
    /// 0 for one that is not stored yet.
    pub(crate) id: i64,
    pub(crate) generation: i64,
    pub(crate) number: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) first_page: i64,
    pub(crate) last_page: i64,
    pub(crate) tokens: i64,
    pub(crate) hash: [u8; 32],
    /// JSON.
    pub(crate) heading_path: String,
    pub(crate) body: String,
}

/// Writes chunks of a generation, whose numbers follow each other, in place of those that it had. Safe to repeat.
pub(crate) async fn put(db: &Db, generation: i64, chunks: &[ChunkRow]) -> DbResult<()> {
    let row = |chunk: &ChunkRow| -> Vec<Value> {
        vec![
            chunk.number.into(),
            chunk.start.into(),
            chunk.end.into(),
            chunk.first_page.into(),
            chunk.last_page.into(),
            chunk.tokens.into(),
            chunk.hash.to_vec().into(),
            chunk.heading_path.as_str().into(),
            chunk.body.as_str().into(),
        ]
    };
    let rows = || with_first(db, generation, chunks.iter().map(row).collect());
    let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else {
        return Ok(());
    };
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let old = vec![generation.into(), first.number.into(), last.number.into()];
        own.run(&CLEAR, old).await?;
        own.run_rows(&INSERT, rows()).await?;
        own.commit().await
    })
    .await
}

/// Takes out the chunks from a number on. Safe to repeat.
pub(crate) async fn trim(db: &Db, generation: i64, from: i64) -> DbResult<()> {
    retry::repeat(|| db.write(&TRIM, vec![generation.into(), from.into()])).await?;
    Ok(())
}

/// Chunks from a number on.
pub(crate) async fn get(
    db: &Db,
    generation: i64,
    from: i64,
    limit: i64,
) -> DbResult<Vec<ChunkRow>> {
    let params = vec![generation.into(), from.into(), limit.into()];
    let rows = db.read(&GET, params).await?;
    rows.into_iter().map(read).collect()
}

/// The chunks of these ids that there are, in no order.
pub(crate) async fn by_ids(db: &Db, ids: Vec<i64>) -> DbResult<Vec<ChunkRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = db.read(&BY_IDS, vec![ids.into()]).await?;
    rows.into_iter().map(read).collect()
}

fn read(mut row: Row) -> DbResult<ChunkRow> {
    Ok(ChunkRow {
        id: row.int(0)?,
        generation: row.int(1)?,
        number: row.int(2)?,
        start: row.int(3)?,
        end: row.int(4)?,
        first_page: row.int(5)?,
        last_page: row.int(6)?,
        tokens: row.int(7)?,
        hash: hash(&row, 8)?,
        heading_path: row.take_text(9)?.unwrap_or_default(),
        body: row.take_text(10)?.unwrap_or_default(),
    })
}

pub(super) fn hash(row: &Row, column: usize) -> DbResult<[u8; 32]> {
    let bytes = row.opt_bytes(column)?.map(<[u8; 32]>::try_from);
    bytes
        .and_then(Result::ok)
        .ok_or_else(|| DbError::decode(column, "a hash of 32 bytes was expected"))
}
