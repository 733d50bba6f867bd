//! Taking over the tasks of a home-made queue that lives in the same database.
//!
//! What lives here: which rows are read, what each becomes, and what is told about it. What does not: the
//! statements (`store::adopt`), and the rules of states (`core::adopt`).

mod convert;
mod report;
mod settings;
mod shape;

pub use report::{AdoptionReport, Merged};

use super::Migrator;
use crate::Result;
use crate::db::Db;
use crate::store::adopt::{self as store, OldRow, Slots};
use crate::store::figures;
use convert::{Converted, Rules};
use dutiful_core::limits::{ADOPT_BATCH, ADOPT_HEAD_ROOM};
use dutiful_core::{DedupScope, WallClock};
use shape::Shape;
use std::collections::HashMap;

impl Migrator {
    /// Takes over the tasks of a home-made queue: of a table in the same database, MySQL or MariaDB, with the
    /// columns `id`, `task_name`, `task_payload`, `status` (`not_started`, `success`, `error`), `retries`,
    /// `max_retries`, and, if it has them, `created_at`, `last_run_at`, `error_message`, `result_data`.
    ///
    /// Rows are copied under their ids, in batches, each in a transaction of its own: those up to the highest id
    /// that the other table has when the run begins. That table is only read. While it is still written to, run it
    /// again: a row that has changed there is brought up to it here
    /// as long as nobody has claimed, edited or otherwise changed it here. Any number of runs, cut off anywhere
    /// or several at once, come to the same.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// client.migrate().await?;
    /// // Queues of this kind live on MySQL and MariaDB; elsewhere it is refused.
    /// let refused = client.migrator().adopt("ai_server_tasks").dry_run(true).run().await;
    /// assert_eq!(refused.unwrap_err().kind(), dutiful::ErrorKind::Config);
    /// # Ok(()) }
    /// ```
    pub fn adopt(&self, table: &str) -> Adoption {
        Adoption {
            migrator: self.clone(),
            table: table.to_owned(),
            batch: ADOPT_BATCH,
            dry_run: false,
            hold: false,
            only: Vec::new(),
            names: HashMap::new(),
            time_zone: None,
            scope: DedupScope::Always,
        }
    }
}

/// Adopting that can still be changed; [`Adoption::run`] does it.
#[derive(Debug, Clone)]
#[must_use = "nothing is adopted before it is run"]
pub struct Adoption {
    migrator: Migrator,
    table: String,
    batch: usize,
    dry_run: bool,
    hold: bool,
    only: Vec<String>,
    names: HashMap<String, String>,
    time_zone: Option<String>,
    scope: DedupScope,
}

impl Adoption {
    /// At most so many rows in one transaction: 1 to 1,000, by default 500.
    pub fn batch(mut self, rows: usize) -> Self {
        self.batch = rows;
        self
    }

    /// Only tells what would be done. Which rows would find their slot taken by another row of the same table
    /// is remembered for 250,000 slots.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Copies what may still run as held, so that no worker here takes it while the other queue runs it. A
    /// later run without this lets it go.
    pub fn hold(mut self, hold: bool) -> Self {
        self.hold = hold;
        self
    }

    /// Only tasks of these names, as they are in the other table.
    pub fn only(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.only = names.into_iter().map(Into::into).collect();
        self
    }

    /// Tasks of the name `old` get the name `new` here.
    pub fn map_name(mut self, old: &str, new: &str) -> Self {
        self.names.insert(old.to_owned(), new.to_owned());
        self
    }

    /// The clock by which the other queue wrote `DATETIME`s: `UTC` (which is assumed), an IANA name such as
    /// `Europe/Berlin`, or an offset such as `+02:00`. A `TIMESTAMP` needs none.
    pub fn time_zone(mut self, zone: &str) -> Self {
        self.time_zone = Some(zone.to_owned());
        self
    }

