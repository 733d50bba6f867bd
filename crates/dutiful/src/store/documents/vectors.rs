//! What chunks mean to a model, once for each text, whatever document it stands in.

use super::chunks::hash;
use crate::db::{Db, DbResult, Row, Rows, Sql, Value};
use crate::store::retry;

/// A vector that is there stays; what stood for one gives way.
const PUT: Sql = Sql {
    sqlite: "/* dutiful.documents.vectors.put */
        INSERT INTO dutiful_vectors (model, content_hash, vector, error, created_at)
        VALUES (?1, ?2, ?3, ?4, dutiful_now())
        ON CONFLICT (model, content_hash) DO UPDATE
        SET vector = COALESCE(dutiful_vectors.vector, excluded.vector),
            error = CASE WHEN COALESCE(dutiful_vectors.vector, excluded.vector) IS NULL THEN excluded.error END",
    mysql: "/* dutiful.documents.vectors.put */
        INSERT INTO dutiful_vectors (model, content_hash, vector, error, created_at)
        VALUES {{(?, ?, ?, ?, UTC_TIMESTAMP(6))}}
        ON DUPLICATE KEY UPDATE
          vector = COALESCE(vector, VALUES(vector)),
          error = CASE WHEN vector IS NULL THEN VALUES(error) END",
    postgres: "/* dutiful.documents.vectors.put */
        INSERT INTO dutiful_vectors (model, content_hash, vector, error, created_at)
        SELECT model, content_hash, vector, error, statement_timestamp()
        FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::text[])
             AS new (model, content_hash, vector, error)
        ON CONFLICT (model, content_hash) DO UPDATE
        SET vector = COALESCE(dutiful_vectors.vector, excluded.vector),
            error = CASE WHEN COALESCE(dutiful_vectors.vector, excluded.vector) IS NULL THEN excluded.error END",
};

/// Chunks of a generation between two numbers for which a model has no vector and no error.
const MISSING: Sql = Sql {
    sqlite: "/* dutiful.documents.vectors.missing */
        SELECT c.number, c.content_hash, c.body
        FROM dutiful_chunks AS c
        LEFT JOIN dutiful_vectors AS v ON v.model = ?1 AND v.content_hash = c.content_hash
        WHERE c.generation_id = ?2 AND c.number >= ?3 AND c.number < ?4 AND v.model IS NULL
        ORDER BY c.number LIMIT ?5",
    mysql: "/* dutiful.documents.vectors.missing */
        SELECT c.number, c.content_hash, c.body
        FROM dutiful_chunks AS c
        LEFT JOIN dutiful_vectors AS v ON v.model = ? AND v.content_hash = c.content_hash
        WHERE c.generation_id = ? AND c.number >= ? AND c.number < ? AND v.model IS NULL
        ORDER BY c.number LIMIT ?",
    postgres: "/* dutiful.documents.vectors.missing */
        SELECT c.number::bigint, c.content_hash, c.body
        FROM dutiful_chunks AS c
        LEFT JOIN dutiful_vectors AS v ON v.model = $1::text AND v.content_hash = c.content_hash
        WHERE c.generation_id = $2::bigint AND c.number >= $3::bigint AND c.number < $4::bigint
          AND v.model IS NULL
        ORDER BY c.number LIMIT $5::bigint",
};

/// How many chunks of a generation have a vector, and how many an error in its place.
const COUNTS: Sql = Sql {
    sqlite: "/* dutiful.documents.vectors.counts */
        SELECT COUNT(v.vector), COUNT(v.error), MIN(v.error)
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = ?1 AND v.content_hash = c.content_hash
        WHERE c.generation_id = ?2",
    mysql: "/* dutiful.documents.vectors.counts */
        SELECT COUNT(v.vector), COUNT(v.error), MIN(v.error)
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = ? AND v.content_hash = c.content_hash
        WHERE c.generation_id = ?",
    postgres: "/* dutiful.documents.vectors.counts */
        SELECT COUNT(v.vector), COUNT(v.error), MIN(v.error)
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = $1::text AND v.content_hash = c.content_hash
        WHERE c.generation_id = $2::bigint",
};

