//! What is said of a move: how it would go, how far it is, how it went.

use crate::store::moves::Seen;
use dutiful_core::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MoveStage {
    /// Rows are being copied; everything works as ever at the old place.
    Copying,
    /// The last moment before the cut-over: workers claim nothing, running tasks may end.
    Draining,
    /// The cut-over: the tables are away, what changed last is copied.
    Away,
    /// The cut-over: both places are compared.
    Verifying,
    /// Done. Seen from the target: the queue is open there.
    Moved,
    /// Given up: the queue is at the old place.
    Aborted,
    /// Seen from the target: rows come in, nobody may use them yet.
    Filling,
    /// A word that this program does not know.
    Unknown,
}

impl MoveStage {
    pub(super) fn of(role: &str, stage: &str) -> MoveStage {
        match (role, stage) {
            (_, "copying") => MoveStage::Copying,
            (_, "draining") => MoveStage::Draining,
            (_, "away") => MoveStage::Away,
            (_, "verifying") => MoveStage::Verifying,
            (_, "moved") | ("target", "open") => MoveStage::Moved,
            (_, "aborted") => MoveStage::Aborted,
            ("target", "filling") => MoveStage::Filling,
            _ => MoveStage::Unknown,
        }
    }

    /// The stage in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            MoveStage::Copying => "copying",
            MoveStage::Draining => "draining",
            MoveStage::Away => "away",
            MoveStage::Verifying => "verifying",
            MoveStage::Moved => "moved",
            MoveStage::Aborted => "aborted",
            MoveStage::Filling => "filling",
            MoveStage::Unknown => "unknown",
        }
    }
}

/// The move that a database takes part in, or took part in last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MoveStatus {
    /// Which move: the same in both databases.
    pub move_id: String,
    /// Whether the queue comes to this database; otherwise it leaves it.
    pub is_target: bool,
    /// How far it is.
    pub stage: MoveStage,
    /// The other database, without its password.
    pub other: String,
    /// The process that is at it, if one is.
    pub holder: Option<String>,
    /// When it began, by the database's clock.
    pub started_at: Timestamp,
    /// When its stage changed last, by the database's clock.
    pub changed_at: Timestamp,
}

impl MoveStatus {
    pub(super) fn of(seen: Seen) -> MoveStatus {
        MoveStatus {
            is_target: seen.role == "target",
            stage: MoveStage::of(&seen.role, &seen.stage),
            move_id: seen.move_id,
            other: seen.other,
            holder: seen.holder.filter(|_| seen.held),
            started_at: seen.started_at,
            changed_at: seen.changed_at,
        }
    }
}

/// What a move would do, found out without changing anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MoveOutlook {
    /// The database that the queue is in, without its password.
    pub from: String,
    /// The database that it would be moved to.
    pub to: String,
    /// Whether a move that was cut off would be gone on with.
    pub resumes: bool,
    /// Whether the tables would be made at the new place.
    pub makes_tables: bool,
    /// The rows of each table by now.
    pub tables: Vec<(&'static str, u64)>,
    /// Tasks that run by now, at most 10,000 of them counted.
    pub leased: u64,
    /// Workers at the old place that are alive.
    pub workers: u64,
    /// By how many microseconds the clock of the new place is ahead of the old one's, give or take the
    /// time that asking took.
    pub clock_ahead_micros: i64,
}

/// One table after a move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MovedTable {
    /// Its name, without the prefix.
    pub table: &'static str,
    /// Its rows, as counted in both places.
    pub rows: u64,
    /// Rows written into the new place over all passes.
    pub written: u64,
    /// SHA-256 of all rows in the order of their keys, read from both places and found the same, in hex.
    pub digest: String,
}

/// How a move went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MoveReport {
    /// Which move: the same in both databases.
    pub move_id: String,
    /// The old place, without its password.
    pub from: String,
    /// The new place, without its password.
    pub to: String,
    /// Whether it went on with what another run had begun.
    pub resumed: bool,
    /// Every table that moved. Empty when an earlier run had verified all and only the opening was left.
    pub tables: Vec<MovedTable>,
    /// Passes over all tables: while the queue went on, and in the cut-over.
    pub passes: u32,
    /// Tasks that were under a lease at the cut-over: at the new place they are taken over when it ends.
    pub leased: u64,
    /// By how many microseconds the clock of the new place is ahead of the old one's.
    pub clock_ahead_micros: i64,
    /// How long the whole run took.
    #[serde(serialize_with = "seconds")]
    pub took: Duration,
    /// How long the queue was away, as far as this run was at it.
    #[serde(serialize_with = "seconds")]
    pub cut_over: Duration,
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveProgress {
    /// What it does.
    pub stage: MoveStage,
    /// The pass over all tables, from 1.
    pub pass: u32,
    /// Rows looked at in this pass.
    pub rows: u64,
    /// About how many there are.
    pub rows_expected: u64,
    /// Tasks that still run, while they are waited for.
    pub leased: u64,
}
