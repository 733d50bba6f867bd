//! One of the two places of a move: its tables under their usual names, and while they are away.

use crate::client::Client;
use crate::db::{Db, DbError, DbErrorKind, DbOptions, DbResult, away};
use crate::store::moves::rename::{self, There};
use crate::store::moves::{self, Hold};
use crate::store::retry;
use crate::store::session::{Autocommit, OwnTx};
use crate::{Error, ErrorKind, Result};
use std::time::{Duration, Instant};

/// Connections for copying and comparing. The row of the move has one of its own.
const POOL: usize = 2;
/// How long it is tried to take the tables away while long transactions of others keep them.
const RENAME_MAX: Duration = Duration::from_secs(60);
/// Those who queue up behind an attempt get this long before the next.
const RENAME_PAUSE: Duration = Duration::from_millis(500);

/// A database, as a move sees it: its calls do not wait for tables that are away.
pub(super) struct Place {
    /// The database without its password, and the prefix if it is not the usual one.
    pub(super) name: String,
    /// With the usual names.
    pub(super) usual: Db,
    /// With the names that the tables have while they are away.
    pub(super) away: Db,
    /// A connection of its own for the row of the move.
    pub(super) own: Db,
}

impl Place {
    pub(super) async fn open(client: &Client) -> Result<Place> {
        let url = client.url();
        if url.sqlite_file().is_none() && matches!(client.db(), Db::Sqlite(_)) {
            return Err(Error::new(
                ErrorKind::Config,
                "a queue in memory is seen by its own process alone and cannot be moved",
            ));
        }
        let prefix = client.db().prefix().clone();
        let options = DbOptions {
            pool_size: POOL,
            prefix: prefix.clone(),
            away: None,
        };
        let of_away = DbOptions {
            prefix: prefix.away(),
            ..options.clone()
        };
        let usual = Db::open(url, &options).await?;
        Ok(Place {
            name: name(client),
            own: usual.dedicated(),
            away: Db::open(url, &of_away).await?,
            usual,
        })
    }

    pub(super) async fn there(&self) -> DbResult<There> {
        rename::there(&self.usual).await
    }

    /// Writes the next stage of the move; done again it changes nothing.
    pub(super) async fn stage(&self, stage: &str, hold: &Hold) -> DbResult<()> {
        let write = || async { moves::stage(&mut Autocommit(&self.own), stage, hold).await };
        retry::repeat(write).await
    }

    /// Takes the tables away, and writes the stage so that nobody sees one without the other: whoever
    /// misses a table finds out why. Waits for transactions of others, and lets those pass that come behind.
    pub(super) async fn take_away(&self, stage: &str, guarded: bool, hold: &Hold) -> DbResult<()> {
        let began = Instant::now();
        loop {
            let done = match &self.usual {
                Db::Mysql(_) => self.take_away_on_mysql(stage, hold).await,
                Db::Sqlite(_) | Db::Postgres(_) => {
                    self.take_away_at_once(stage, guarded, hold).await
                }
            };
            match done {
                Err(error) if error.may_be_repeated() && began.elapsed() < RENAME_MAX => {
                    tracing::debug!(%error, "the tables are in use; trying again");
                    tokio::time::sleep(RENAME_PAUSE).await;
                    away::pause().await;
                }
                done => return done,
            }
        }
    }

    async fn take_away_at_once(&self, stage: &str, guarded: bool, hold: &Hold) -> DbResult<()> {
        let mut own = OwnTx::begin(&self.usual).await?;
        moves::stage(&mut own, stage, hold).await?;
        if !self.there().await?.all_away() {
            self.wait_shortly(&mut own).await?;
            own.tx.script(rename::AWAY.text(own.dialect)).await?;
            if guarded {
                own.tx.script(rename::GUARD.text(own.dialect)).await?;
            }
        }
        // Waiting for the tables may have taken longer than the hold lasts.
        moves::hold(&mut own, hold).await?;
        own.commit().await
    }

    async fn take_away_on_mysql(&self, stage: &str, hold: &Hold) -> DbResult<()> {
        self.stage(stage, hold).await?;
        let there = self.there().await?;
        match () {
            () if there.all_away() => Ok(()),
            () if there.away.is_empty() => self.on_mysql(rename::AWAY.mysql).await,
            () => {
                self.each_on_mysql(|name| there.usual.contains(name), |(_, away, _)| away)
                    .await
            }
        }
    }

