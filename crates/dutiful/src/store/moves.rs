//! Moves of a queue from one database to another: the row in both places that tells of one, and what is
//! done to the tables.
//!
//! What lives here: the statements. What does not: in which order they are run (`moves`), and how calls
//! wait that meet a table that is away (`db`).

mod contents;
mod documents;
pub(crate) mod figures;
pub(crate) mod history;
mod joins;
mod numbers;
pub(crate) mod records;
pub(crate) mod rename;
pub(crate) mod settings;
pub(crate) mod table;
pub(crate) mod tasks;

pub(crate) use numbers::{counts, last_id, leased, now, raise_ids, running, workers};

use crate::db::{Away, Db, DbError, DbErrorKind, DbResult, Row, Sql, Value};
use crate::store::Session;
use dutiful_core::Timestamp;

/// How calls find out why a table is not there.
pub(crate) const WHY_AWAY: Away = Away {
    ask: &SHOW,
    judge: why_away,
};

const LOST: &str = "move_lost";

/// The one row; whether a process that moves holds it now, and whether it changed within the last minute.
const SHOW: Sql = Sql {
    sqlite: "/* dutiful.moves.show */
        SELECT move_id, role, stage, other, token, holder, started_at, changed_at,
               CASE WHEN expires_at > dutiful_now() THEN 1 ELSE 0 END,
               CASE WHEN changed_at > dutiful_now() - 60000000 THEN 1 ELSE 0 END
        FROM dutiful_moves WHERE id = 1",
    mysql: "/* dutiful.moves.show */
        SELECT move_id, role, stage, other, token, holder, started_at, changed_at,
               CASE WHEN expires_at > UTC_TIMESTAMP(6) THEN 1 ELSE 0 END,
               CASE WHEN changed_at > UTC_TIMESTAMP(6) - INTERVAL 60 SECOND THEN 1 ELSE 0 END
        FROM dutiful_moves WHERE id = 1",
    postgres: "/* dutiful.moves.show */
        SELECT move_id, role, stage, other, token, holder, started_at, changed_at,
               CASE WHEN expires_at > statement_timestamp() THEN 1 ELSE 0 END,
               CASE WHEN changed_at > statement_timestamp() - interval '60 seconds' THEN 1 ELSE 0 END
        FROM dutiful_moves WHERE id = 1",
};

/// Whether workers are to claim nothing: a process that is alive waits for running tasks to end.
const DRAINS: Sql = Sql {
    sqlite: "/* dutiful.moves.drains */
        SELECT 1 FROM dutiful_moves
        WHERE id = 1 AND role = 'source' AND stage = 'draining' AND expires_at > dutiful_now()",
    mysql: "/* dutiful.moves.drains */
        SELECT 1 FROM dutiful_moves
        WHERE id = 1 AND role = 'source' AND stage = 'draining' AND expires_at > UTC_TIMESTAMP(6)",
    postgres: "/* dutiful.moves.drains */
        SELECT 1 FROM dutiful_moves
        WHERE id = 1 AND role = 'source' AND stage = 'draining' AND expires_at > statement_timestamp()",
};

/// The first row: move, role, stage, other place, token, holder, lifetime in microseconds.
const INSERT: Sql = Sql {
    sqlite: "/* dutiful.moves.insert */
        INSERT INTO dutiful_moves
          (id, move_id, role, stage, other, token, holder, expires_at, started_at, changed_at)
        VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, dutiful_now() + ?7, dutiful_now(), dutiful_now())",
    mysql: "/* dutiful.moves.insert */
        INSERT INTO dutiful_moves
          (id, move_id, role, stage, other, token, holder, expires_at, started_at, changed_at)
        VALUES (1, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.moves.insert */
        INSERT INTO dutiful_moves
          (id, move_id, role, stage, other, token, holder, expires_at, started_at, changed_at)
        VALUES (1, $1::text, $2::text, $3::text, $4::text, $5::text, $6::text,
                statement_timestamp() + $7::bigint * interval '1 microsecond',
                statement_timestamp(), statement_timestamp())",
};

