//! One statement on one connection.

use super::convert;
use super::errors;
use super::rows::Param;
use crate::db::{DbError, DbErrorKind, DbResult, Reply};
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, RowStream};

/// A frozen server must not hold a caller for long. Waits for locks are shorter.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Building an index may take minutes.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Where a statement runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a transaction of its own: one that never began can be sent again.
    Alone,
    /// In a transaction that an error undoes as a whole.
    InTransaction,
}

/// Runs one statement: one round trip once it is prepared.
///
/// `caching` says whether statements are prepared and kept; it is switched off when the server turns out
/// not to know them any more.
pub(super) async fn execute(
    client: &ClientWrapper,
    text: &str,
    params: &[Param],
    caching: &AtomicBool,
    place: Place,
) -> DbResult<Reply> {
    bounded(ANSWER_TIMEOUT, async {
        match once(client, text, params, caching.load(Ordering::Relaxed)).await {
            Err(Failure::Stale(error)) => {
                forget(client, text, params, &error, caching);
                if place == Place::InTransaction {
                    return Err(DbError {
                        kind: DbErrorKind::Transient,
                        ..errors::running(&error)
                    });
                }
                let again = once(client, text, params, caching.load(Ordering::Relaxed)).await;
                again.map_err(Failure::into_error)
            }
            done => done.map_err(Failure::into_error),
        }
    })
    .await
}

/// `BEGIN`, `COMMIT`, `ROLLBACK`.
pub(super) async fn command(client: &ClientWrapper, text: &str) -> DbResult<()> {
    bounded(ANSWER_TIMEOUT, batch(client, text)).await
}

/// A statement of a migration.
pub(super) async fn migration(client: &ClientWrapper, text: &str) -> DbResult<()> {
    bounded(MIGRATION_TIMEOUT, batch(client, text)).await
}

async fn batch(client: &ClientWrapper, text: &str) -> DbResult<()> {
    let done = client.batch_execute(text).await;
    done.map_err(|error| errors::running(&error))
}

async fn bounded<T>(limit: Duration, work: impl Future<Output = DbResult<T>>) -> DbResult<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let seconds = limit.as_secs();
        let text = format!("the server did not answer within {seconds} s");
        Err(DbError::new(DbErrorKind::LinkLost, text))
    })
}

enum Failure {
    /// The prepared statement no longer fits: the statement did not run.
    Stale(Error),
    Driver(Error),
    Row(DbError),
}

impl Failure {
    fn of(error: Error) -> Failure {
        let stale = error
            .as_db_error()
            .is_some_and(|error| match error.code().code() {
                "0A000" => error.routine() == Some("RevalidateCachedQuery"),
                // The server does not know the name, or knows it already: sessions are changed under us.
                "26000" | "42P05" => true,
                _ => false,
            });
        if stale {
            Failure::Stale(error)
        } else {
            Failure::Driver(error)
        }
    }

    fn into_error(self) -> DbError {
        match self {
            Failure::Stale(error) | Failure::Driver(error) => errors::running(&error),
            Failure::Row(error) => error,
        }
    }
}

fn forget(
    client: &ClientWrapper,
    text: &str,
    params: &[Param],
    error: &Error,
    caching: &AtomicBool,
) {
    let types: Vec<Type> = params.iter().map(Param::type_of).collect();
    drop(client.statement_cache.remove(text, &types));
    let schema_changed = error.code().is_some_and(|code| code.code() == "0A000");
    if !schema_changed && caching.swap(false, Ordering::Relaxed) {
        tracing::info!(
            "prepared statements do not last here, as behind a pooler in transaction mode; going on without"
        );
    }
}

async fn once(
    client: &ClientWrapper,
    text: &str,
    params: &[Param],
    caching: bool,
) -> Result<Reply, Failure> {
    if !caching {
        return unprepared(client, text, params).await;
    }
    let types: Vec<Type> = params.iter().map(Param::type_of).collect();
    let statement = client
        .prepare_typed_cached(text, &types)
        .await
        .map_err(Failure::of)?;
    let stream = client.query_raw(&statement, params).await;
    collect(stream.map_err(Failure::of)?).await
}

async fn unprepared(client: &Client, text: &str, params: &[Param]) -> Result<Reply, Failure> {
    let types = params.iter().map(Param::type_of);
    let stream = client.query_typed_raw(text, params.iter().zip(types)).await;
    collect(stream.map_err(Failure::of)?).await
}

/// Runs one statement on a connection that is not ours: in one round trip, and nothing stays there.
pub(super) async fn as_guest(client: &Client, text: &str, params: &[Param]) -> DbResult<Reply> {
    let done = unprepared(client, text, params).await;
    done.map_err(Failure::into_error)
}

async fn collect(stream: RowStream) -> Result<Reply, Failure> {
    let mut stream = pin!(stream);
    let mut reply = Reply::default();
    while let Some(row) = stream.as_mut().try_next().await.map_err(Failure::of)? {
        reply.rows.push(convert::row(&row).map_err(Failure::Row)?);
    }
    reply.affected = stream.rows_affected().unwrap_or(0);
    Ok(reply)
}
