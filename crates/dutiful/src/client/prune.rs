//! Removing tasks that have ended, by hand.

use super::Client;
use crate::store::janitor::{self, Rule};
use crate::{Error, ErrorKind, Result};
use dutiful_core::{State, check_name};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Which tasks [`Client::prune`] removes: those that ended long enough ago.
///
/// What keeps its dedup slot stays, as it does for workers: tasks of the scope `always`, and of a window that
/// is not over.
#[derive(Debug, Clone)]
#[must_use = "nothing is removed before it is handed to `prune`"]
pub struct Prune {
    older_than: Duration,
    names: Vec<String>,
    states: Vec<State>,
}

impl Prune {
    /// Tasks that ended at least so long ago, by the database's clock.
    pub fn older_than(older_than: Duration) -> Prune {
        Prune {
            older_than,
            names: Vec::new(),
            states: Vec::new(),
        }
    }

    /// Only tasks of these names. None means all, also such as no program knows any more.
    pub fn names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Prune {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Only tasks in these states. None means all in which a task has ended.
    pub fn states(mut self, states: &[State]) -> Prune {
        self.states = states.to_vec();
        self
    }

    fn rule(&self) -> Result<Rule> {
        let refused = |message| Error::new(ErrorKind::Config, message);
        for name in &self.names {
            check_name(name).map_err(|error| refused(error.to_string()))?;
        }
        if let Some(state) = self.states.iter().find(|state| !state.is_ended()) {
            let text =
                format!("tasks that are {state} have not ended, and only such as have are removed");
            return Err(refused(text));
        }
        let (names, states) = (&self.names, &self.states);
        Ok(Rule {
            names: (!names.is_empty()).then(|| names.iter().cloned().collect()),
            states: (!states.is_empty()).then(|| states.clone()),
            succeeded: Some(self.older_than),
            ended_otherwise: Some(self.older_than),
        })
    }
}

/// How many tasks of a name and a state can be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PruneCount {
    /// Their name.
    pub task_name: String,
    /// How they ended.
    pub state: State,
    /// How many there are.
    pub tasks: u64,
}

impl Client {
    /// What [`Client::prune`] would remove now, by name and state. Reads what ended long enough ago in steps of 1,000
    /// rows and calls `progress` after each with how many it has found so far.
    ///
    /// # Errors
    /// `config` for a name that is none, or a state in which tasks have not ended; whatever the database says.
    pub async fn count_prunable(
        &self,
        prune: &Prune,
        mut progress: impl FnMut(u64),
    ) -> Result<Vec<PruneCount>> {
        let rule = prune.rule()?;
        let mut counts: BTreeMap<(String, State), u64> = BTreeMap::new();
        let (mut cursor, mut found) = (Some(janitor::START), 0);
        while let Some(from) = cursor {
            let scanned = janitor::scan(self.db(), from, &rule).await?;
            for task in scanned.expired {
                found += 1;
                *counts.entry((task.task_name, task.state)).or_default() += 1;
            }
            cursor = scanned.cursor;
            progress(found);
        }
        let count = |((task_name, state), tasks)| PruneCount {
            task_name,
            state,
            tasks,
        };
        Ok(counts.into_iter().map(count).collect())
    }

    /// Removes the tasks, each with its attempts, steps and log lines, at most 100 in a transaction; calls
    /// `progress` with how many have gone so far, and gives back how many went. Cut off anywhere it has removed
    /// whole tasks, and can be called again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{Prune, State};
    /// let month = std::time::Duration::from_secs(30 * 24 * 60 * 60);
    /// let prune = Prune::older_than(month).names(["Resize"]).states(&[State::Succeeded]);
    /// let counts = client.count_prunable(&prune, |_| {}).await?;
    /// let removed = client.prune(&prune, |_| {}).await?;
    /// assert_eq!(removed, counts.iter().map(|count| count.tasks).sum::<u64>());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Client::count_prunable`].
    pub async fn prune(&self, prune: &Prune, mut progress: impl FnMut(u64)) -> Result<u64> {
        let rule = prune.rule()?;
        let (mut cursor, mut removed) = (Some(janitor::START), 0);
        while let Some(from) = cursor {
            let scanned = janitor::scan(self.db(), from, &rule).await?;
            for tasks in scanned.expired.chunks(janitor::PRUNE_ROWS) {
                let ids: Vec<i64> = tasks.iter().map(|task| task.id).collect();
                let gone = janitor::prune(self.db(), &ids, &rule).await?;
                removed += u64::try_from(gone).unwrap_or(0);
                progress(removed);
            }
            cursor = scanned.cursor;
        }
        Ok(removed)
    }
}
