//! What adopting came to.

use super::convert::{Made, Rules};
use super::shape::{PrefixKey, Shape};
use crate::Told;
use crate::store::adopt::{Fate, NewRow, OldRow};
use dutiful_core::limits::MAX_RETRIES;
use dutiful_core::{State, Status};
use serde::Serialize;
use std::collections::BTreeMap;

/// What [`Adoption::run`](super::Adoption::run) did, or with `dry_run` would do.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct AdoptionReport {
    /// The other table.
    pub table: String,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Rows that were looked at, those of names that were not asked for left out.
    pub looked_at: u64,
    /// Rows that were copied.
    pub copied: u64,
    /// Rows that were here already, and have not changed there since.
    pub already_there: u64,
    /// Rows that had changed there, and that nobody had touched here: they are as there again.
    pub refreshed: u64,
    /// Rows that have changed on both sides since they were copied: they stay as they are here.
    pub changed_here: Told,
    /// Rows whose id another task has here. They were not copied.
    pub conflicts: Told,
    /// Rows that cannot be tasks here, because of their name or id. They were not copied.
    pub refused: Told,
    /// Rows whose payload breaks a rule. They end as invalid, or stay a success.
    pub invalid: Told,
    /// Rows whose status means nothing. They are quarantined.
    pub odd_status: Told,
    /// Rows that would never have run there for their counters, and are held here.
    pub held: Told,
    /// Rows whose result was too large. It stays where it is.
    pub results_left: Told,
    /// Rows that were written without a dedup slot, because another task of the same payload has it.
    pub without_slot: Told,
    /// The states that the copied and refreshed rows have.
    pub states: BTreeMap<State, u64>,
    /// What the other table's unique key has merged.
    pub merged: Merged,
    /// How times that name no zone were read.
    pub time_zone: String,
    /// Rows with a time that lies ahead: the time zone is probably another.
    pub ahead: u64,
    /// Columns that the other table could have and has not.
    pub missing_columns: Vec<&'static str>,
    /// New tasks get ids above this one, so that ids which the other queue has yet to give stay free.
    pub ids_left_up_to: Option<i64>,
}

/// What a unique key over the beginning of the payload has merged, as far as the rows tell.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct Merged {
    /// How many characters of a payload the key looks at; `None` when there is no such key.
    pub characters: Option<i64>,
    /// The collations by which it compares.
    pub collations: Vec<String>,
    /// Whether they take different texts for the same, so that any of the rows below may stand for another.
    pub insensitive: bool,
    /// What `max_retries` is there when nobody says otherwise; higher ones were raised by a resubmission.
    pub usual_max_retries: i64,
    /// Rows whose payload is longer than the key sees, and which took a resubmission: it may have been of
    /// another payload, whose work was never done.
    pub beyond_the_key: Told,
    /// Other rows that took a resubmission.
    pub within_the_key: Told,
}

impl AdoptionReport {
    /// Whether every row is here: none was left behind.
    pub fn is_complete(&self) -> bool {
        self.conflicts.tasks == 0 && self.refused.tasks == 0
    }
}

impl AdoptionReport {
    pub(super) fn new(table: &str, dry_run: bool, shape: &Shape, rules: &Rules) -> AdoptionReport {
        let key = shape.key.as_ref();
        AdoptionReport {
            table: table.to_owned(),
            dry_run,
            looked_at: 0,
            copied: 0,
            already_there: 0,
            refreshed: 0,
            changed_here: Told::default(),
            conflicts: Told::default(),
            refused: Told::default(),
            invalid: Told::default(),
            odd_status: Told::default(),
            held: Told::default(),
            results_left: Told::default(),
            without_slot: Told::default(),
            states: BTreeMap::new(),
            merged: Merged {
                characters: key.map(|key| key.characters),
                collations: key.map_or(Vec::new(), |key| key.collations.clone()),
                insensitive: key.is_some_and(PrefixKey::is_insensitive),
                usual_max_retries: shape.default_max_retries.unwrap_or(MAX_RETRIES),
                ..Merged::default()
            },
            time_zone: rules.clock.zone().to_owned(),
            ahead: 0,
            missing_columns: shape.missing.clone(),
            ids_left_up_to: None,
        }
    }

    pub(super) fn tell_made(&mut self, old: &OldRow, made: &Made, hold: bool) {
        if let Some(why) = &made.invalid {
            self.invalid.add(old.id, why);
        }
        if let Some(status) = &made.odd_status {
            self.odd_status
                .add(old.id, format!("its status is {status}"));
        }
        if let Some(why) = &made.result_left {
            self.results_left.add(old.id, why);
        }
        let task = &made.row.task;
        if task.status == Status::NotStarted && task.due_at.is_none() && !hold {
            let (retries, most) = (task.retries, task.max_retries);
            self.held
                .add(old.id, format!("retries {retries}, max_retries {most}"));
        }
        self.ahead += u64::from(made.ahead);
    }

    pub(super) fn tell_merged(&mut self, old: &OldRow) {
        let (Some(key), Some(allowed)) = (self.merged.characters, old.max_retries) else {
            return;
        };
        let characters = old.payload_characters.unwrap_or(0);
        if allowed <= self.merged.usual_max_retries {
            return;
        }
        let why = format!("{characters} characters, max_retries {allowed}");
        match characters >= key {
            true => self.merged.beyond_the_key.add(old.id, why),
            false => self.merged.within_the_key.add(old.id, why),
        }
    }

    pub(super) fn tell_fate(&mut self, row: &NewRow, fate: Fate) {
        let mut written = |same_as: Option<i64>| {
            if let Some(holder) = same_as {
                self.without_slot
                    .add(row.id, format!("task {holder} has the same payload"));
            }
            *self.states.entry(row.facts().state(row.now)).or_default() += 1;
        };
        match fate {
            Fate::Copied { same_as } => {
                written(same_as);
                self.copied += 1;
            }
            Fate::Refreshed { same_as } => {
                written(same_as);
                self.refreshed += 1;
            }
            Fate::AlreadyThere => self.already_there += 1,
            Fate::ChangedHere => self
                .changed_here
                .add(row.id, "it was claimed or changed here"),
            Fate::IdTaken => self.conflicts.add(row.id, "another task has this id"),
        }
    }
}
