//! Shows a generation to readers in place of the one before, takes a document away, and tells what there is to see.

use super::stage;
use crate::db::{Db, DbResult, Row, Sql};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};

/// The document of a generation, locked: id, collection, live, the generation's stage.
const LOCK: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.lock */
        SELECT d.id, d.collection, d.live, g.stage
        FROM dutiful_generations AS g JOIN dutiful_documents AS d ON d.id = g.document_id WHERE g.id = ?1",
    mysql: "/* dutiful.documents.publish.lock */
        SELECT d.id, d.collection, d.live, g.stage
        FROM dutiful_generations AS g JOIN dutiful_documents AS d ON d.id = g.document_id WHERE g.id = ?
        FOR UPDATE",
    postgres: "/* dutiful.documents.publish.lock */
        SELECT d.id, d.collection, d.live, g.stage
        FROM dutiful_generations AS g JOIN dutiful_documents AS d ON d.id = g.document_id
        WHERE g.id = $1::bigint FOR UPDATE",
};

/// The document itself, locked: collection.
const LOCK_DOCUMENT: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.lock_document */
        SELECT collection FROM dutiful_documents WHERE id = ?1",
    mysql: "/* dutiful.documents.publish.lock_document */
        SELECT collection FROM dutiful_documents WHERE id = ? FOR UPDATE",
    postgres: "/* dutiful.documents.publish.lock_document */
        SELECT collection FROM dutiful_documents WHERE id = $1::bigint FOR UPDATE",
};

const STAGE: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.stage */
        UPDATE dutiful_generations SET stage = ?1, changed_at = dutiful_now() WHERE id = ?2",
    mysql: "/* dutiful.documents.publish.stage */
        UPDATE dutiful_generations SET stage = ?, changed_at = UTC_TIMESTAMP(6) WHERE id = ?",
    postgres: "/* dutiful.documents.publish.stage */
        UPDATE dutiful_generations SET stage = $1::text, changed_at = statement_timestamp()
        WHERE id = $2::bigint",
};

const LIVE: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.live */
        UPDATE dutiful_documents SET live = ?1, changed_at = dutiful_now() WHERE id = ?2",
    mysql: "/* dutiful.documents.publish.live */
        UPDATE dutiful_documents SET live = ?, changed_at = UTC_TIMESTAMP(6) WHERE id = ?",
    postgres: "/* dutiful.documents.publish.live */
        UPDATE dutiful_documents SET live = $1::bigint, changed_at = statement_timestamp()
        WHERE id = $2::bigint",
};

/// Something about the collection has changed for those who search it.
const CHANGED: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.changed */
        UPDATE dutiful_collections SET version = version + 1 WHERE name = ?1",
    mysql: "/* dutiful.documents.publish.changed */
        UPDATE dutiful_collections SET version = version + 1 WHERE name = ?",
    postgres: "/* dutiful.documents.publish.changed */
        UPDATE dutiful_collections SET version = version + 1 WHERE name = $1::text",
};

const GONE: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.gone */
        UPDATE dutiful_generations SET stage = 'replaced', changed_at = dutiful_now() WHERE document_id = ?1",
    mysql: "/* dutiful.documents.publish.gone */
        UPDATE dutiful_generations SET stage = 'replaced', changed_at = UTC_TIMESTAMP(6) WHERE document_id = ?",
    postgres: "/* dutiful.documents.publish.gone */
        UPDATE dutiful_generations SET stage = 'replaced', changed_at = statement_timestamp()
        WHERE document_id = $1::bigint",
};

const DELETE: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.delete */ DELETE FROM dutiful_documents WHERE id = ?1",
    mysql: "/* dutiful.documents.publish.delete */ DELETE FROM dutiful_documents WHERE id = ?",
    postgres: "/* dutiful.documents.publish.delete */ DELETE FROM dutiful_documents WHERE id = $1::bigint",
};

