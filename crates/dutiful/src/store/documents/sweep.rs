//! Takes out, piece by piece, what no reader sees and nothing refers to any more.

use super::stage;
use crate::db::{Db, DbResult, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};

/// Rows that are removed by one statement.
const ROWS: u64 = 500;

const NEXT: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.next */
        SELECT id, content_hash FROM dutiful_generations WHERE stage = ?1 ORDER BY id LIMIT 1",
    mysql: "/* dutiful.documents.sweep.next */
        SELECT id, content_hash FROM dutiful_generations WHERE stage = ? ORDER BY id LIMIT 1",
    postgres:
        "/* dutiful.documents.sweep.next */
        SELECT id, content_hash FROM dutiful_generations WHERE stage = $1::text ORDER BY id LIMIT 1",
};

/// The vectors of the generation's last chunks whose texts stand in no other generation.
const VECTORS: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.vectors */
        DELETE FROM dutiful_vectors WHERE content_hash IN (
          SELECT c.content_hash FROM dutiful_chunks AS c
          WHERE c.generation_id = ?1
            AND NOT EXISTS (SELECT 1 FROM dutiful_chunks AS o
                            WHERE o.content_hash = c.content_hash AND o.generation_id <> ?1)
          ORDER BY c.number DESC LIMIT ?2)",
    mysql: "/* dutiful.documents.sweep.vectors */
        DELETE v FROM dutiful_vectors AS v JOIN (
          SELECT c.content_hash FROM dutiful_chunks AS c
          WHERE c.generation_id = ?
            AND NOT EXISTS (SELECT 1 FROM dutiful_chunks AS o
                            WHERE o.content_hash = c.content_hash AND o.generation_id <> ?)
          ORDER BY c.number DESC LIMIT ?) AS gone ON gone.content_hash = v.content_hash",
    postgres: "/* dutiful.documents.sweep.vectors */
        DELETE FROM dutiful_vectors WHERE content_hash IN (
          SELECT c.content_hash FROM dutiful_chunks AS c
          WHERE c.generation_id = $1::bigint
            AND NOT EXISTS (SELECT 1 FROM dutiful_chunks AS o
                            WHERE o.content_hash = c.content_hash AND o.generation_id <> $1::bigint)
          ORDER BY c.number DESC LIMIT $2::bigint)",
};

/// The last chunks of a generation.
const CHUNKS: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.chunks */
        DELETE FROM dutiful_chunks WHERE id IN (
          SELECT id FROM dutiful_chunks WHERE generation_id = ?1 ORDER BY number DESC LIMIT ?2)",
    mysql: "/* dutiful.documents.sweep.chunks */
        DELETE FROM dutiful_chunks WHERE generation_id = ? ORDER BY number DESC LIMIT ?",
    postgres: "/* dutiful.documents.sweep.chunks */
        DELETE FROM dutiful_chunks WHERE id = ANY(ARRAY(
          SELECT id FROM dutiful_chunks WHERE generation_id = $1::bigint ORDER BY number DESC LIMIT $2::bigint))",
};

const PAGES: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.pages */
        DELETE FROM dutiful_pages WHERE generation_id = ?1 AND number IN (
          SELECT number FROM dutiful_pages WHERE generation_id = ?1 ORDER BY number DESC LIMIT ?2)",
    mysql: "/* dutiful.documents.sweep.pages */
        DELETE FROM dutiful_pages WHERE generation_id = ? ORDER BY number DESC LIMIT ?",
    postgres: "/* dutiful.documents.sweep.pages */
        DELETE FROM dutiful_pages WHERE generation_id = $1::bigint AND number = ANY(ARRAY(
          SELECT number FROM dutiful_pages WHERE generation_id = $1::bigint ORDER BY number DESC LIMIT $2::bigint))",
};

