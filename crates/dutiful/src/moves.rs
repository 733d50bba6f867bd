//! Moving a queue that is in use to another database, of any engine.
//!
//! A [`Mover`] copies all rows while everybody goes on working, then cuts over: running tasks get a grace, the
//! tables go away, what changed last is copied, every row of both places is compared, and the queue opens at
//! the new place. Whoever submits meanwhile waits; afterwards the old place names the new one in an error of
//! the kind [`ErrorKind::Moved`](crate::ErrorKind::Moved).
//!
//! What is true of a move stands in a row of `dutiful_moves` in both databases, so a run that was killed is
//! gone on with by the next, or aborted, and of two runs at once one waits.
//!
//! ```
//! use dutiful::{Client, moves::Mover};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
//! # let folder = tempfile::tempdir().unwrap();
//! # let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
//! let from = Client::connect(&url("old.db")).await?;
//! from.migrate().await?;
//! let id = from.submit_json("Resize", serde_json::json!({ "width": 640 })).await?.id;
//!
//! let to = Client::connect(&url("new.db")).await?;
//! let report = Mover::new(&from, &to).run().await?;
//! assert_eq!(report.tables[0].rows, 1);
//! assert_eq!(to.get(id).await?.task_name, "Resize");
//! assert_eq!(from.get(id).await.unwrap_err().kind(), dutiful::ErrorKind::Moved);
//! # Ok(()) }
//! ```
//!
//! What lives here: the order of things. What does not: the statements (`store::moves`).

mod copy;
mod cut;
mod hold;
mod place;
mod plan;
mod report;
mod stream;
mod target;
mod undo;

pub use report::{MoveOutlook, MoveProgress, MoveReport, MoveStage, MoveStatus, MovedTable};

use crate::client::Client;
use crate::db::DbResult;
use crate::store::moves::table::ALL;
use crate::store::moves::{self, Begin, Hold, Seen};
use crate::{Error, Result};
use cut::{Made, Run, Tell, source_error};
use dutiful_core::limits::{MOVE_GRACE, MOVE_GRACE_MAX};
use place::Place;
use plan::{Source, conflict};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a run waits for another one that may have died.
const WAIT_MAX: Duration = Duration::from_secs(15);
const ASK_EVERY: Duration = Duration::from_millis(200);

/// Moves the queue of one database to another one.
pub struct Mover {
    from: Client,
    to: Client,
    grace: Duration,
    tell: Box<Tell>,
    stopped: AtomicBool,
}

impl std::fmt::Debug for Mover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mover")
            .field("from", &self.from)
            .field("to", &self.to)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}

/// A move of which this process has taken hold at the old place.
struct Taken {
    move_id: String,
    hold: Hold,
    resumed: bool,
    finished: bool,
    /// Whether the tables are away already.
    away: bool,
}

impl Mover {
    /// From one database to another; nothing happens before [`Mover::run`].
    pub fn new(from: &Client, to: &Client) -> Mover {
        Mover {
            from: from.clone(),
            to: to.clone(),
            grace: MOVE_GRACE,
            tell: Box::new(|_| {}),
            stopped: AtomicBool::new(false),
        }
    }

