//! Proof that the server's `SKIP LOCKED` locks: what two workers rely on when they claim at once.

use crate::db::{Db, Tx};
use crate::store::migrations::{LIST, LOCK_ROW};
use crate::{Error, ErrorKind, Result};
use std::pin::pin;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often the row is asked for while other workers, which make the same test, hold it.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);
/// How long the answer may take while the row is locked; a busy server may need even longer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How many late answers in a row prove that the server waits: one may have been held up by something else.
const LATE_MAX: u32 = 3;

/// Locks a row on one connection and asks for it on another, which must not get it.
///
/// Needs a schema that has passed [`super::Migrator::check`]. Nothing to prove on SQLite, where one
/// connection writes at a time.
pub(crate) async fn skip_locked_holds(db: &Db) -> Result<()> {
    if matches!(db, Db::Sqlite(_)) {
        return Ok(());
    }
    let version = i64::from(super::newest_version());
    for _ in 0..LATE_MAX {
        let Some(tx) = lock_row(db, version).await? else {
            // The row is there, and for a second nobody gave it to us: locks are skipped.
            return Ok(());
        };
        match ask(db, version, tx).await? {
            Asked::Nothing => return Ok(()),
            Asked::Row => return Err(refusal("gave the same row to two connections at once")),
            Asked::RowAfterRelease => {}
        }
    }
    Err(refusal("waited for a locked row instead of skipping it"))
}

/// What the other connection was given.
enum Asked {
    Nothing,
    Row,
    /// It waited for the row, or the server stood still and then released the row first.
    RowAfterRelease,
}

/// Asks for the row on another connection, and lets go of the lock. An answer that is late and without the
/// row has not waited for that.
async fn ask(db: &Db, version: i64, tx: Tx) -> Result<Asked> {
    let other = db.dedicated();
    // Connects before the clock runs.
    other.read(&LIST, Vec::new()).await?;
    let mut answer = pin!(other.write(&LOCK_ROW, vec![version.into()]));
    let in_time = timeout(ANSWER_MAX, &mut answer).await;
    tx.rollback().await?;
    let (reply, given) = match in_time {
        Ok(reply) => (reply?, Asked::Row),
        Err(_) => (answer.await?, Asked::RowAfterRelease),
    };
    Ok(if reply.rows.is_empty() {
        Asked::Nothing
    } else {
        given
    })
}

/// A transaction that has locked the row; `None` when others held it all the time.
async fn lock_row(db: &Db, version: i64) -> Result<Option<Tx>> {
    for _ in 0..TRIES {
        let mut tx = db.begin().await?;
        let reply = tx.run(&LOCK_ROW, vec![version.into()]).await?;
        if !reply.rows.is_empty() {
            return Ok(Some(tx));
        }
        tx.rollback().await?;
        sleep(PAUSE).await;
    }
    Ok(None)
}

fn refusal(what: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "this server {what}, so workers would run tasks twice: it does not honour FOR UPDATE SKIP \
             LOCKED, or the database URL spreads connections over several nodes; use a server that does, \
             or name one node in the URL"
        ),
    )
}
