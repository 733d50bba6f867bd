//! Adds a document, or a new generation of one, together with the task that is to read it.

use super::contents::{self, parts_of};
use super::find;
use super::row::DocumentRow;
use super::stage;
use crate::db::{Db, DbError, DbErrorKind, DbResult, Dialect, Reply, Sql, Value};
use crate::store::retry;
use crate::store::session::{OwnTx, Session};
use crate::store::submit::{NewTask, submit};

/// How often it is begun again when another adds the same name at the same time, or its content is swept.
const TRIES: usize = 5;

/// Holds the first part of a content, so that it is not swept before the generation is there.
const HOLD: Sql = Sql {
    sqlite: "/* dutiful.documents.add.hold */
        SELECT part FROM dutiful_contents WHERE content_hash = ?1 AND part = 0",
    mysql: "/* dutiful.documents.add.hold */
        SELECT part FROM dutiful_contents WHERE content_hash = ? AND part = 0 FOR UPDATE",
    postgres: "/* dutiful.documents.add.hold */
        SELECT part::bigint FROM dutiful_contents WHERE content_hash = $1::bytea AND part = 0 FOR UPDATE",
};

const PARTS: Sql = Sql {
    sqlite: "/* dutiful.documents.add.parts */
        SELECT COUNT(*) FROM dutiful_contents WHERE content_hash = ?1",
    mysql: "/* dutiful.documents.add.parts */
        SELECT COUNT(*) FROM dutiful_contents WHERE content_hash = ?",
    postgres: "/* dutiful.documents.add.parts */
        SELECT COUNT(*) FROM dutiful_contents WHERE content_hash = $1::bytea",
};

/// The document of a name, locked: its id, its newest generation, that one's content and stage.
const LOCK: Sql = Sql {
    sqlite: "/* dutiful.documents.add.lock */
        SELECT id, latest FROM dutiful_documents WHERE collection = ?1 AND name = ?2",
    mysql: "/* dutiful.documents.add.lock */
        SELECT id, latest FROM dutiful_documents WHERE collection = ? AND name = ? FOR UPDATE",
    postgres: "/* dutiful.documents.add.lock */
        SELECT id, latest FROM dutiful_documents
        WHERE collection = $1::text AND name = $2::text FOR UPDATE",
};

const LATEST: Sql = Sql {
    sqlite: "/* dutiful.documents.add.latest */
        SELECT content_hash, stage FROM dutiful_generations WHERE id = ?1",
    mysql: "/* dutiful.documents.add.latest */
        SELECT content_hash, stage FROM dutiful_generations WHERE id = ?",
    postgres: "/* dutiful.documents.add.latest */
        SELECT content_hash, stage FROM dutiful_generations WHERE id = $1::bigint",
};

const DOCUMENT: Sql = Sql {
    sqlite: "/* dutiful.documents.add.document */
        INSERT INTO dutiful_documents (collection, name, latest, created_at, changed_at)
        VALUES (?1, ?2, 0, dutiful_now(), dutiful_now())
        RETURNING id",
    mysql: "/* dutiful.documents.add.document */
        INSERT INTO dutiful_documents (collection, name, latest, created_at, changed_at)
        VALUES (?, ?, 0, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.documents.add.document */
        INSERT INTO dutiful_documents (collection, name, latest, created_at, changed_at)
        VALUES ($1::text, $2::text, 0, statement_timestamp(), statement_timestamp())
        RETURNING id",
};

const GENERATION: Sql = Sql {
    sqlite: "/* dutiful.documents.add.generation */
        INSERT INTO dutiful_generations (document_id, content_hash, bytes, stage, created_at, changed_at)
        VALUES (?1, ?2, ?3, ?4, dutiful_now(), dutiful_now())
        RETURNING id",
    mysql: "/* dutiful.documents.add.generation */
        INSERT INTO dutiful_generations (document_id, content_hash, bytes, stage, created_at, changed_at)
        VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.documents.add.generation */
        INSERT INTO dutiful_generations (document_id, content_hash, bytes, stage, created_at, changed_at)
        VALUES ($1::bigint, $2::bytea, $3::bigint, $4::text, statement_timestamp(), statement_timestamp())
        RETURNING id",
};

/// The new generation is the newest one: generation, document.
const NEWEST: Sql = Sql {
    sqlite: "/* dutiful.documents.add.newest */
        UPDATE dutiful_documents SET latest = ?1, changed_at = dutiful_now() WHERE id = ?2",
    mysql: "/* dutiful.documents.add.newest */
        UPDATE dutiful_documents SET latest = ?, changed_at = UTC_TIMESTAMP(6) WHERE id = ?",
    postgres: "/* dutiful.documents.add.newest */
        UPDATE dutiful_documents SET latest = $1::bigint, changed_at = statement_timestamp()
        WHERE id = $2::bigint",
};

/// Which task reads it: task, generation.
const READ_BY: Sql = Sql {
    sqlite: "/* dutiful.documents.add.read_by */
        UPDATE dutiful_generations SET task_id = ?1 WHERE id = ?2",
    mysql: "/* dutiful.documents.add.read_by */
        UPDATE dutiful_generations SET task_id = ? WHERE id = ?",
    postgres: "/* dutiful.documents.add.read_by */
        UPDATE dutiful_generations SET task_id = $1::bigint WHERE id = $2::bigint",
};

/// The collection is there, whether or not anything can be found in it yet.
const COLLECTION: Sql = Sql {
    sqlite: "/* dutiful.documents.add.collection */
        INSERT INTO dutiful_collections (name, version) VALUES (?1, 0) ON CONFLICT (name) DO NOTHING",
    mysql: "/* dutiful.documents.add.collection */
        INSERT INTO dutiful_collections (name, version) VALUES (?, 0) ON DUPLICATE KEY UPDATE name = name",
    postgres: "/* dutiful.documents.add.collection */
        INSERT INTO dutiful_collections (name, version) VALUES ($1::text, 0) ON CONFLICT (name) DO NOTHING",
};

/// A document to be.
#[derive(Debug)]
pub(crate) struct NewDocument<'a> {
    pub(crate) collection: &'a str,
    pub(crate) name: &'a str,
    pub(crate) hash: [u8; 32],
    pub(crate) bytes: &'a [u8],
}

