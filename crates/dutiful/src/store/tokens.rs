//! The tokens that let others in. What is kept of a secret is its hash.

use super::retry;
use super::submit::micros;
use super::task_row::take_text;
use crate::db::{Db, DbErrorKind, DbResult, Row, Sql, Value};
use dutiful_core::Timestamp;
use dutiful_core::limits::LIST_OTHERS_MAX;
use std::time::Duration;

const INSERT: Sql = Sql {
    sqlite: "/* dutiful.tokens.insert */
        INSERT INTO dutiful_tokens (name, token_hash, scopes, task_names, created_at, expires_at)
        VALUES (?1, ?2, ?3, ?4, dutiful_now(), COALESCE(?5, dutiful_now() + ?6))",
    mysql: "/* dutiful.tokens.insert */
        INSERT INTO dutiful_tokens (name, token_hash, scopes, task_names, created_at, expires_at)
        VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6), COALESCE(?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND))",
    postgres: "/* dutiful.tokens.insert */
        INSERT INTO dutiful_tokens (name, token_hash, scopes, task_names, created_at, expires_at)
        VALUES ($1::text, $2::bytea, $3::text, $4::text, statement_timestamp(),
                COALESCE($5::timestamptz, statement_timestamp() + $6::bigint * interval '1 microsecond'))",
};

/// The hash that was in force until now goes on for a while: hash, overlap, hash, name, hash. MySQL assigns
/// from left to right, so the old one is put away first. One that is in force already is an earlier try.
const ROTATE: Sql = Sql {
    sqlite: "/* dutiful.tokens.rotate */
        UPDATE dutiful_tokens
        SET previous_hash = token_hash, previous_until = dutiful_now() + ?1, token_hash = ?2
        WHERE name = ?3 AND token_hash <> ?4 AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > dutiful_now())",
    mysql: "/* dutiful.tokens.rotate */
        UPDATE dutiful_tokens
        SET previous_hash = token_hash, previous_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
            token_hash = ?
        WHERE name = ? AND token_hash <> ? AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.tokens.rotate */
        UPDATE dutiful_tokens
        SET previous_hash = token_hash,
            previous_until = statement_timestamp() + $1::bigint * interval '1 microsecond',
            token_hash = $2::bytea
        WHERE name = $3::text AND token_hash <> $4::bytea AND revoked_at IS NULL
          AND (expires_at IS NULL OR expires_at > statement_timestamp())",
};

const REVOKE: Sql = Sql {
    sqlite: "/* dutiful.tokens.revoke */
        UPDATE dutiful_tokens SET revoked_at = dutiful_now() WHERE name = ?1 AND revoked_at IS NULL",
    mysql: "/* dutiful.tokens.revoke */
        UPDATE dutiful_tokens SET revoked_at = UTC_TIMESTAMP(6) WHERE name = ? AND revoked_at IS NULL",
    postgres: "/* dutiful.tokens.revoke */
        UPDATE dutiful_tokens SET revoked_at = statement_timestamp()
        WHERE name = $1::text AND revoked_at IS NULL",
};

/// The token in force whose secret has this hash: both columns have an index.
const IN_FORCE: Sql = Sql {
    sqlite: "/* dutiful.tokens.in_force */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, dutiful_now()
        FROM dutiful_tokens
        WHERE (token_hash = ?1 OR (previous_hash = ?2 AND previous_until > dutiful_now()))
          AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > dutiful_now())",
    mysql: "/* dutiful.tokens.in_force */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, UTC_TIMESTAMP(6)
        FROM dutiful_tokens
        WHERE (token_hash = ? OR (previous_hash = ? AND previous_until > UTC_TIMESTAMP(6)))
          AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.tokens.in_force */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, statement_timestamp()
        FROM dutiful_tokens
        WHERE (token_hash = $1::bytea
               OR (previous_hash = $2::bytea AND previous_until > statement_timestamp()))
          AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())",
};

const BY_NAME: Sql = Sql {
    sqlite: "/* dutiful.tokens.by_name */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, dutiful_now()
        FROM dutiful_tokens WHERE name = ?1",
    mysql: "/* dutiful.tokens.by_name */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, UTC_TIMESTAMP(6)
        FROM dutiful_tokens WHERE name = ?",
    postgres: "/* dutiful.tokens.by_name */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, statement_timestamp()
        FROM dutiful_tokens WHERE name = $1::text",
};

const LIST: Sql = Sql {
    sqlite: "/* dutiful.tokens.list */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, dutiful_now()
        FROM dutiful_tokens ORDER BY name LIMIT ?1",
    mysql: "/* dutiful.tokens.list */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, UTC_TIMESTAMP(6)
        FROM dutiful_tokens ORDER BY name LIMIT ?",
    postgres: "/* dutiful.tokens.list */
        SELECT name, scopes, task_names, created_at, expires_at, revoked_at, last_used_at, previous_until,
               token_hash, statement_timestamp()
        FROM dutiful_tokens ORDER BY name LIMIT $1::bigint",
};