    /// Puts the tables back under their usual names and writes the stage.
    pub(super) async fn put_back(&self, stage: &str, hold: &Hold) -> DbResult<()> {
        let began = Instant::now();
        loop {
            let done = match &self.usual {
                Db::Mysql(_) => self.put_back_on_mysql(stage, hold).await,
                Db::Sqlite(_) | Db::Postgres(_) => self.put_back_at_once(stage, hold).await,
            };
            match done {
                Err(error) if error.may_be_repeated() && began.elapsed() < RENAME_MAX => {
                    tokio::time::sleep(RENAME_PAUSE).await;
                }
                done => return done,
            }
        }
    }

    async fn put_back_at_once(&self, stage: &str, hold: &Hold) -> DbResult<()> {
        let mut own = OwnTx::begin(&self.usual).await?;
        moves::stage(&mut own, stage, hold).await?;
        if !self.there().await?.away.is_empty() {
            self.wait_shortly(&mut own).await?;
            own.tx.script(rename::UNGUARD.text(own.dialect)).await?;
            own.tx.script(rename::BACK.text(own.dialect)).await?;
        }
        moves::hold(&mut own, hold).await?;
        own.commit().await
    }

    async fn put_back_on_mysql(&self, stage: &str, hold: &Hold) -> DbResult<()> {
        // First that nobody has taken over, then the tables, then the stage: as long as one is away, the
        // row says why.
        moves::hold(&mut Autocommit(&self.own), hold).await?;
        let there = self.there().await?;
        match () {
            () if there.away.is_empty() => {}
            () if there.usual.is_empty() => self.on_mysql(rename::BACK.mysql).await?,
            () => {
                self.each_on_mysql(|name| there.away.contains(name), |(_, _, back)| back)
                    .await?;
            }
        }
        self.stage(stage, hold).await
    }

    /// Drops the tables that are away, with everything in them, and forgets that they have been there.
    pub(super) async fn drop_away(&self) -> DbResult<()> {
        if let Db::Mysql(_) = &self.usual {
            for text in rename::DROPS.iter().chain(&rename::FORGET) {
                self.on_mysql(text).await?;
            }
            return Ok(());
        }
        let mut own = OwnTx::begin(&self.usual).await?;
        if self.there().await?.away.contains("tasks") {
            own.tx.script(rename::UNGUARD.text(own.dialect)).await?;
        }
        for text in rename::DROPS.iter().chain(&rename::FORGET) {
            own.tx.script(text).await?;
        }
        own.commit().await
    }

    async fn wait_shortly(&self, own: &mut OwnTx) -> DbResult<()> {
        match &self.usual {
            Db::Postgres(_) => own.tx.script(rename::SHORT_WAIT_ON_POSTGRES).await,
            Db::Sqlite(_) | Db::Mysql(_) => Ok(()),
        }
    }

    async fn on_mysql(&self, text: &'static str) -> DbResult<()> {
        match &self.usual {
            Db::Mysql(db) => db.script(text).await,
            _ => Err(DbError::new(DbErrorKind::Other, "this is not MySQL")),
        }
    }

    async fn each_on_mysql(
        &self,
        is_left: impl Fn(&str) -> bool,
        text: impl Fn(&(&'static str, &'static str, &'static str)) -> &'static str,
    ) -> DbResult<()> {
        for one in rename::ONE_BY_ONE_ON_MYSQL
            .iter()
            .filter(|one| is_left(one.0))
        {
            self.on_mysql(text(one)).await?;
        }
        Ok(())
    }
}

/// What a place is called in the row of the other one, and to people.
fn name(client: &Client) -> String {
    let url = client.url();
    let place = match url.sqlite_file() {
        Some(file) => match std::path::absolute(file) {
            Ok(path) => format!("sqlite:{}", path.display()),
            Err(_) => url.to_string(),
        },
        None => url.to_string(),
    };
    match client.db().prefix().as_str() {
        crate::db::sql::DEFAULT_PREFIX => place,
        prefix => format!("{place} (tables {prefix}*)"),
    }
}
