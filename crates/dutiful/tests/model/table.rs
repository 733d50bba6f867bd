//! The model: tasks in memory, and the rules of the core to change them.

use dutiful_core::{
    DedupScope, Due, Event, LeaseChange, Outcome, Refusal, State, Status, TaskFacts, TaskId,
    Timestamp, Transition, decide,
};
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// A crash more than these quarantines a task.
const CRASH_LIMIT: i64 = 3;

/// A task as the model knows it.
#[derive(Debug, Clone)]
pub(crate) struct Modelled {
    pub(crate) facts: TaskFacts,
    /// The key of the slot that it holds.
    pub(crate) slot: Option<u64>,
    slot_until: Option<Timestamp>,
    pub(crate) finished: bool,
    pub(crate) priority: i64,
    pub(crate) payload: Value,
    pub(crate) result: Option<Value>,
    /// What ended its attempts.
    pub(crate) history: BTreeMap<i64, Outcome>,
}

/// How a submission asks for its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    After(Duration),
    Held,
}

/// What a new task is made of.
#[derive(Debug, Clone)]
pub(crate) struct New {
    pub(crate) scope: DedupScope,
    pub(crate) key: u64,
    pub(crate) payload: Value,
    pub(crate) priority: i64,
    pub(crate) max_retries: i64,
    pub(crate) start: Start,
}

/// All tasks, and what time it is.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) tasks: BTreeMap<TaskId, Modelled>,
    /// The database's clock when the step began.
    clock: Option<Timestamp>,
    /// How much later it is in the model.
    passed: Duration,
}

impl Table {
    pub(crate) fn now(&self) -> Timestamp {
        self.in_model(self.clock.unwrap())
    }

    /// The model's time at a time of the database.
    pub(crate) fn in_model(&self, time: Timestamp) -> Timestamp {
        time.saturating_add(self.passed)
    }

    pub(crate) fn set_clock(&mut self, now: Timestamp) {
        self.clock = Some(now);
    }

    /// Lets time pass.
    pub(crate) fn advance(&mut self, time: Duration) {
        self.passed += time;
    }

    /// The task that a submission with this key goes to, if it makes no new one. A slot whose time has
    /// passed is freed on the way.
    pub(crate) fn holder(&mut self, key: u64) -> Option<TaskId> {
        let now = self.now();
        let (id, task) = self
            .tasks
            .iter_mut()
            .find(|(_, task)| task.slot == Some(key))?;
        if task.slot_until.is_some_and(|until| until <= now) {
            task.slot = None;
            return None;
        }
        Some(*id)
    }

    pub(crate) fn create(&mut self, id: TaskId, new: New) {
        let now = self.now();
        let facts = TaskFacts {
            status: Status::NotStarted,
            due_at: match new.start {
                Start::After(delay) => Some(now.saturating_add(delay)),
                Start::Held => None,
            },
            leased: false,
            attempt: 0,
            retries: 0,
            max_retries: new.max_retries,
            crashes: 0,
            error_kind: None,
            dedup_scope: new.scope.kind(),
        };
        let slot_until = match new.scope {
            DedupScope::Window(window) => Some(now.saturating_add(window)),
            _ => None,
        };
        let task = Modelled {
            facts,
            slot: Some(new.key),
            slot_until,
            finished: false,
            priority: new.priority,
            payload: new.payload,
            result: None,
            history: BTreeMap::new(),
        };
        assert!(
            self.tasks.insert(id, task).is_none(),
            "task {id} was there already"
        );
    }

    /// The holder of a slot takes a submission; one that still waits, or waits again, may take its payload.
    pub(crate) fn merge(&mut self, holder: TaskId, replace: bool, payload: &Value) {
        self.apply(holder, Event::Resubmitted).unwrap();
        let task = self.tasks.get_mut(&holder).unwrap();
        if replace && !task.facts.leased && !task.facts.is_ended() {
            task.payload = payload.clone();
        }
    }

    /// Does to a task what the core decides.
    pub(crate) fn apply(&mut self, id: TaskId, event: Event) -> Result<(), Refusal> {
        let now = self.now();
        let task = self.tasks.get_mut(&id).unwrap();
        let transition = decide(&task.facts, &event, now)?;
        task.change(&transition, now);
        Ok(())
    }

    /// The outcome of an attempt: nothing, when it has lost its lease. Tells which.
    pub(crate) fn settle(&mut self, id: TaskId, attempt: i64, event: Event) -> bool {
        let facts = &self.tasks[&id].facts;
        let held = facts.leased && facts.attempt == attempt;
        if held {
            self.apply(id, event).unwrap();
        }
        held
    }

    /// What a worker takes that has room for one task: of the highest priority the one that has been due
    /// for longest, those on their last chance after all others of the priority. Tasks that crashed too
    /// often end on the way; their number comes with it.
    pub(crate) fn claim(&mut self, lease: Duration) -> (Option<TaskId>, u64) {
        let now = self.now();
        let mut quarantined = 0;
        loop {
            let due = self.tasks.iter().filter(|(_, task)| task.facts.is_due(now));
            let next = due.min_by_key(|(id, task)| {
                let facts = &task.facts;
                let last = !facts.leased && facts.is_on_last_chance(CRASH_LIMIT);
                (Reverse(task.priority), last, facts.due_at, **id)
            });
            let Some((&id, task)) = next else {
                return (None, quarantined);
            };
            if task.facts.leased {
                self.apply(
                    id,
                    Event::LeaseLost {
                        crash_limit: CRASH_LIMIT,
                    },
                )
                .unwrap();
                let lost = &self.tasks[&id].facts;
                if lost.is_ended() {
                    quarantined += 1;
                    continue;
                }
                if lost.is_on_last_chance(CRASH_LIMIT) {
                    continue;
                }
            }
            self.apply(id, Event::Claimed { lease }).unwrap();
            return (Some(id), quarantined);
        }
    }

    /// A task that a worker could take now.
    pub(crate) fn first_free(&self) -> Option<TaskId> {
        let now = self.now();
        let free = |task: &Modelled| task.facts.is_due(now) && !task.facts.leased;
        self.tasks
            .iter()
            .find(|(_, task)| free(task))
            .map(|(id, _)| *id)
    }

    pub(crate) fn state(&self, id: TaskId) -> State {
        self.tasks[&id].facts.state(self.now())
    }
}

impl Modelled {
    fn change(&mut self, next: &Transition, now: Timestamp) {
        let facts = &mut self.facts;
        if let Some(outcome) = next.history {
            self.history.entry(facts.attempt).or_insert(outcome);
        }
        match next.lease {
            LeaseChange::Take => {
                facts.leased = true;
                facts.attempt += 1;
            }
            LeaseChange::Drop => facts.leased = false,
            LeaseChange::Keep => {}
        }
        facts.status = next.status;
        facts.due_at = next.due_at(facts.due_at, now);
        facts.retries = next.retries;
        facts.max_retries = next.max_retries;
        facts.crashes = next.crashes;
        facts.error_kind = next.error_kind;
        if next.due != Due::Unchanged {
            self.finished = next.ends;
        }
        if next.frees_slot {
            self.slot = None;
        }
    }
}