/// Guarded, so that of many uses at once one is written.
const USED: Sql = Sql {
    sqlite: "/* dutiful.tokens.used */
        UPDATE dutiful_tokens SET last_used_at = dutiful_now()
        WHERE name = ?1 AND (last_used_at IS NULL OR last_used_at <= dutiful_now() - ?2)",
    mysql: "/* dutiful.tokens.used */
        UPDATE dutiful_tokens SET last_used_at = UTC_TIMESTAMP(6)
        WHERE name = ? AND (last_used_at IS NULL
                            OR last_used_at <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND)",
    postgres: "/* dutiful.tokens.used */
        UPDATE dutiful_tokens SET last_used_at = statement_timestamp()
        WHERE name = $1::text
          AND (last_used_at IS NULL
               OR last_used_at <= statement_timestamp() - $2::bigint * interval '1 microsecond')",
};

/// The SHA-256 of a secret.
pub(crate) type Hash = [u8; 32];

/// A token to be.
#[derive(Debug)]
pub(crate) struct NewRow {
    pub(crate) name: String,
    /// A JSON array.
    pub(crate) scopes: String,
    /// A JSON array; `None` is all.
    pub(crate) task_names: Option<String>,
    pub(crate) expires_at: Option<Timestamp>,
    /// Where `expires_at` is none: so long from now.
    pub(crate) expires_in: Option<Duration>,
}

/// A token as it is stored, without what could be used in place of its secret.
#[derive(Debug)]
pub(crate) struct TokenRow {
    pub(crate) name: String,
    pub(crate) scopes: String,
    pub(crate) task_names: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) previous_until: Option<Timestamp>,
    /// The database's time at the reading.
    pub(crate) now: Timestamp,
}

/// What became of a new secret.
#[derive(Debug)]
pub(crate) enum Written {
    Done(TokenRow),
    /// The token as it is, with another secret.
    Refused(TokenRow),
    Missing,
}

/// Makes a token, unless its name is taken. Safe to repeat: a row with this hash is ours.
pub(crate) async fn insert(db: &Db, token: &NewRow, hash: &Hash) -> DbResult<Written> {
    let params = || -> Vec<Value> {
        vec![
            token.name.as_str().into(),
            hash.to_vec().into(),
            token.scopes.as_str().into(),
            token.task_names.clone().into(),
            token.expires_at.into(),
            token.expires_in.map(micros).into(),
        ]
    };
    match retry::repeat(|| db.write(&INSERT, params())).await {
        Err(error) if error.kind != DbErrorKind::Duplicate => return Err(error),
        _ => {}
    }
    written(db, &token.name, hash).await
}

/// Gives a token another secret; the one that it had goes on for as long as `overlap`.
pub(crate) async fn rotate(
    db: &Db,
    name: &str,
    hash: &Hash,
    overlap: Duration,
) -> DbResult<Written> {
    let params = || -> Vec<Value> {
        vec![
            micros(overlap).into(),
            hash.to_vec().into(),
            name.into(),
            hash.to_vec().into(),
        ]
    };
    retry::repeat(|| db.write(&ROTATE, params())).await?;
    written(db, name, hash).await
}

/// Ends a token for good. `None` when there is none of the name.
pub(crate) async fn revoke(db: &Db, name: &str) -> DbResult<Option<TokenRow>> {
    retry::repeat(|| db.write(&REVOKE, vec![name.into()])).await?;
    let row = by_name(db, name).await?;
    row.map(read).transpose()
}

/// The token whose secret has this hash, if it is neither revoked nor expired.
pub(crate) async fn in_force(db: &Db, hash: &Hash) -> DbResult<Option<TokenRow>> {
    let params = vec![hash.to_vec().into(), hash.to_vec().into()];
    let rows = db.read(&IN_FORCE, params).await?;
    rows.into_iter().next().map(read).transpose()
}

/// Says that a token was used, unless that was said within `pause`.
pub(crate) async fn used(db: &Db, name: &str, pause: Duration) -> DbResult<()> {
    db.write(&USED, vec![name.into(), micros(pause).into()])
        .await?;
    Ok(())
}

/// The tokens by name, at most 1,000.
pub(crate) async fn list(db: &Db) -> DbResult<Vec<TokenRow>> {
    let rows = db.read(&LIST, vec![LIST_OTHERS_MAX.into()]).await?;
    rows.into_iter().map(read).collect()
}

async fn written(db: &Db, name: &str, hash: &Hash) -> DbResult<Written> {
    let Some(row) = by_name(db, name).await? else {
        return Ok(Written::Missing);
    };
    let ours = row.opt_bytes(8)? == Some(&hash[..]);
    let row = read(row)?;
    Ok(if ours {
        Written::Done(row)
    } else {
        Written::Refused(row)
    })
}

async fn by_name(db: &Db, name: &str) -> DbResult<Option<Row>> {
    let rows = db.read(&BY_NAME, vec![name.into()]).await?;
    Ok(rows.into_iter().next())
}

fn read(mut row: Row) -> DbResult<TokenRow> {
    Ok(TokenRow {
        name: take_text(&mut row, 0)?.unwrap_or_default(),
        scopes: take_text(&mut row, 1)?.unwrap_or_default(),
        task_names: take_text(&mut row, 2)?,
        created_at: row.time(3)?,
        expires_at: row.opt_time(4)?,
        revoked_at: row.opt_time(5)?,
        last_used_at: row.opt_time(6)?,
        previous_until: row.opt_time(7)?,
        now: row.time(9)?,
    })
}
