//! The cut-over: running tasks end, the tables go away, what changed last is copied, both places are
//! compared, and the queue opens at the new place. Or, when something goes wrong, is as it was.

use super::copy::{Broken, Pass, TablePass};
use super::place::Place;
use super::report::{MoveProgress, MoveStage, MovedTable};
use super::target::target_error;
use crate::db::DbError;
use crate::store::moves::table::ALL;
use crate::store::moves::{self, Hold};
use crate::store::retry;
use crate::store::session::OwnTx;
use crate::{Error, ErrorKind, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Passes while the queue goes on, at most.
const LIVE_PASSES_MAX: u32 = 8;
/// When a pass has written no more than this, the rest is left to the cut-over.
const FEW_ROWS: u64 = 1_000;
/// Passes in the cut-over: one copies the rest, one proves it. More are needed for nothing that is known.
const LAST_PASSES_MAX: u32 = 4;
/// Workers hear of a move with their beat, every 10 s: only after this does nothing running mean that
/// nothing will begin.
const HEARD_AFTER: Duration = Duration::from_secs(12);
/// Between two looks at what runs.
const LOOK: Duration = Duration::from_millis(500);
/// So many running tasks are counted.
pub(super) const LEASED_COUNTED_MAX: i64 = 10_000;

/// Somebody is told how far a run is.
pub(super) type Tell = dyn Fn(MoveProgress) + Send + Sync;

/// One run of a move between two places that are ready for it.
pub(super) struct Run<'r> {
    pub(super) from: &'r Place,
    pub(super) to: &'r Place,
    pub(super) hold: &'r Hold,
    pub(super) grace: Duration,
    pub(super) stopped: &'r AtomicBool,
    pub(super) tell: &'r Tell,
    pub(super) made: Mutex<Made>,
}

/// What a run has done so far.
#[derive(Debug, Default, Clone)]
pub(super) struct Made {
    /// Whether the new place is ready for rows.
    pub(super) prepared: bool,
    pub(super) passes: u32,
    pub(super) written: Vec<u64>,
    pub(super) leased: u64,
    pub(super) rows_expected: u64,
    pub(super) last: Vec<TablePass>,
}

impl Made {
    /// What the report says of the tables, when a pass of this run has proved them.
    pub(super) fn tables(&self) -> Vec<MovedTable> {
        let both = self.last.iter().zip(&self.written);
        let moved = both.map(|(table, written)| MovedTable {
            table: table.table,
            rows: table.rows,
            written: *written,
            digest: table.source_digest.clone(),
        });
        moved.collect()
    }
}

