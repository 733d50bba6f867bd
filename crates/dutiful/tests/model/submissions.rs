//! What is submitted: one task, many, or one that follows from another.

use super::harness::Script;
use super::history::{HOUR, Play};
use super::table::{New, Start};
use dutiful::{DedupScope, Outcome, Submitted};
use serde_json::{Value, json};
use std::time::Duration;

/// Keys are so few that submissions meet.
const KEYS: u64 = 4;
/// Keys of submissions whose payload is the key.
const PAYLOAD_KEYS: u64 = 100;
/// Where the keys of those begin that have none in common with any other.
const OWN_KEYS: u64 = 1_000;
const TASKS_MAX: usize = 60;

const SCOPES: [DedupScope; 6] = [
    DedupScope::None,
    DedupScope::Waiting,
    DedupScope::Active,
    DedupScope::UntilSuccess,
    DedupScope::Always,
    DedupScope::Window(Duration::from_secs(1_800)),
];

/// A submission, as the model and the library are told of it.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    /// The caller's own dedup key.
    pub(crate) key: String,
    pub(crate) new: New,
    pub(crate) replace: bool,
}

impl Play {
    pub(crate) fn has_room(&self) -> bool {
        self.table.tasks.len() < TASKS_MAX
    }

    /// A random one.
    pub(crate) fn wish(&mut self) -> Wish {
        let scope = self.random.pick(&SCOPES);
        let key = self.random.below(KEYS);
        let version = self.random.below(3);
        let starts = [
            Start::After(Duration::ZERO),
            Start::After(Duration::ZERO),
            Start::After(HOUR),
            Start::Held,
        ];
        Wish {
            key: format!("k{key}"),
            new: New {
                scope,
                key: self.slot_key(scope, key),
                payload: json!([key, version]),
                priority: self.random.pick(&[0, 0, 0, 5, -5]),
                max_retries: i64::try_from(self.random.below(4)).unwrap(),
                start: self.random.pick(&starts),
            },
            replace: self.random.percent(30),
        }
    }

    /// Without dedup the slot is held by a key that nobody else has.
    fn slot_key(&mut self, scope: DedupScope, key: u64) -> u64 {
        if scope == DedupScope::None {
            OWN_KEYS + self.random.next() / 2
        } else {
            key
        }
    }

    pub(crate) async fn submit(&mut self) {
        if !self.has_room() {
            return;
        }
        let wish = self.wish();
        self.note(format!("submit {wish:?}"));
        let client = self.any_client();
        let new = &wish.new;
        let mut submit = client
            .submit_json("Script", new.payload.clone())
            .dedup(new.scope)
            .dedup_key(&wish.key)
            .priority(new.priority)
            .max_retries(u32::try_from(new.max_retries).unwrap());
        submit = match new.start {
            Start::After(delay) => submit.delay(delay),
            Start::Held => submit.held(),
        };
        if wish.replace {
            submit = submit.replace_payload();
        }
        let submitted = submit.await.unwrap();
        self.take(&wish, submitted);
    }

    /// Several at once, all in the same words but for the payload, which is their key.
    pub(crate) async fn submit_many(&mut self) {
        if !self.has_room() {
            return;
        }
        let scope = self.random.pick(&SCOPES);
        let delay = self.random.pick(&[Duration::ZERO, HOUR]);
        let count = 2 + self.random.below(3);
        let payloads: Vec<Value> = (0..count).map(|_| json!(self.random.below(KEYS))).collect();
        self.note(format!("submit {payloads:?} {scope:?} in {delay:?}"));
        let client = self.any_client();
        let submit = client.submit_many::<Script>(payloads.clone());
        let answers = submit.dedup(scope).delay(delay).await.unwrap();
        self.expect(answers.len(), payloads.len());
        for (payload, submitted) in payloads.into_iter().zip(answers) {
            let wish = Wish {
                key: String::new(),
                new: New {
                    scope,
                    key: self.slot_key(scope, PAYLOAD_KEYS + payload.as_u64().unwrap()),
                    payload,
                    priority: 0,
                    max_retries: 3,
                    start: Start::After(delay),
                },
                replace: false,
            };
            self.take(&wish, submitted);
        }
    }

    /// The task that followed from a success: it went to the holder of its slot, or is the newest one.
    pub(crate) async fn take_follow_up(&mut self, wish: &Wish) {
        let newest = dutiful::Filter::new().limit(1);
        let page = self.client().list(&newest).await.unwrap();
        let id = page.tasks[0].id;
        let outcome = if self.table.tasks.contains_key(&id) {
            Outcome::Merged
        } else {
            Outcome::Created
        };
        let id = match self.table.holder(wish.new.key) {
            Some(holder) => holder,
            None => id,
        };
        self.take(wish, Submitted { id, outcome });
    }

    /// Does to the model what a submission did, and looks whether it is what the model says.
    fn take(&mut self, wish: &Wish, submitted: Submitted) {
        let found = (submitted.outcome, submitted.id);
        match self.table.holder(wish.new.key) {
            Some(holder) => {
                self.expect(found, (Outcome::Merged, holder));
                self.table.merge(holder, wish.replace, &wish.new.payload);
            }
            None => {
                self.expect(found, (Outcome::Created, submitted.id));
                self.table.create(submitted.id, wish.new.clone());
            }
        }
    }
}
