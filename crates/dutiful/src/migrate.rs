//! Migrations: making, changing and dropping the tables of Dutiful.
//!
//! The program carries its migrations, numbered, in three dialects; the table `dutiful_migrations` records
//! which of them a database has, with a checksum of the text. Two runs at once are safe: one works, the
//! other waits. So is a run that is killed: on SQLite and PostgreSQL it leaves nothing, on MySQL and
//! MariaDB the next run, in either direction, takes up what it left.
//!
//! What lives here: what is to be done and under which lock. What does not: the tables themselves, which are
//! in the folder `migrations`.

mod adopt;
mod apply;
mod export;
mod files;
mod lock;
pub(crate) mod parts;
mod plan;
mod row_lock;
pub(crate) mod selftest;
mod status;
#[cfg(test)]
mod tests;

pub use adopt::{Adoption, AdoptionReport, Merged};
pub use status::{MigrationState, MigrationStatus, SchemaStatus};

use crate::db::{Db, DbErrorKind, DbResult, Dialect, Prefix};
use crate::store::{migrations, retry};
use crate::{Error, ErrorKind, Result};
use files::File;
use lock::Lock;
use plan::{Goal, Recorded};
use serde::Serialize;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// The databases that a schema can be printed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// SQLite.
    Sqlite,
    /// MySQL and MariaDB.
    Mysql,
    /// PostgreSQL.
    Postgres,
}

impl Engine {
    fn dialect(self) -> Dialect {
        match self {
            Engine::Sqlite => Dialect::Sqlite,
            Engine::Mysql => Dialect::Mysql,
            Engine::Postgres => Dialect::Postgres,
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Engine::Sqlite => "SQLite",
            Engine::Mysql => "MySQL and MariaDB",
            Engine::Postgres => "PostgreSQL",
        })
    }
}

impl FromStr for Engine {
    type Err = Error;

    /// Takes the names that begin database URLs.
    fn from_str(name: &str) -> Result<Engine> {
        match name {
            "sqlite" => Ok(Engine::Sqlite),
            "mysql" | "mariadb" => Ok(Engine::Mysql),
            "postgres" | "postgresql" => Ok(Engine::Postgres),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!("`{name}` is no engine; write sqlite, mysql or postgres"),
            )),
        }
    }
}

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Applies.
    Up,
    /// Rolls back. What the tables held is lost.
    Down,
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Direction::Up => "up",
            Direction::Down => "down",
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A migration that a run has applied or rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Migration {
    /// Its number, from 1.
    pub version: u32,
    /// Its name.
    pub name: String,
}

/// Looks after the tables of one database.
#[derive(Debug, Clone)]
pub struct Migrator {
    db: Db,
    files: &'static [File],
}

impl Migrator {
    pub(crate) fn new(db: &Db) -> Migrator {
        Migrator {
            db: db.clone(),
            files: files::ALL,
        }
    }

    /// Applies what is missing, and gives back what it applied, oldest first. Nothing is locked or changed
    /// when nothing is missing. Waits up to 60 s for another run.
    ///
    /// # Errors
    /// `schema` when the tables are newer than this program or were made with another text; `timeout`, with
    /// the name of the holder, when another run takes too long; whatever the database says.
    pub async fn up(&self) -> Result<Vec<Migration>> {
        self.run(Goal::Up).await
    }

    /// Rolls back all versions above `to`, 0 for all, and gives back which, newest first. The tables of
    /// these versions are dropped with everything in them.
    ///
    /// # Errors
    /// As [`Migrator::up`]; `config` when this program knows no version `to`.
    pub async fn down(&self, to: u32) -> Result<Vec<Migration>> {
        let known = files::newest(self.files);
        if to > known {
            return Err(Error::new(
                ErrorKind::Config,
                format!("there is no version {to} to go down to; this program knows 0 to {known}"),
            ));
        }
        self.run(Goal::Down(to)).await
    }

    /// What is known here and what is recorded there. Changes nothing, and works on any database.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn status(&self) -> Result<SchemaStatus> {
        let recorded = self.recorded().await?;
        Ok(SchemaStatus::of(self.files, self.db.dialect(), &recorded))
    }

    /// Is Ok only when the schema is exactly the one that this program needs.
    ///
    /// # Errors
    /// `schema`, with what is wrong and the command that helps; whatever the database says.
    pub async fn check(&self) -> Result<()> {
        let recorded = self.recorded().await?;
        plan::check(self.files, self.db.dialect(), &recorded)
    }

    /// All migrations as text, for a migration tool of the team's own. The text records in
    /// `dutiful_migrations` what it does, so that [`Migrator::status`] agrees afterwards.
    ///
    /// ```
    /// use dutiful::migrate::{Direction, Engine, Migrator};
    ///
    /// let text = Migrator::sql(Engine::Postgres, Direction::Up, "jobs_")?;
    /// assert!(text.contains("CREATE TABLE IF NOT EXISTS jobs_tasks"));
    /// # Ok::<(), dutiful::Error>(())
    /// ```
    ///
    /// # Errors
    /// `config` for a prefix that cannot be used.
    pub fn sql(engine: Engine, direction: Direction, prefix: &str) -> Result<String> {
        let Some(prefix) = Prefix::new(prefix) else {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{prefix}` cannot begin table names; write 1 to 32 of a-z, 0-9 and _, not a digit \
                     first"
                ),
            ));
        };
        Ok(export::text(files::ALL, engine, direction, &prefix))
    }

    /// The rows of the table of migrations; none when there is no such table.
    async fn recorded(&self) -> DbResult<Vec<Recorded>> {
        match self.db.read(&migrations::LIST, Vec::new()).await {
            Ok(rows) => rows.iter().map(Recorded::read).collect(),
            Err(error) if error.kind == DbErrorKind::SchemaMissing => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn run(&self, goal: Goal) -> Result<Vec<Migration>> {
        let recorded = self.recorded().await?;
        if plan::steps(self.files, self.db.dialect(), &recorded, goal)?.is_empty() {
            return Ok(Vec::new());
        }
        retry::repeat(|| lock::create_tables(&self.db)).await?;
        // Over all attempts: what MySQL did in one that was cut off stays done.
        let done = Mutex::new(Vec::new());
        if !retry::repeat(|| self.attempt(goal, &done)).await?? {
            return Err(self.held_by_another().await);
        }
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// One run under the lock; `false` when another has it for too long.
    async fn attempt(&self, goal: Goal, done: &Mutex<Vec<Migration>>) -> DbResult<Result<bool>> {
        let Some(mut lock) = Lock::take(&self.db).await? else {
            return Ok(Ok(false));
        };
        let mut now_done = Vec::new();
        let keeper = lock.keeper();
        let work = apply::run(
            &mut lock,
            self.files,
            self.db.dialect(),
            goal,
            &mut now_done,
        );
        let result = keeper.during(work).await;
        let worked = matches!(result, Ok(Ok(())));
        let undone = lock.undoes() && !worked;
        lock.end(worked).await?;
        if !undone {
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&mut now_done);
        }
        Ok(result?.map(|()| true))
    }

    async fn held_by_another(&self) -> Error {
        let holder = match lock::holder(&self.db).await {
            Ok(holder) => holder,
            Err(error) => format!("a process whose name could not be read ({error})"),
        };
        Error::new(
            ErrorKind::Timeout,
            format!(
                "another run migrates this database and did not end within {} s: {holder}; wait for it, or \
                 stop it, and run this again",
                lock::WAIT_MAX.as_secs()
            ),
        )
    }
}

/// The version of the schema that this program needs.
fn newest_version() -> u32 {
    files::newest(files::ALL)
}