/// The generation itself, while it is what it was found to be.
const GENERATION: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.generation */
        DELETE FROM dutiful_generations WHERE id = ?1 AND stage = ?2",
    mysql: "/* dutiful.documents.sweep.generation */
        DELETE FROM dutiful_generations WHERE id = ? AND stage = ?",
    postgres: "/* dutiful.documents.sweep.generation */
        DELETE FROM dutiful_generations WHERE id = $1::bigint AND stage = $2::text",
};

/// Holds the first part of a content: who adds a document of that content waits, and then finds it gone.
const HOLD: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.hold */
        SELECT part FROM dutiful_contents WHERE content_hash = ?1 AND part = 0",
    mysql: "/* dutiful.documents.sweep.hold */
        SELECT part FROM dutiful_contents WHERE content_hash = ? AND part = 0 FOR UPDATE",
    postgres: "/* dutiful.documents.sweep.hold */
        SELECT part::bigint FROM dutiful_contents WHERE content_hash = $1::bytea AND part = 0 FOR UPDATE",
};

const REFERRED: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.referred */
        SELECT id FROM dutiful_generations WHERE content_hash = ?1 LIMIT 1",
    mysql: "/* dutiful.documents.sweep.referred */
        SELECT id FROM dutiful_generations WHERE content_hash = ? LIMIT 1",
    postgres: "/* dutiful.documents.sweep.referred */
        SELECT id FROM dutiful_generations WHERE content_hash = $1::bytea LIMIT 1",
};

const CONTENT: Sql = Sql {
    sqlite: "/* dutiful.documents.sweep.content */
        DELETE FROM dutiful_contents WHERE content_hash = ?1",
    mysql: "/* dutiful.documents.sweep.content */
        DELETE FROM dutiful_contents WHERE content_hash = ?",
    postgres: "/* dutiful.documents.sweep.content */
        DELETE FROM dutiful_contents WHERE content_hash = $1::bytea",
};

/// Takes out one generation that has been replaced. `false`: there is none. Each piece is a transaction of its
/// own; what is left when it ends early is found again.
pub(crate) async fn sweep_one(db: &Db) -> DbResult<bool> {
    let rows = db.read(&NEXT, vec![stage::REPLACED.into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    let (generation, hash) = (row.int(0)?, row.opt_bytes(1)?.unwrap_or_default().to_vec());
    while sweep_chunks(db, generation).await? {}
    let pages = || vec![generation.into(), rows_max()];
    while retry::repeat(|| db.write(&PAGES, pages())).await?.affected >= ROWS {}
    let one = || vec![generation.into(), stage::REPLACED.into()];
    retry::repeat(|| db.write(&GENERATION, one())).await?;
    retry::repeat(|| content(db, &hash)).await?;
    Ok(true)
}

/// Takes out the last chunks of a generation and the vectors that nothing else has. Gives back whether more may
/// be left.
async fn sweep_chunks(db: &Db, generation: i64) -> DbResult<bool> {
    let reply = retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let params = match db.dialect() {
            crate::db::Dialect::Mysql => vec![generation.into(), generation.into(), rows_max()],
            _ => vec![generation.into(), rows_max()],
        };
        own.run(&VECTORS, params).await?;
        let reply = own
            .run(&CHUNKS, vec![generation.into(), rows_max()])
            .await?;
        own.commit().await?;
        Ok(reply)
    })
    .await?;
    Ok(reply.affected >= ROWS)
}

async fn content(db: &Db, hash: &[u8]) -> DbResult<()> {
    let hash = || vec![Value::from(hash.to_vec())];
    let mut own = OwnTx::begin(db).await?;
    own.run(&HOLD, hash()).await?;
    if own.run(&REFERRED, hash()).await?.rows.is_empty() {
        own.run(&CONTENT, hash()).await?;
        return own.commit().await;
    }
    own.rollback().await
}

fn rows_max() -> Value {
    i64::try_from(ROWS).unwrap_or(i64::MAX).into()
}
