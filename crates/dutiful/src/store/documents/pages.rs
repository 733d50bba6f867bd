//! The pages of a generation: kept one by one while it is read, put in their places when it is.

use crate::db::{Db, DbResult, Row, Rows, Sql, Value};
use crate::store::retry;

/// A page that is there is the newer one: an attempt that lost its lease has read the same.
const PUT: Sql = Sql {
    sqlite: "/* dutiful.documents.pages.put */
        INSERT INTO dutiful_pages
          (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (generation_id, number) DO UPDATE
        SET method = excluded.method, confidence = excluded.confidence, start_byte = excluded.start_byte,
            end_byte = excluded.end_byte, warnings = excluded.warnings, markdown = excluded.markdown",
    mysql: "/* dutiful.documents.pages.put */
        INSERT INTO dutiful_pages
          (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
        VALUES {{(?, ?, ?, ?, ?, ?, ?, ?)}}
        ON DUPLICATE KEY UPDATE
          method = VALUES(method), confidence = VALUES(confidence), start_byte = VALUES(start_byte),
          end_byte = VALUES(end_byte), warnings = VALUES(warnings), markdown = VALUES(markdown)",
    postgres: "/* dutiful.documents.pages.put */
        INSERT INTO dutiful_pages
          (generation_id, number, method, confidence, start_byte, end_byte, warnings, markdown)
        SELECT $1::bigint, number, method, confidence, start_byte, end_byte, warnings, markdown
        FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
             AS new (number, method, confidence, start_byte, end_byte, warnings, markdown)
        ON CONFLICT (generation_id, number) DO UPDATE
        SET method = excluded.method, confidence = excluded.confidence, start_byte = excluded.start_byte,
            end_byte = excluded.end_byte, warnings = excluded.warnings, markdown = excluded.markdown",
};

const GET: Sql = Sql {
    sqlite: "/* dutiful.documents.pages.get */
        SELECT number, method, confidence, start_byte, end_byte, warnings, markdown
        FROM dutiful_pages WHERE generation_id = ?1 AND number >= ?2 ORDER BY number LIMIT ?3",
    mysql: "/* dutiful.documents.pages.get */
        SELECT number, method, confidence, start_byte, end_byte, warnings, markdown
        FROM dutiful_pages WHERE generation_id = ? AND number >= ? ORDER BY number LIMIT ?",
    postgres: "/* dutiful.documents.pages.get */
        SELECT number::bigint, method, confidence::bigint, start_byte, end_byte, warnings, markdown
        FROM dutiful_pages
        WHERE generation_id = $1::bigint AND number >= $2::bigint ORDER BY number LIMIT $3::bigint",
};

const COUNT: Sql = Sql {
    sqlite: "/* dutiful.documents.pages.count */
        SELECT COUNT(*) FROM dutiful_pages WHERE generation_id = ?1",
    mysql: "/* dutiful.documents.pages.count */
        SELECT COUNT(*) FROM dutiful_pages WHERE generation_id = ?",
    postgres: "/* dutiful.documents.pages.count */
        SELECT COUNT(*) FROM dutiful_pages WHERE generation_id = $1::bigint",
};

/// One page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PageRow {
    pub(crate) number: i64,
    pub(crate) method: String,
    /// In thousandths.
    pub(crate) confidence: Option<i64>,
    /// Its place in the text of the document; `None` while that is not known.
    pub(crate) place: Option<(i64, i64)>,
    /// JSON.
    pub(crate) warnings: Option<String>,
    pub(crate) markdown: String,
}

/// Writes pages of a generation. Safe to repeat.
pub(crate) async fn put(db: &Db, generation: i64, pages: &[PageRow]) -> DbResult<()> {
    let row = |page: &PageRow| -> Vec<Value> {
        vec![
            page.number.into(),
            page.method.as_str().into(),
            page.confidence.into(),
            page.place.map(|(start, _)| start).into(),
            page.place.map(|(_, end)| end).into(),
            page.warnings.clone().into(),
            page.markdown.as_str().into(),
        ]
    };
    let rows = || with_first(db, generation, pages.iter().map(row).collect());
    retry::repeat(|| db.write_rows(&PUT, rows())).await?;
    Ok(())
}

/// The rows of a statement whose first value is the same for all: fixed, but on MySQL part of each row.
pub(super) fn with_first(db: &Db, first: i64, rows: Vec<Vec<Value>>) -> Rows {
    match db.dialect() {
        crate::db::Dialect::Mysql => {
            let whole = |row: Vec<Value>| std::iter::once(first.into()).chain(row).collect();
            Rows {
                fixed: Vec::new(),
                rows: rows.into_iter().map(whole).collect(),
            }
        }
        _ => Rows {
            fixed: vec![first.into()],
            rows,
        },
    }
}

/// Pages from a number on.
pub(crate) async fn get(db: &Db, generation: i64, from: i64, limit: i64) -> DbResult<Vec<PageRow>> {
    let params = vec![generation.into(), from.into(), limit.into()];
    let rows = db.read(&GET, params).await?;
    rows.into_iter().map(read).collect()
}

/// How many pages are there.
pub(crate) async fn count(db: &Db, generation: i64) -> DbResult<i64> {
    let rows = db.read(&COUNT, vec![generation.into()]).await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

fn read(mut row: Row) -> DbResult<PageRow> {
    let place = row.opt_int(3)?.zip(row.opt_int(4)?);
    Ok(PageRow {
        number: row.int(0)?,
        method: row.text(1)?.to_owned(),
        confidence: row.opt_int(2)?,
        place,
        warnings: row.take_text(5)?,
        markdown: row.take_text(6)?.unwrap_or_default(),
    })
}