/// Another move in the row of one that has ended: as `INSERT`; the move and the stage that were seen, token.
const REPLACE: Sql = Sql {
    sqlite: "/* dutiful.moves.replace */
        UPDATE dutiful_moves
        SET move_id = ?1, role = ?2, stage = ?3, other = ?4, token = ?5, holder = ?6,
            expires_at = dutiful_now() + ?7, started_at = dutiful_now(), changed_at = dutiful_now()
        WHERE id = 1 AND move_id = ?8 AND stage = ?9
          AND (token IS NULL OR token = ?10 OR expires_at < dutiful_now())",
    mysql: "/* dutiful.moves.replace */
        UPDATE dutiful_moves
        SET move_id = ?, role = ?, stage = ?, other = ?, token = ?, holder = ?,
            expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
            started_at = UTC_TIMESTAMP(6), changed_at = UTC_TIMESTAMP(6)
        WHERE id = 1 AND move_id = ? AND stage = ?
          AND (token IS NULL OR token = ? OR expires_at < UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.moves.replace */
        UPDATE dutiful_moves
        SET move_id = $1::text, role = $2::text, stage = $3::text, other = $4::text, token = $5::text,
            holder = $6::text, expires_at = statement_timestamp() + $7::bigint * interval '1 microsecond',
            started_at = statement_timestamp(), changed_at = statement_timestamp()
        WHERE id = 1 AND move_id = $8::text AND stage = $9::text
          AND (token IS NULL OR token = $10::text OR expires_at < statement_timestamp())",
};

/// Takes hold of a move when nobody alive has it: token, holder, lifetime in microseconds, move, token.
const TAKE: Sql = Sql {
    sqlite: "/* dutiful.moves.take */
        UPDATE dutiful_moves SET token = ?1, holder = ?2, expires_at = dutiful_now() + ?3
        WHERE id = 1 AND move_id = ?4 AND (token IS NULL OR token = ?5 OR expires_at < dutiful_now())",
    mysql: "/* dutiful.moves.take */
        UPDATE dutiful_moves
        SET token = ?, holder = ?, expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        WHERE id = 1 AND move_id = ? AND (token IS NULL OR token = ? OR expires_at < UTC_TIMESTAMP(6))",
    postgres: "/* dutiful.moves.take */
        UPDATE dutiful_moves
        SET token = $1::text, holder = $2::text,
            expires_at = statement_timestamp() + $3::bigint * interval '1 microsecond'
        WHERE id = 1 AND move_id = $4::text
          AND (token IS NULL OR token = $5::text OR expires_at < statement_timestamp())",
};

/// Takes hold in the target whoever had it: who holds the source decides. Token, holder, lifetime in
/// microseconds, move.
const TAKE_OVER: Sql = Sql {
    sqlite: "/* dutiful.moves.take_over */
        UPDATE dutiful_moves SET token = ?1, holder = ?2, expires_at = dutiful_now() + ?3
        WHERE id = 1 AND move_id = ?4",
    mysql: "/* dutiful.moves.take_over */
        UPDATE dutiful_moves
        SET token = ?, holder = ?, expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        WHERE id = 1 AND move_id = ?",
    postgres: "/* dutiful.moves.take_over */
        UPDATE dutiful_moves
        SET token = $1::text, holder = $2::text,
            expires_at = statement_timestamp() + $3::bigint * interval '1 microsecond'
        WHERE id = 1 AND move_id = $4::text",
};

/// Keeps hold, and locks the row until the end of the transaction: lifetime in microseconds, token. No row
/// means that somebody else has taken over.
const HOLD: Sql = Sql {
    sqlite: "/* dutiful.moves.hold */
        UPDATE dutiful_moves SET expires_at = dutiful_now() + ?1 WHERE id = 1 AND token = ?2",
    mysql: "/* dutiful.moves.hold */
        UPDATE dutiful_moves SET expires_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
        WHERE id = 1 AND token = ?",
    postgres: "/* dutiful.moves.hold */
        UPDATE dutiful_moves SET expires_at = statement_timestamp() + $1::bigint * interval '1 microsecond'
        WHERE id = 1 AND token = $2::text",
};

/// The next stage: stage, token.
const STAGE: Sql = Sql {
    sqlite: "/* dutiful.moves.stage */
        UPDATE dutiful_moves SET stage = ?1, changed_at = dutiful_now() WHERE id = 1 AND token = ?2",
    mysql: "/* dutiful.moves.stage */
        UPDATE dutiful_moves SET stage = ?, changed_at = UTC_TIMESTAMP(6) WHERE id = 1 AND token = ?",
    postgres: "/* dutiful.moves.stage */
        UPDATE dutiful_moves SET stage = $1::text, changed_at = statement_timestamp()
        WHERE id = 1 AND token = $2::text",
};

/// Lets go: token.
const RELEASE: Sql = Sql {
    sqlite: "/* dutiful.moves.release */
        UPDATE dutiful_moves SET token = NULL, holder = NULL, expires_at = NULL WHERE id = 1 AND token = ?1",
    mysql: "/* dutiful.moves.release */
        UPDATE dutiful_moves SET token = NULL, holder = NULL, expires_at = NULL WHERE id = 1 AND token = ?",
    postgres: "/* dutiful.moves.release */
        UPDATE dutiful_moves SET token = NULL, holder = NULL, expires_at = NULL
        WHERE id = 1 AND token = $1::text",
};

/// The row as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) move_id: String,
    pub(crate) role: String,
    pub(crate) stage: String,
    /// The other database, without its password.
    pub(crate) other: String,
    pub(crate) token: Option<String>,
    pub(crate) holder: Option<String>,
    pub(crate) started_at: Timestamp,
    pub(crate) changed_at: Timestamp,
    /// Whether a process that is alive holds it.
    pub(crate) held: bool,
    /// Whether it has changed within the last minute.
    pub(crate) changed_lately: bool,
}