    /// How long a copied task keeps its dedup slot: `Always`, by default and as in the other queue, so that a
    /// success is not run again when its payload is submitted again; or `UntilSuccess`, as new tasks here.
    ///
    /// A task that keeps its slot always is never pruned.
    pub fn dedup(mut self, scope: DedupScope) -> Self {
        self.scope = scope;
        self
    }

    /// Does it.
    ///
    /// # Errors
    /// `config` when the database is not MySQL or MariaDB, when there is no such table, when it lacks a column
    /// or has one of another type (the text names all of them), or when a setting cannot be used; `schema` when
    /// our own tables are missing; whatever the database says. What was copied until then stays, and the next
    /// run goes on.
    pub async fn run(self) -> Result<AdoptionReport> {
        self.run_with(|_, _| {}).await
    }

    /// As [`Adoption::run`], and tells after each batch how many rows were looked at, of about how many.
    ///
    /// # Errors
    /// As [`Adoption::run`].
    pub async fn run_with(self, mut progress: impl FnMut(u64, u64)) -> Result<AdoptionReport> {
        let db = &self.migrator.db;
        self.check_settings(db)?;
        let clock = self.clock()?;
        self.migrator.check().await?;
        let Some(table) = store::table(db, &self.table).await? else {
            return Err(self.no_such_table(db).await?);
        };
        let shape = shape::check(&table)?;
        let rules = self.rules(db, &shape, clock);
        let mut report = AdoptionReport::new(&self.table, self.dry_run, &shape, &rules);
        // Only what is there now, or a queue that is quicker than the copying would never be done.
        let there = store::highest(db, &shape.names).await?;
        let end = there.unwrap_or(i64::MIN);
        report.ids_left_up_to = store::needed(db, there, ADOPT_HEAD_ROOM).await?;
        if let (false, Some(last)) = (self.dry_run, report.ids_left_up_to) {
            store::leave(db, last).await?;
        }
        let (mut after, mut slots) = (i64::MIN, Slots::default());
        while let Some(last) = store::sizes(db, &shape.names, after, end, self.batch).await? {
            let rows = store::rows(db, &shape.names, after, last).await?;
            self.adopt_batch(db, &rules, &shape, &rows, &mut report, &mut slots)
                .await?;
            after = last;
            let about = u64::try_from(table.rows).unwrap_or(0);
            progress(report.looked_at, about.max(report.looked_at));
        }
        if !self.dry_run {
            // What has been adopted may have ended before the time that the figures have come to.
            figures::recount(db, &|_| ()).await?;
        }
        Ok(report)
    }

    fn rules(&self, db: &Db, shape: &Shape, clock: WallClock) -> Rules {
        Rules {
            names: self.names.clone(),
            only: self.only.clone(),
            clock,
            wall_clock: shape.wall_clock,
            scope: self.scope.kind(),
            hold: self.hold,
            payload_bytes_max: db.payload_bytes_max(),
            result_bytes_max: db.result_bytes_max(),
        }
    }

    async fn adopt_batch(
        &self,
        db: &Db,
        rules: &Rules,
        shape: &Shape,
        rows: &[OldRow],
        report: &mut AdoptionReport,
        slots: &mut Slots,
    ) -> Result<()> {
        let mut all = Vec::with_capacity(rows.len());
        for old in rows {
            match rules.convert(old) {
                Converted::NotAskedFor => continue,
                Converted::Refused(why) => report.refused.add(old.id, why),
                Converted::Row(made) => {
                    report.tell_made(old, &made, self.hold);
                    all.push(made.row);
                }
            }
            report.looked_at += 1;
            if shape.key.is_some() {
                report.tell_merged(old);
            }
        }
        let fates = match self.dry_run {
            true => store::foresee(db, &self.table, &all, slots).await?,
            false => store::write(db, &self.table, &all).await?,
        };
        for (row, fate) in all.iter().zip(fates) {
            report.tell_fate(row, fate);
        }
        Ok(())
    }
}