/// The vectors of a generation, behind a chunk.
const OF_GENERATION: Sql = Sql {
    sqlite: "/* dutiful.documents.vectors.of_generation */
        SELECT c.id, c.number, v.vector
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = ?1 AND v.content_hash = c.content_hash
        WHERE c.generation_id = ?2 AND c.number > ?3 AND v.vector IS NOT NULL
        ORDER BY c.number LIMIT ?4",
    mysql: "/* dutiful.documents.vectors.of_generation */
        SELECT c.id, c.number, v.vector
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = ? AND v.content_hash = c.content_hash
        WHERE c.generation_id = ? AND c.number > ? AND v.vector IS NOT NULL
        ORDER BY c.number LIMIT ?",
    postgres: "/* dutiful.documents.vectors.of_generation */
        SELECT c.id, c.number::bigint, v.vector
        FROM dutiful_chunks AS c
        JOIN dutiful_vectors AS v ON v.model = $1::text AND v.content_hash = c.content_hash
        WHERE c.generation_id = $2::bigint AND c.number > $3::bigint AND v.vector IS NOT NULL
        ORDER BY c.number LIMIT $4::bigint",
};

/// A vector to be, or why there is none.
#[derive(Debug, Clone)]
pub(crate) struct NewVector {
    pub(crate) hash: [u8; 32],
    /// Little-endian floats of 32 bits.
    pub(crate) vector: Result<Vec<u8>, String>,
}

/// A chunk that a model has not seen.
#[derive(Debug, Clone)]
pub(crate) struct MissingRow {
    pub(crate) number: i64,
    pub(crate) hash: [u8; 32],
    pub(crate) body: String,
}

/// A stored vector.
#[derive(Debug)]
pub(crate) struct VectorRow {
    pub(crate) chunk: i64,
    pub(crate) number: i64,
    pub(crate) vector: Vec<u8>,
}

/// How far the vectors of a generation are.
#[derive(Debug, Clone, Default)]
pub(crate) struct VectorCounts {
    pub(crate) there: i64,
    pub(crate) refused: i64,
    pub(crate) why: Option<String>,
}

/// Writes vectors. Safe to repeat.
pub(crate) async fn put(db: &Db, model: &str, vectors: &[NewVector]) -> DbResult<()> {
    let row = |new: &NewVector| -> Vec<Value> {
        let (vector, error) = match &new.vector {
            Ok(vector) => (Some(vector.clone()), None),
            Err(error) => (None, Some(error.clone())),
        };
        vec![
            model.into(),
            new.hash.to_vec().into(),
            vector.into(),
            error.into(),
        ]
    };
    let rows = || Rows {
        fixed: Vec::new(),
        rows: vectors.iter().map(row).collect(),
    };
    retry::repeat(|| db.write_rows(&PUT, rows())).await?;
    Ok(())
}

/// Chunks with numbers from `from` to before `until` that the model has not seen.
pub(crate) async fn missing(
    db: &Db,
    model: &str,
    generation: i64,
    (from, until): (i64, i64),
    limit: i64,
) -> DbResult<Vec<MissingRow>> {
    let params = vec![
        model.into(),
        generation.into(),
        from.into(),
        until.into(),
        limit.into(),
    ];
    let rows = db.read(&MISSING, params).await?;
    let read = |mut row: Row| {
        Ok(MissingRow {
            number: row.int(0)?,
            hash: hash(&row, 1)?,
            body: row.take_text(2)?.unwrap_or_default(),
        })
    };
    rows.into_iter().map(read).collect()
}

/// How many chunks of a generation have a vector of the model, and how many were refused.
pub(crate) async fn counts(db: &Db, model: &str, generation: i64) -> DbResult<VectorCounts> {
    let mut rows = db
        .read(&COUNTS, vec![model.into(), generation.into()])
        .await?;
    let Some(row) = rows.first_mut() else {
        return Ok(VectorCounts::default());
    };
    Ok(VectorCounts {
        there: row.int(0)?,
        refused: row.int(1)?,
        why: row.take_text(2)?,
    })
}

/// Vectors of a generation in the order of its chunks, behind a number.
pub(crate) async fn of_generation(
    db: &Db,
    model: &str,
    generation: i64,
    behind: i64,
    limit: i64,
) -> DbResult<Vec<VectorRow>> {
    let params = vec![model.into(), generation.into(), behind.into(), limit.into()];
    let rows = db.read(&OF_GENERATION, params).await?;
    let read = |row: Row| {
        Ok(VectorRow {
            chunk: row.int(0)?,
            number: row.int(1)?,
            vector: row.opt_bytes(2)?.unwrap_or_default().to_vec(),
        })
    };
    rows.into_iter().map(read).collect()
}