/// What a move writes into the row when it begins.
#[derive(Debug, Clone)]
pub(crate) struct Begin {
    pub(crate) move_id: String,
    pub(crate) role: &'static str,
    pub(crate) stage: &'static str,
    pub(crate) other: String,
    pub(crate) hold: Hold,
}

/// Who holds a move, and for how long after the last word.
#[derive(Debug, Clone)]
pub(crate) struct Hold {
    pub(crate) token: String,
    pub(crate) holder: String,
    /// In microseconds.
    pub(crate) lifetime: i64,
}

fn read(row: &Row) -> DbResult<Seen> {
    let owned = |index| -> DbResult<String> { Ok(row.text(index)?.to_owned()) };
    Ok(Seen {
        move_id: owned(0)?,
        role: owned(1)?,
        stage: owned(2)?,
        other: owned(3)?,
        token: row.opt_text(4)?.map(str::to_owned),
        holder: row.opt_text(5)?.map(str::to_owned),
        started_at: row.time(6)?,
        changed_at: row.time(7)?,
        held: row.int(8)? == 1,
        changed_lately: row.int(9)? == 1,
    })
}

/// The row, if there is one.
pub(crate) async fn show(db: &Db) -> DbResult<Option<Seen>> {
    let rows = db.read(&SHOW, Vec::new()).await?;
    rows.first().map(read).transpose()
}

/// Whether workers are to claim nothing for the moment.
pub(crate) async fn drains(db: &Db) -> DbResult<bool> {
    Ok(!db.read(&DRAINS, Vec::new()).await?.is_empty())
}

/// What a table that is not there means, by the row.
fn why_away(rows: &[Row]) -> Option<DbError> {
    let seen = read(rows.first()?).ok()?;
    let (kind, text) = match (seen.role.as_str(), seen.stage.as_str()) {
        ("source", "moved") => (
            DbErrorKind::Moved,
            format!(
                "this queue was moved to {} at {}; name that database instead (`--database-url` or \
                 DUTIFUL_DATABASE_URL for the programs of Dutiful)",
                seen.other, seen.changed_at
            ),
        ),
        ("source", "away" | "verifying") => (
            DbErrorKind::Moving,
            format!(
                "this queue is being moved to {}: try again in a moment (`dutiful move --status` shows how \
                 far it is)",
                seen.other
            ),
        ),
        ("target", "filling") => (
            DbErrorKind::Moving,
            format!(
                "the queue of {} is being moved here and is not open yet: try again in a moment",
                seen.other
            ),
        ),
        // The tables came back between the call that missed them and this look.
        _ if seen.changed_lately => (
            DbErrorKind::Moving,
            format!(
                "this queue was to be moved to {} until a moment ago: try again",
                seen.other
            ),
        ),
        _ => return None,
    };
    Some(DbError::new(kind, text))
}