const VERSION: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.version */
        SELECT version FROM dutiful_collections WHERE name = ?1",
    mysql: "/* dutiful.documents.publish.version */
        SELECT version FROM dutiful_collections WHERE name = ?",
    postgres: "/* dutiful.documents.publish.version */
        SELECT version FROM dutiful_collections WHERE name = $1::text",
};

/// What readers see of a collection, behind a generation.
const SEEN: Sql = Sql {
    sqlite: "/* dutiful.documents.publish.seen */
        SELECT live FROM dutiful_documents WHERE collection = ?1 AND live > ?2 ORDER BY live LIMIT ?3",
    mysql: "/* dutiful.documents.publish.seen */
        SELECT live FROM dutiful_documents WHERE collection = ? AND live > ? ORDER BY live LIMIT ?",
    postgres: "/* dutiful.documents.publish.seen */
        SELECT live FROM dutiful_documents
        WHERE collection = $1::text AND live > $2::bigint ORDER BY live LIMIT $3::bigint",
};

/// What became of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Published {
    /// Readers see it.
    Live,
    /// A newer one was there before it.
    Overtaken,
    /// It, or its document, is gone.
    Gone,
}

/// Shows a generation to readers, in one transaction, unless they see a newer one. Safe to repeat.
pub(crate) async fn publish(db: &Db, generation: i64) -> DbResult<Published> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let rows = own.run(&LOCK, vec![generation.into()]).await?.rows;
        let Some(row) = rows.first() else {
            own.rollback().await?;
            return Ok(Published::Gone);
        };
        let (document, live) = (row.int(0)?, row.opt_int(2)?);
        if live == Some(generation) {
            own.rollback().await?;
            return Ok(Published::Live);
        }
        if row.text(3)? == stage::REPLACED || live.is_some_and(|live| live > generation) {
            own.run(&STAGE, vec![stage::REPLACED.into(), generation.into()])
                .await?;
            own.commit().await?;
            return Ok(Published::Overtaken);
        }
        let collection = row.text(1)?.to_owned();
        own.run(&LIVE, vec![generation.into(), document.into()])
            .await?;
        own.run(&STAGE, vec![stage::LIVE.into(), generation.into()])
            .await?;
        if let Some(before) = live {
            own.run(&STAGE, vec![stage::REPLACED.into(), before.into()])
                .await?;
        }
        own.run(&CHANGED, vec![collection.into()]).await?;
        own.commit().await?;
        Ok(Published::Live)
    })
    .await
}

/// Takes a document away from readers; what it consists of is swept afterwards. `false`: there is none. Safe to
/// repeat.
pub(crate) async fn delete(db: &Db, document: i64) -> DbResult<bool> {
    retry::repeat(|| async {
        let mut own = OwnTx::begin(db).await?;
        let rows = own.run(&LOCK_DOCUMENT, vec![document.into()]).await?.rows;
        let Some(row) = rows.first() else {
            own.rollback().await?;
            return Ok(false);
        };
        let collection = row.text(0)?.to_owned();
        own.run(&GONE, vec![document.into()]).await?;
        own.run(&DELETE, vec![document.into()]).await?;
        own.run(&CHANGED, vec![collection.into()]).await?;
        own.commit().await?;
        Ok(true)
    })
    .await
}

/// How often what readers see of a collection has changed; `None` when there is no such collection.
pub(crate) async fn version(db: &Db, collection: &str) -> DbResult<Option<i64>> {
    let rows = db.read(&VERSION, vec![collection.into()]).await?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// The generations that readers see of a collection, behind one.
pub(crate) async fn seen(db: &Db, collection: &str, behind: i64, limit: i64) -> DbResult<Vec<i64>> {
    let params = vec![collection.into(), behind.into(), limit.into()];
    let rows = db.read(&SEEN, params).await?;
    rows.iter().map(|row: &Row| row.int(0)).collect()
}