    /// How long running tasks may go on before the tables go away, by default 60 s, at most a day. Workers
    /// hear of it with their next beat, within 10 s, and claim nothing from then on. With zero nobody is
    /// waited for. What still runs afterwards comes along with its lease: at the new place it is taken over
    /// when that ends.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Mover {
        self.grace = grace.min(MOVE_GRACE_MAX);
        self
    }

    /// Is told often how far the run is.
    #[must_use]
    pub fn on_progress(mut self, tell: impl Fn(MoveProgress) + Send + Sync + 'static) -> Mover {
        self.tell = Box::new(tell);
        self
    }

    /// Tells a run of this mover to end. It puts the tables back if they are away, so the queue works on at
    /// the old place; another run goes on where this one ended.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Looks whether the move can be made, and what it would do. Changes nothing.
    ///
    /// # Errors
    /// As [`Mover::run`].
    pub async fn outlook(&self) -> Result<MoveOutlook> {
        Box::pin(self.look()).await
    }

    async fn look(&self) -> Result<MoveOutlook> {
        self.from.migrator().check().await.map_err(about_source)?;
        let (from, to) = self.open().await?;
        let makes_tables = target::needs_tables(&self.to).await?;
        let there = target::seen(&self.to, &to).await?;
        let seen = show(&from).await?;
        let source = plan::source(seen.as_ref(), &to.name, there.as_ref())?;
        let move_id = match &source {
            Source::Begin => "",
            Source::Resume { move_id } | Source::Finish { move_id } => move_id,
        };
        let found = plan::target(there.as_ref(), &from.name, move_id)?;
        if found == plan::Target::Begin && !makes_tables {
            target::refuse_rows(
                &moves::counts(&to.usual)
                    .await
                    .map_err(target::target_error)?,
            )?;
        }
        let db = match from.there().await.map_err(source_error)?.away.is_empty() {
            true => &from.usual,
            false => &from.away,
        };
        let counts = moves::counts(db).await.map_err(source_error)?;
        Ok(MoveOutlook {
            resumes: source != Source::Begin,
            makes_tables,
            tables: ALL.iter().map(|table| table.name).zip(counts).collect(),
            leased: moves::leased(db, cut::LEASED_COUNTED_MAX)
                .await
                .map_err(source_error)?,
            workers: moves::workers(db).await.map_err(source_error)?,
            clock_ahead_micros: clock_ahead(&from, &to).await?,
            from: from.name,
            to: to.name,
        })
    }

    /// Moves. When it fails before the end, or is told to stop, the queue is where it was and works on; a
    /// process that is killed in the cut-over leaves it away, until the next run or [`Mover::abort`].
    ///
    /// # Errors
    /// `schema` when the old place has tables of another version, or the new one has; `conflict` when the
    /// new place is in use, when another move is under way there or here, or another process is at this one;
    /// `config` for a place that cannot be moved; whatever the databases say.
    pub async fn run(&self) -> Result<MoveReport> {
        // On the heap: such futures are large, and callers' stacks may be small.
        Box::pin(self.run_to_its_end()).await
    }

    async fn run_to_its_end(&self) -> Result<MoveReport> {
        let began = Instant::now();
        self.from.migrator().check().await.map_err(about_source)?;
        let (from, to) = self.open().await?;
        let there = target::seen(&self.to, &to).await?;
        let clock_ahead_micros = clock_ahead(&from, &to).await?;
        let taken = self.take(&from, &to, there.as_ref()).await?;
        let hold = &taken.hold;
        let run = Run {
            from: &from,
            to: &to,
            hold,
            grace: self.grace,
            stopped: &self.stopped,
            tell: &*self.tell,
            made: Made::default().into(),
        };
        let work = async {
            let done = Box::pin(self.carry_out(&run, &taken)).await;
            // Whatever went wrong: as long as nothing is final the old place is the right one.
            match &done {
                Err(error) if !is_lost(error) => {
                    let begun = taken.resumed || run.made().prepared;
                    give_back(&from, hold, error, begun).await?;
                }
                _ => {}
            }
            done
        };
        let done = hold::during(&from, &to, hold, work)
            .await
            .map_err(source_error)?;
        let released = moves::release(&from.own, hold).await;
        let cut_over = done?;
        released.map_err(source_error)?;
        let made = run.made().clone();
        Ok(MoveReport {
            tables: made.tables(),
            passes: made.passes,
            leased: made.leased,
            move_id: taken.move_id,
            resumed: taken.resumed,
            clock_ahead_micros,
            took: began.elapsed(),
            cut_over,
            from: from.name,
            to: to.name,
        })
    }

    /// Everything under the hold. Gives back how long the queue was away.
    async fn carry_out(&self, run: &Run<'_>, taken: &Taken) -> Result<Duration> {
        let (from, to, hold) = (run.from, run.to, &taken.hold);
        let open = target::prepare(&self.to, to, &from.name, &taken.move_id, hold).await?;
        run.made().prepared = true;
        let began = Instant::now();
        if !taken.finished {
            if open {
                return Err(conflict(
                    "the new place is open already, and the old one does not say so",
                ));
            }
            if !taken.away {
                Box::pin(run.copy()).await?;
                Box::pin(run.drain()).await?;
            }
            let began = Instant::now();
            Box::pin(run.cut()).await?;
            // From here on the queue is at the new place.
            from.stage("moved", hold).await.map_err(source_error)?;
            target::open(to, hold).await.map_err(not_open)?;
            return Ok(began.elapsed());
        }
        if !open {
            target::open(to, hold).await.map_err(not_open)?;
        }
        Ok(began.elapsed())
    }

    async fn open(&self) -> Result<(Place, Place)> {
        let from = Place::open(&self.from).await.map_err(about_source)?;
        let to = Place::open(&self.to)
            .await
            .map_err(|error| error.context("the database to move to"))?;
        if from.name == to.name {
            return Err(Error::new(
                crate::ErrorKind::Config,
                "both URLs name the same database and the same tables",
            ));
        }
        Ok((from, to))
    }

    /// Takes hold of the move at the old place, or begins one. Waits for a process that may have died.
    async fn take(&self, from: &Place, to: &Place, there: Option<&Seen>) -> Result<Taken> {
        let hold = hold::new();
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let seen = show(from).await?;
            let source = plan::source(seen.as_ref(), &to.name, there)?;
            let (move_id, took) = match source {
                Source::Begin => {
                    let move_id = uuid::Uuid::new_v4().to_string();
                    // Before anything is written anywhere: whether the other place will do.
                    plan::target(there, &from.name, &move_id)?;
                    let begin = Begin {
                        move_id: move_id.clone(),
                        role: "source",
                        stage: "copying",
                        other: to.name.clone(),
                        hold: hold.clone(),
                    };
                    let began = moves::begin(&from.own, &begin, seen.as_ref()).await;
                    (move_id, began.map_err(source_error)?)
                }
                Source::Resume { move_id } | Source::Finish { move_id } => {
                    let took = moves::take(&from.own, &move_id, &hold).await;
                    (move_id, took.map_err(source_error)?)
                }
            };
            if took {
                return taken(from, move_id, hold, seen).await;
            }
            if Instant::now() >= deadline {
                let holder = seen.and_then(|seen| seen.holder);
                return Err(conflict(format!(
                    "another process is at this move: {}; let it work, or stop it and run this again",
                    holder.as_deref().unwrap_or("it does not say which")
                )));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
}

async fn taken(from: &Place, move_id: String, hold: Hold, seen: Option<Seen>) -> Result<Taken> {
    let seen = seen.filter(|seen| seen.move_id == move_id);
    let there = from.there().await.map_err(source_error)?;
    Ok(Taken {
        resumed: seen.is_some(),
        finished: seen.is_some_and(|seen| seen.stage == "moved"),
        away: !there.away.is_empty(),
        move_id,
        hold,
    })
}

async fn show(from: &Place) -> Result<Option<Seen>> {
    moves::show(&from.own).await.map_err(source_error)
}

/// After a failure: the tables come back, and the move can be gone on with; one that has not begun at the new
/// place is forgotten. Not when the failure came after the last step that counts: then the queue is there.
async fn give_back(from: &Place, hold: &Hold, error: &Error, begun: bool) -> Result<()> {
    let seen = moves::show(&from.own).await;
    if seen.is_ok_and(|seen| seen.is_some_and(|seen| seen.stage == "moved")) {
        return Ok(());
    }
    tracing::warn!(%error, "the move did not come to its end; the tables are put back");
    let stage = if begun { "copying" } else { "aborted" };
    let back = from.put_back(stage, hold).await;
    back.map_err(|failed| match moves::is_lost(&failed) {
        true => source_error(failed),
        false => source_error(failed).context(format!(
            "{error}; and the tables could not be put back: run the move again, or abort it \
             (`dutiful move --abort`)"
        )),
    })
}

fn is_lost(error: &Error) -> bool {
    error.to_string().contains(&moves::lost().message)
}

fn not_open(error: Error) -> Error {
    error.context(
        "all rows are at the new place and compared, and it could not be opened: run the move again to do \
         that",
    )
}

fn about_source(error: Error) -> Error {
    error.context("the database to move from")
}

/// By how much the clock of the new place is ahead.
async fn clock_ahead(from: &Place, to: &Place) -> Result<i64> {
    let asked = Instant::now();
    let old: DbResult<_> = moves::now(&from.own).await;
    let between = asked.elapsed();
    let new = moves::now(&to.own).await.map_err(target::target_error)?;
    let took = i64::try_from((asked.elapsed() - between).as_micros() / 2).unwrap_or(0);
    let took = took + i64::try_from(between.as_micros() / 2).unwrap_or(0);
    Ok(new.as_micros() - old.map_err(source_error)?.as_micros() - took)
}