/// Writes the row of a move that begins, over that of one that has ended; `false` when somebody else was
/// first.
pub(crate) async fn begin(db: &Db, new: &Begin, over: Option<&Seen>) -> DbResult<bool> {
    let hold = &new.hold;
    let mut params: Vec<Value> = vec![
        new.move_id.as_str().into(),
        new.role.into(),
        new.stage.into(),
        new.other.as_str().into(),
        hold.token.as_str().into(),
        hold.holder.as_str().into(),
        hold.lifetime.into(),
    ];
    let Some(over) = over else {
        return match db.write(&INSERT, params).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == DbErrorKind::Duplicate => Ok(false),
            Err(error) => Err(error),
        };
    };
    params.extend([
        over.move_id.as_str().into(),
        over.stage.as_str().into(),
        hold.token.as_str().into(),
    ]);
    Ok(db.write(&REPLACE, params).await?.affected == 1)
}

/// Takes hold of a move; `false` when a process that is alive has it.
pub(crate) async fn take(db: &Db, move_id: &str, hold: &Hold) -> DbResult<bool> {
    let params = vec![
        hold.token.as_str().into(),
        hold.holder.as_str().into(),
        hold.lifetime.into(),
        move_id.into(),
        hold.token.as_str().into(),
    ];
    Ok(db.write(&TAKE, params).await?.affected == 1)
}

/// Takes hold in the target; `false` when the row is of another move.
pub(crate) async fn take_over(db: &Db, move_id: &str, hold: &Hold) -> DbResult<bool> {
    let params = vec![
        hold.token.as_str().into(),
        hold.holder.as_str().into(),
        hold.lifetime.into(),
        move_id.into(),
    ];
    Ok(db.write(&TAKE_OVER, params).await?.affected == 1)
}

/// Keeps hold; inside a transaction nobody takes over before its end. Fails when somebody has.
pub(crate) async fn hold(session: &mut impl Session, hold: &Hold) -> DbResult<()> {
    let params = vec![hold.lifetime.into(), hold.token.as_str().into()];
    one(session.run(&HOLD, params).await?.affected)
}

/// Writes the next stage. Fails when somebody else has taken over.
pub(crate) async fn stage(session: &mut impl Session, stage: &str, hold: &Hold) -> DbResult<()> {
    let params = vec![stage.into(), hold.token.as_str().into()];
    one(session.run(&STAGE, params).await?.affected)
}

/// Lets go of the row.
pub(crate) async fn release(db: &Db, hold: &Hold) -> DbResult<()> {
    db.write(&RELEASE, vec![hold.token.as_str().into()]).await?;
    Ok(())
}

fn one(affected: u64) -> DbResult<()> {
    match affected {
        1 => Ok(()),
        _ => Err(lost()),
    }
}

/// The error of a process whose move another one has taken over.
pub(crate) fn lost() -> DbError {
    let text = "this process was held up for so long that another one has taken the move over";
    DbError::new(DbErrorKind::Other, text).with_code(LOST)
}

/// Whether another process has taken the move over.
pub(crate) fn is_lost(error: &DbError) -> bool {
    error.code.as_deref() == Some(LOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row as `SHOW` reads it.
    fn row(role: &str, stage: &str, changed_lately: i64) -> Row {
        let time = Timestamp::from_micros(0);
        let text = |text: &str| Value::from(text);
        Row(vec![
            text("id"),
            text(role),
            text(stage),
            text("elsewhere"),
            Value::Text(None),
            Value::Text(None),
            time.into(),
            time.into(),
            0_i64.into(),
            changed_lately.into(),
        ])
    }

    #[test]
    fn a_table_that_is_missing_is_away_or_has_just_come_back_or_was_never_there() {
        let kind = |rows: &[Row]| why_away(rows).map(|error| error.kind);
        assert_eq!(kind(&[]), None);
        let (moving, moved) = (Some(DbErrorKind::Moving), Some(DbErrorKind::Moved));
        assert_eq!(kind(&[row("source", "moved", 1)]), moved);
        assert_eq!(kind(&[row("source", "away", 0)]), moving);
        assert_eq!(kind(&[row("target", "filling", 0)]), moving);
        assert_eq!(kind(&[row("source", "aborted", 1)]), moving);
        assert_eq!(kind(&[row("source", "aborted", 0)]), None);
    }
}
