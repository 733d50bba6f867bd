//! What a generation has become: its text is whole, its chunks are, or nothing more comes of it.

use super::stage;
use crate::db::{Db, DbResult, Sql};
use crate::store::retry;

/// The text is there: format, title, language, facts, pages, bytes, stage, generation.
const TRANSCRIBED: Sql = Sql {
    sqlite: "/* dutiful.documents.text.transcribed */
        UPDATE dutiful_generations
        SET format = ?1, title = ?2, language = ?3, facts = ?4, pages = ?5, text_bytes = ?6, stage = ?7,
            error = NULL, changed_at = dutiful_now()
        WHERE id = ?8 AND stage IN ('waiting', 'transcribed', 'failed')",
    mysql: "/* dutiful.documents.text.transcribed */
        UPDATE dutiful_generations
        SET format = ?, title = ?, language = ?, facts = ?, pages = ?, text_bytes = ?, stage = ?,
            error = NULL, changed_at = UTC_TIMESTAMP(6)
        WHERE id = ? AND stage IN ('waiting', 'transcribed', 'failed')",
    postgres: "/* dutiful.documents.text.transcribed */
        UPDATE dutiful_generations
        SET format = $1::text, title = $2::text, language = $3::text, facts = $4::text, pages = $5::bigint,
            text_bytes = $6::bigint, stage = $7::text, error = NULL, changed_at = statement_timestamp()
        WHERE id = $8::bigint AND stage IN ('waiting', 'transcribed', 'failed')",
};

/// Pages that an earlier reading had and this one has not: generation, last number.
const TRIM: Sql = Sql {
    sqlite: "/* dutiful.documents.text.trim */
        DELETE FROM dutiful_pages WHERE generation_id = ?1 AND number > ?2",
    mysql: "/* dutiful.documents.text.trim */
        DELETE FROM dutiful_pages WHERE generation_id = ? AND number > ?",
    postgres: "/* dutiful.documents.text.trim */
        DELETE FROM dutiful_pages WHERE generation_id = $1::bigint AND number > $2::bigint",
};

/// The chunks are there: how many, for which model, stage, generation.
const CHUNKED: Sql = Sql {
    sqlite: "/* dutiful.documents.text.chunked */
        UPDATE dutiful_generations
        SET chunks = ?1, model = ?2, stage = ?3, error = NULL, changed_at = dutiful_now()
        WHERE id = ?4 AND stage IN ('transcribed', 'chunked', 'failed')",
    mysql: "/* dutiful.documents.text.chunked */
        UPDATE dutiful_generations
        SET chunks = ?, model = ?, stage = ?, error = NULL, changed_at = UTC_TIMESTAMP(6)
        WHERE id = ? AND stage IN ('transcribed', 'chunked', 'failed')",
    postgres: "/* dutiful.documents.text.chunked */
        UPDATE dutiful_generations
        SET chunks = $1::bigint, model = $2::text, stage = $3::text, error = NULL,
            changed_at = statement_timestamp()
        WHERE id = $4::bigint AND stage IN ('transcribed', 'chunked', 'failed')",
};

/// Why nothing comes of it: stage, error, generation.
const FAILED: Sql = Sql {
    sqlite: "/* dutiful.documents.text.failed */
        UPDATE dutiful_generations SET stage = ?1, error = ?2, changed_at = dutiful_now()
        WHERE id = ?3 AND stage NOT IN ('live', 'replaced')",
    mysql: "/* dutiful.documents.text.failed */
        UPDATE dutiful_generations SET stage = ?, error = ?, changed_at = UTC_TIMESTAMP(6)
        WHERE id = ? AND stage NOT IN ('live', 'replaced')",
    postgres: "/* dutiful.documents.text.failed */
        UPDATE dutiful_generations SET stage = $1::text, error = $2::text, changed_at = statement_timestamp()
        WHERE id = $3::bigint AND stage NOT IN ('live', 'replaced')",
};

/// What is told of a text when it is whole.
#[derive(Debug)]
pub(crate) struct Text<'a> {
    pub(crate) format: &'a str,
    pub(crate) title: Option<&'a str>,
    pub(crate) language: Option<&'a str>,
    /// JSON.
    pub(crate) facts: &'a str,
    pub(crate) pages: i64,
    pub(crate) bytes: i64,
}

/// The pages of the text are all there. `false`: the generation is past that, or gone. Safe to repeat.
pub(crate) async fn transcribed(db: &Db, generation: i64, text: &Text<'_>) -> DbResult<bool> {
    retry::repeat(|| db.write(&TRIM, vec![generation.into(), text.pages.into()])).await?;
    let params = || {
        vec![
            text.format.into(),
            text.title.map(str::to_owned).into(),
            text.language.map(str::to_owned).into(),
            text.facts.into(),
            text.pages.into(),
            text.bytes.into(),
            stage::TRANSCRIBED.into(),
            generation.into(),
        ]
    };
    let reply = retry::repeat(|| db.write(&TRANSCRIBED, params())).await?;
    Ok(reply.affected > 0)
}

/// The chunks are all there. `false`: the generation is past that, or gone. Safe to repeat.
pub(crate) async fn chunked(
    db: &Db,
    generation: i64,
    chunks: i64,
    model: Option<&str>,
) -> DbResult<bool> {
    let model = model.map(str::to_owned);
    let params = || {
        vec![
            chunks.into(),
            model.clone().into(),
            stage::CHUNKED.into(),
            generation.into(),
        ]
    };
    let reply = retry::repeat(|| db.write(&CHUNKED, params())).await?;
    Ok(reply.affected > 0)
}

/// Nothing comes of it; what readers see stays. Safe to repeat.
pub(crate) async fn failed(db: &Db, generation: i64, error: &str) -> DbResult<()> {
    let params = || vec![stage::FAILED.into(), error.into(), generation.into()];
    retry::repeat(|| db.write(&FAILED, params())).await?;
    Ok(())
}