impl Run<'_> {
    /// Copies while the queue goes on, until little is left.
    pub(super) async fn copy(&self) -> Result<()> {
        let counts = moves::counts(&self.from.usual)
            .await
            .map_err(source_error)?;
        self.made().rows_expected = counts.iter().sum();
        let mut before = u64::MAX;
        for _ in 0..LIVE_PASSES_MAX {
            let pass = self.pass(&self.from.usual, MoveStage::Copying).await?;
            let changed: u64 = pass.iter().map(|table| table.written + table.removed).sum();
            let rows: u64 = pass.iter().map(|table| table.rows).sum();
            // A hundredth of the rows, or no fewer than the time before: it gets no better.
            if changed <= FEW_ROWS.max(rows / 100) || changed >= before {
                break;
            }
            before = changed;
        }
        Ok(())
    }

    /// Lets running tasks end while workers claim nothing, for as long as the grace lasts.
    pub(super) async fn drain(&self) -> Result<()> {
        if self.grace.is_zero() {
            return Ok(());
        }
        self.from
            .stage("draining", self.hold)
            .await
            .map_err(source_error)?;
        let began = Instant::now();
        loop {
            let db = &self.from.usual;
            let leased = moves::running(db, LEASED_COUNTED_MAX)
                .await
                .map_err(source_error)?;
            let workers = moves::workers(db).await.map_err(source_error)?;
            let heard = workers == 0 || began.elapsed() >= HEARD_AFTER;
            if (leased == 0 && heard) || began.elapsed() >= self.grace {
                return Ok(());
            }
            (self.tell)(MoveProgress {
                stage: MoveStage::Draining,
                pass: 0,
                rows: 0,
                rows_expected: 0,
                leased,
            });
            self.go_on()?;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes the tables away and makes both places the same. Nothing is open anywhere afterwards.
    pub(super) async fn cut(&self) -> Result<()> {
        self.from
            .take_away("away", true, self.hold)
            .await
            .map_err(source_error)?;
        let leased = moves::leased(&self.from.away, LEASED_COUNTED_MAX).await;
        self.made().leased = leased.map_err(source_error)?;
        let mut stage = MoveStage::Away;
        for pass in 1..=LAST_PASSES_MAX {
            let tables = self.pass(&self.from.away, stage).await?;
            let clean = tables.iter().all(TablePass::is_clean);
            self.made().last = tables;
            if clean {
                return self.count().await;
            }
            if pass == 1 {
                self.from
                    .stage("verifying", self.hold)
                    .await
                    .map_err(source_error)?;
                stage = MoveStage::Verifying;
            }
        }
        let last = self.made().last.clone();
        let bad = last.iter().find(|table| !table.is_clean());
        let table = bad.map_or("?", |table| table.table);
        Err(Error::new(
            ErrorKind::Database,
            format!(
                "the rows of {table} do not read the same at the new place as at the old one, however often \
                 they are written"
            ),
        ))
    }

    /// Both databases count their rows themselves, and ids go on behind the highest one.
    async fn count(&self) -> Result<()> {
        let (from, to) = (moves::counts(&self.from.away), moves::counts(&self.to.away));
        let (from, to) = tokio::join!(from, to);
        let (from, to) = (from.map_err(source_error)?, to.map_err(target_error)?);
        for (table, (from, to)) in ALL.iter().zip(from.iter().zip(&to)) {
            if from != to {
                let text = format!(
                    "{} has {from} rows at the old place and {to} at the new one, although both were read \
                     the same",
                    table.name
                );
                return Err(Error::new(ErrorKind::Database, text));
            }
        }
        let last = moves::last_id(&self.from.away)
            .await
            .map_err(source_error)?;
        let raise = || async move {
            let mut own = OwnTx::begin(&self.to.away).await?;
            moves::hold(&mut own, self.hold).await?;
            let highest = moves::last_id(&self.to.away).await?;
            moves::raise_ids(&mut own, last, highest).await?;
            own.commit().await
        };
        retry::repeat(raise).await.map_err(target_error)
    }

    async fn pass(&self, source: &crate::db::Db, stage: MoveStage) -> Result<Vec<TablePass>> {
        let (number, rows_expected) = {
            let mut made = self.made();
            made.passes += 1;
            (made.passes, made.rows_expected)
        };
        let rows = std::sync::atomic::AtomicU64::new(0);
        let looked = |more: u64| {
            let rows = rows.fetch_add(more, Ordering::Relaxed) + more;
            (self.tell)(MoveProgress {
                stage,
                pass: number,
                rows,
                rows_expected: rows_expected.max(rows),
                leased: 0,
            });
            !self.stopped.load(Ordering::Relaxed)
        };
        let pass = Pass {
            source,
            target: &self.to.away,
            hold: self.hold,
            looked: &looked,
        };
        let mut tables = Vec::with_capacity(ALL.len());
        for (index, table) in ALL.into_iter().enumerate() {
            let done = Box::pin(pass.table(table)).await.map_err(broken)?;
            let mut made = self.made();
            made.written.resize(ALL.len(), 0);
            made.written[index] += done.written;
            tables.push(done);
        }
        Ok(tables)
    }

    fn go_on(&self) -> Result<()> {
        match self.stopped.load(Ordering::Relaxed) {
            true => Err(stopped()),
            false => Ok(()),
        }
    }

    pub(super) fn made(&self) -> std::sync::MutexGuard<'_, Made> {
        self.made
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn broken(broken: Broken) -> Error {
    match broken {
        Broken::Source(error) => source_error(error),
        Broken::Target(error) => target_error(error),
        Broken::Stopped => stopped(),
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Conflict, "the move was told to stop")
}

pub(super) fn source_error(error: DbError) -> Error {
    Error::from(error).context("the database to move from")
}