/// What became of it.
#[derive(Debug)]
pub(crate) enum Added {
    /// A new generation, its task submitted.
    New { document: i64, task: NewTask },
    /// The content is there already, in this document.
    There(Box<DocumentRow>),
}

/// Stores the bytes, and adds a generation of the document with the task that `task` makes for it (of document
/// and generation), all or nothing. A content that the collection has in a newest generation that has not
/// failed is left as it is. Safe to repeat.
pub(crate) async fn add(
    db: &Db,
    new: &NewDocument<'_>,
    task: &(dyn Fn(i64, i64) -> DbResult<NewTask> + Sync),
) -> DbResult<Added> {
    if let Some(there) = find::by_content(db, new.collection, &new.hash).await?
        && there.generation.stage != stage::FAILED
    {
        return Ok(Added::There(Box::new(there)));
    }
    retry::repeat(|| db.write(&COLLECTION, vec![new.collection.into()])).await?;
    for _ in 0..TRIES {
        contents::put(db, &new.hash, new.bytes).await?;
        match retry::repeat(|| once(db, new, task)).await {
            Ok(Some(added)) => return Ok(added),
            Ok(None) => {}
            // Another has added the name: it is there now.
            Err(error) if error.kind == DbErrorKind::Duplicate => {}
            Err(error) => return Err(error),
        }
    }
    let text = "others add and remove the same document all the time; try again";
    Err(DbError::new(DbErrorKind::Transient, text))
}

/// `None`: the content was swept in the meantime.
async fn once(
    db: &Db,
    new: &NewDocument<'_>,
    task: &(dyn Fn(i64, i64) -> DbResult<NewTask> + Sync),
) -> DbResult<Option<Added>> {
    let mut own = OwnTx::begin(db).await?;
    let hash = || Value::from(new.hash.to_vec());
    own.run(&HOLD, vec![hash()]).await?;
    let parts = own.run(&PARTS, vec![hash()]).await?;
    let bytes = i64::try_from(new.bytes.len()).unwrap_or(i64::MAX);
    let stored = parts.rows.first().map_or(Ok(0), |row| row.int(0))?;
    if stored != parts_of(bytes) {
        own.rollback().await?;
        return Ok(None);
    }
    let name = || vec![new.collection.into(), new.name.into()];
    let there = own.run(&LOCK, name()).await?.rows;
    let document = match there.first() {
        None => inserted(db.dialect(), &own.run(&DOCUMENT, name()).await?)?,
        Some(row) if is_same(&mut own, row.int(1)?, new).await? => {
            let id = row.int(0)?;
            own.rollback().await?;
            let there = find::by_id(db, id).await?;
            return Ok(there.map(|there| Added::There(Box::new(there))));
        }
        Some(row) => row.int(0)?,
    };
    let params = vec![document.into(), hash(), bytes.into(), stage::WAITING.into()];
    let generation = inserted(db.dialect(), &own.run(&GENERATION, params).await?)?;
    own.run(&NEWEST, vec![generation.into(), document.into()])
        .await?;
    let task = task(document, generation)?;
    let done = submit(&mut own, std::slice::from_ref(&task)).await?;
    let id = done.first().map(|done| done.id);
    own.run(&READ_BY, vec![id.into(), generation.into()])
        .await?;
    own.commit().await?;
    Ok(Some(Added::New { document, task }))
}

async fn is_same(own: &mut OwnTx, latest: i64, new: &NewDocument<'_>) -> DbResult<bool> {
    let rows = own.run(&LATEST, vec![latest.into()]).await?.rows;
    let Some(row) = rows.first() else {
        return Ok(false);
    };
    Ok(row.opt_bytes(0)? == Some(&new.hash[..]) && row.text(1)? != stage::FAILED)
}

/// The id of a row that was inserted.
fn inserted(dialect: Dialect, reply: &Reply) -> DbResult<i64> {
    let id = match dialect {
        Dialect::Mysql => reply.inserted.first().map(|one| one.first_id),
        Dialect::Postgres | Dialect::Sqlite => {
            reply.rows.first().map(|row| row.int(0)).transpose()?
        }
    };
    id.ok_or_else(|| DbError::new(DbErrorKind::Other, "no id for a row that was inserted"))
}
