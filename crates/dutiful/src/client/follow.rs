//! Following what happens to tasks, from any moment on.
//!
//! What lives here: reading on from a cursor, and telling each change once. What does not: the statements
//! (`store/changes.rs`), and who is told.
//!
//! Rows become visible when they are committed, in no certain order. So a follower begins each look where it was a
//! second before, and reads everything once more when it is [`FOLLOW_SETTLED`] old, by when it has surely been
//! committed. What it then finds for the first time is told late. The cursor is the place of this last reading.

mod change;
mod cursor;
mod told;

pub use change::Change;
pub use cursor::Cursor;

use super::{Client, Signal};
use crate::Result;
use crate::store::changes::{self, Sight};
use dutiful_core::limits::{FOLLOW_PAGE, FOLLOW_PAGES_MAX, FOLLOW_SETTLED};
use dutiful_core::{ChangeKind, State, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use told::{Open, Told};

/// Most is committed within this time.
const OVERLAP: Duration = Duration::from_secs(1);

/// Follows what happens to tasks. Made by [`Client::follow`].
#[derive(Debug)]
pub struct Follower {
    client: Client,
    /// Beginnings of attempts before this time are old news.
    from: Timestamp,
    /// Where looks have ended, the last of them at the back: those of the last second, and one before.
    newest: VecDeque<(Timestamp, Cursor)>,
    /// What lies before is surely read.
    settled: Cursor,
    told: Told,
    open: Open,
    /// A look that breaks off must not lose what it has found already.
    found: Vec<Change>,
    signal: Arc<Signal>,
}

/// What one look has found.
#[derive(Debug)]
#[non_exhaustive]
pub struct Look {
    /// What has happened, in the order of its times.
    pub changes: Vec<Change>,
    /// Whether this is all that there is by now. If not, look again at once.
    pub caught_up: bool,
}

impl Client {
    /// Follows what happens to tasks, from a cursor on, or from now on.
    ///
    /// Told are: every task that is submitted, every end of a task, and every attempt that does not succeed, as long
    /// as the tables hold them, also when they happened while nobody followed. With each end comes the beginning of
    /// its attempt, unless that was told when it was seen: of the 1,000 newest tasks that have not ended each is
    /// looked at, for its beginning and for changes by hand. What came and went between two looks may be missing:
    /// a second retry by hand after a second failure, for example, is told, but not that it waited in between.
    ///
    /// A change may be told a second time by a follower that goes on at a cursor: of the last 10 seconds before it.
    /// A task that was submitted in a transaction which stayed open for longer than 10 seconds may be told of only
    /// when it ends.
    ///
    /// # Errors
    /// Whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// let mut follower = client.follow(None).await?;
    /// let submitted = client.submit_json("Resize", serde_json::json!({ "width": 640 })).await?;
    /// let look = follower.look().await?;
    /// assert_eq!(look.changes[0].id, submitted.id);
    /// // Later, perhaps on another machine:
    /// let cursor = follower.cursor().to_string();
    /// let mut follower = client.follow(Some(cursor.parse()?)).await?;
    /// # follower.look().await?;
    /// # Ok(()) }
    /// ```
    pub async fn follow(&self, from: Option<Cursor>) -> Result<Follower> {
        let from = match from {
            Some(cursor) => cursor,
            None => {
                let (now, highest) = changes::now(self.db()).await?;
                Cursor::at(now, highest)
            }
        };
        Ok(Follower {
            client: self.clone(),
            from: from.time(),
            newest: VecDeque::from([(Timestamp::MIN, from)]),
            settled: from,
            told: Told::default(),
            open: Open::default(),
            found: Vec::new(),
            signal: self.wake().subscribe(),
        })
    }
}

impl Follower {
    /// What has happened since the last look.
    ///
    /// # Errors
    /// Whatever the database says. The next look goes on where this one broke off, and loses nothing.
    pub async fn look(&mut self) -> Result<Look> {
        let (now, _) = changes::now(self.client.db()).await?;
        let all_new = self.read_newest(now).await;
        let mut settled = self.settled;
        let until = now.saturating_sub(FOLLOW_SETTLED);
        let all_settled = self.read(&mut settled, until, now).await;
        self.settled = settled;
        let caught_up = all_new? && all_settled?;
        self.look_at_open().await?;
        let mut changes = std::mem::take(&mut self.found);
        changes.sort_by_key(|change| (change.at, change.id, change.event));
        Ok(Look { changes, caught_up })
    }

    /// Where another follower would have to begin to miss nothing that is not told yet.
    pub fn cursor(&self) -> Cursor {
        self.settled
    }

    /// Whether this follower has told of that change already, as far as it remembers.
    pub fn has_told(&self, change: &Change) -> bool {
        self.told.has(change)
    }

    /// Waits until something is submitted or changed through this client or one of its clones, but no longer than
    /// this.
    pub async fn pause(&self, at_most: Duration) {
        // Either is a reason to look.
        let _ = tokio::time::timeout(at_most, self.signal.heard()).await;
        self.signal.take();
    }

    async fn read_newest(&mut self, now: Timestamp) -> Result<bool> {
        let before = now.saturating_sub(OVERLAP);
        while self.newest.get(1).is_some_and(|(at, _)| *at <= before) {
            self.newest.pop_front();
        }
        let begin = self.newest.front().map(|(_, place)| *place);
        let mut place = begin.unwrap_or(self.settled);
        let read = self.read(&mut place, now, now).await;
        if !matches!(read, Ok(true)) {
            // There is so much that going back would never end.
            self.newest.clear();
        }
        self.newest.push_back((now, place));
        read
    }

    /// Reads on from a place up to a time; whether that was all. What was read stays read when it breaks off.
    async fn read(&mut self, place: &mut Cursor, until: Timestamp, now: Timestamp) -> Result<bool> {
        let created = self.created(place, until, now).await?;
        let ended = self.ended(place, until).await?;
        let attempts = self.attempts(place, until).await?;
        Ok(created && ended && attempts)
    }

    async fn created(
        &mut self,
        place: &mut Cursor,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        for _ in 0..FOLLOW_PAGES_MAX {
            let db = self.client.db();
            let rows = changes::created(db, place.created, FOLLOW_PAGE).await?;
            let is_last = is_last(rows.len());
            for task in &rows {
                // Plain SQL may have written a time that is yet to come; it holds up nobody.
                if task.created_at > until && task.created_at <= now {
                    return Ok(true);
                }
                place.created = task.id;
                self.open.meet(task);
                self.tell(Change::submitted(task));
                self.tell_start(Change::started(task));
            }
            if is_last {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn ended(&mut self, place: &mut Cursor, until: Timestamp) -> Result<bool> {
        for _ in 0..FOLLOW_PAGES_MAX {
            let rows = changes::ended(self.client.db(), place.ended, until, FOLLOW_PAGE).await?;
            for task in &rows {
                place.ended = (task.finished_at.unwrap_or(place.ended.0), task.id);
                self.open.meet(task);
                self.tell_start(Change::started(task));
                if let Some(ended) = Change::ended(task) {
                    self.tell(ended);
                }
            }
            if is_last(rows.len()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn attempts(&mut self, place: &mut Cursor, until: Timestamp) -> Result<bool> {
        for _ in 0..FOLLOW_PAGES_MAX {
            let db = self.client.db();
            let rows = changes::attempts(db, place.attempt, until, FOLLOW_PAGE).await?;
            for one in &rows {
                place.attempt = (one.ended_at, one.task.id, one.attempt);
                self.open.meet(&one.task);
                let [started, ended] = Change::of_attempt(one);
                self.tell_start(started);
                if let Some(ended) = ended {
                    self.tell(ended);
                }
            }
            if is_last(rows.len()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Beginnings and changes by hand leave no row behind by which they could be found.
    async fn look_at_open(&mut self) -> Result<()> {
        let ids = self.open.ids();
        if ids.is_empty() {
            return Ok(());
        }
        let tasks = changes::known(self.client.db(), ids).await?;
        self.open.keep(&tasks);
        for task in tasks.iter().filter(|task| !task.state.is_ended()) {
            let before = self.open.note(task);
            self.tell_start(Change::started(task));
            if before.is_some_and(|before| waits_otherwise(before, task)) {
                self.tell(Change::changed(task));
            }
        }
        Ok(())
    }

    fn tell(&mut self, change: Change) {
        if self.told.is_new(&change) {
            self.found.push(change);
        }
    }

    fn tell_start(&mut self, change: Option<Change>) {
        if let Some(change) = change.filter(|change| change.at >= self.from) {
            debug_assert_eq!(change.event, ChangeKind::Started);
            self.tell(change);
        }
    }
}

/// Whether it waits, and did before, but not in this way. Running and retrying have changes of their own.
fn waits_otherwise(before: State, task: &Sight) -> bool {
    let waits = |state| matches!(state, State::Held | State::Scheduled | State::Queued);
    waits(task.state) && before != task.state && before != State::Running
}

fn is_last(rows: usize) -> bool {
    i64::try_from(rows).is_ok_and(|rows| rows < FOLLOW_PAGE)
}
