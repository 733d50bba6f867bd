//! Carrying out a plan, statement by statement, with a record of each.

use super::files::{self, File};
use super::lock::Lock;
use super::plan::{self, Begin, Goal, Recorded, Step};
use super::{Direction, Migration};
use crate::db::{DbError, DbErrorKind, DbResult, Dialect};
use crate::store::migrations;
use crate::{Error, Result};

/// What MySQL says of a table, column or key that is there already, or gone already.
const DONE_BEFORE_ON_MYSQL: [&str; 5] = ["1050", "1051", "1060", "1061", "1091"];
/// What SQLite says of a column that is there already, or gone already. It has no codes for that.
const DONE_BEFORE_ON_SQLITE: [&str; 2] = ["duplicate column name", "no such column"];

/// Plans from what is recorded now, under the lock, and does it. What is done is added to `done`.
pub(super) async fn run(
    lock: &mut Lock,
    files: &'static [File],
    dialect: Dialect,
    goal: Goal,
    done: &mut Vec<Migration>,
) -> DbResult<Result<()>> {
    let rows = lock.run(&migrations::LIST, Vec::new()).await?.rows;
    let recorded: Vec<Recorded> = rows.iter().map(Recorded::read).collect::<DbResult<_>>()?;
    let steps = match plan::steps(files, dialect, &recorded, goal) {
        Ok(steps) => steps,
        Err(refused) => return Ok(Err(refused)),
    };
    for step in &steps {
        let (version, name) = (step.file.version, step.file.name);
        match run_step(lock, dialect, step, goal).await {
            Ok(()) => {}
            Err(Failed {
                statement: Some(number),
                error,
            }) if !error.is_transient() => {
                return Ok(Err(Error::from(error).context(format!(
                    "statement {number} of migration {version} ({name}), {}, failed",
                    step.direction
                ))));
            }
            Err(Failed { error, .. }) => return Err(error),
        }
        tracing::info!(version, name, direction = %step.direction, "migrated");
        done.push(step.migration());
    }
    Ok(Ok(()))
}

/// An error, and the statement of the migration that it is about, counted from 1.
struct Failed {
    statement: Option<usize>,
    error: DbError,
}

impl From<DbError> for Failed {
    fn from(error: DbError) -> Failed {
        Failed {
            statement: None,
            error,
        }
    }
}

async fn run_step(
    lock: &mut Lock,
    dialect: Dialect,
    step: &Step,
    goal: Goal,
) -> Result<(), Failed> {
    begin(lock, dialect, step).await?;
    let texts = step.file.texts(dialect);
    let statements = files::statements(match step.direction {
        Direction::Up => texts.up,
        Direction::Down => texts.down,
    });
    let (version, direction) = (i64::from(step.file.version), step.direction.name());
    for (index, text) in statements.iter().enumerate().skip(step.first_statement()) {
        lock.confirm().await?;
        match lock.script(text).await {
            // Where all tables go, one that is gone already needs no change. PostgreSQL would give up the transaction:
            // there the text says `IF EXISTS`.
            Err(error) if goal == Goal::Down(0) && error.kind == DbErrorKind::SchemaMissing => {}
            Err(error) if step.repeated.contains(&index) && was_done_before(dialect, &error) => {}
            result => result.map_err(|error| Failed {
                statement: Some(index + 1),
                error,
            })?,
        }
        let params = vec![version.into(), direction.into(), count(index).into()];
        one_row(lock.run(&migrations::ADVANCE, params).await?.affected)?;
    }
    let finish = match step.direction {
        Direction::Up => &migrations::FINISH_UP,
        Direction::Down => &migrations::FINISH_DOWN,
    };
    let params = vec![version.into(), count(statements.len()).into()];
    one_row(lock.run(finish, params).await?.affected)?;
    Ok(())
}

async fn begin(lock: &mut Lock, dialect: Dialect, step: &Step) -> DbResult<()> {
    let version = i64::from(step.file.version);
    let checksum = step.file.checksum(dialect);
    let reply = match step.begin {
        Begin::New => {
            let params = vec![version.into(), step.file.name.into(), checksum.into()];
            lock.run(&migrations::START, params).await?
        }
        Begin::Turn { statements_done } => {
            let direction = step.direction.name();
            let before = count(statements_done).into();
            let params = vec![checksum.into(), direction.into(), version.into(), before];
            lock.run(&migrations::TURN, params).await?
        }
        Begin::Resume { .. } => return Ok(()),
    };
    one_row(reply.affected)
}

/// The record is written only as it was read: whoever finds it changed has lost the lock to another run.
fn one_row(affected: u64) -> DbResult<()> {
    match affected {
        1 => Ok(()),
        _ => Err(super::lock::lost()),
    }
}

fn was_done_before(dialect: Dialect, error: &DbError) -> bool {
    match dialect {
        Dialect::Sqlite => DONE_BEFORE_ON_SQLITE
            .iter()
            .any(|said| error.message.starts_with(said)),
        Dialect::Mysql => {
            let code = error.code.as_deref();
            error.kind == DbErrorKind::Other
                && code.is_some_and(|code| DONE_BEFORE_ON_MYSQL.contains(&code))
        }
        // Its statements say `IF EXISTS` and `IF NOT EXISTS` of columns too.
        Dialect::Postgres => false,
    }
}

fn count(statements: usize) -> i64 {
    i64::try_from(statements).unwrap_or(i64::MAX)
}
