//! The task types that a program knows: it checks their payloads, tells of them, and its worker runs them.

use crate::failure::{Exit, Failure};
use crate::nearest::nearest;
use dutiful::{BulkOperations, Client, PayloadType, Periodic, Register, Submit, Task, Worker};
use dutiful_documents::TranscribeDocument;
use serde_json::Value;
use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a program knows, for [`cli::run`](crate::cli::run) and [`Api`](crate::Api).
#[derive(Default)]
pub struct Tasks {
    types: Vec<TaskType>,
    periodics: Vec<Hand>,
}

/// Gives something to a worker, once.
type Hand = Mutex<Option<Box<dyn FnOnce(Worker, &Path) -> Worker + Send>>>;

/// A payload that its task type does not take.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BadPayload {
    /// The JSON Pointer of the fault; empty for the whole payload.
    pub(crate) pointer: String,
    pub(crate) why: String,
}

/// What is known of a task type without running it.
pub(crate) struct TaskType {
    pub(crate) name: &'static str,
    pub(crate) emoji: &'static str,
    pub(crate) version: u32,
    pub(crate) priority: i64,
    pub(crate) max_retries: u32,
    pub(crate) batch_size: usize,
    pub(crate) timeout: Duration,
    /// What it can read of stored payloads.
    pub(crate) payload: PayloadType,
    schema: fn() -> Value,
    submit: for<'c> fn(&'c Client, Value) -> Result<Submit<'c>, BadPayload>,
    hand: Hand,
}

impl Tasks {
    /// No task types.
    pub fn new() -> Tasks {
        Tasks::default()
    }

    /// Adds a task type.
    #[must_use]
    pub fn with<T: Task>(self, task: T) -> Tasks {
        let facts = TaskType::of(&task);
        self.and(facts, move |worker, _| worker.register(task))
    }

    /// Adds a task type with its schedule.
    #[must_use]
    pub fn with_periodic<T: Task>(mut self, periodic: Periodic<T>) -> Tasks
    where
        Periodic<T>: Register + Send,
    {
        self.periodics
            .push(hand(move |worker, _| worker.register(periodic)));
        self
    }

    /// Adds the tasks that turn documents into Markdown. They read below the folder that `worker` is given.
    #[must_use]
    pub fn with_documents(self) -> Tasks {
        let facts = TaskType::of(&TranscribeDocument::new(".".into()));
        self.and(facts, |worker, root| {
            worker.register(TranscribeDocument::new(root.to_path_buf()))
        })
    }

    fn and(
        mut self,
        facts: TaskType,
        register: impl FnOnce(Worker, &Path) -> Worker + Send + 'static,
    ) -> Tasks {
        let hand = hand(register);
        self.types.push(TaskType { hand, ..facts });
        self
    }

    /// All types, in the order in which they were added.
    pub(crate) fn all(&self) -> &[TaskType] {
        &self.types
    }

    pub(crate) fn named(&self, name: &str) -> Option<&TaskType> {
        self.types.iter().find(|known| known.name == name)
    }

    /// The known name that is nearest to this one.
    pub(crate) fn nearest(&self, name: &str) -> Option<&'static str> {
        nearest(name, self.names())
    }

    /// The type of that name, or a failure that names the nearest one.
    pub(crate) fn find(&self, name: &str) -> Result<&TaskType, Failure> {
        self.named(name).ok_or_else(|| {
            let cause = format!("this binary knows no task named `{name}`");
            let failure = Failure::new(Exit::Usage, "unknown_task_name", cause);
            match self.nearest(name) {
                Some(near) => failure.fix(format!("did you mean `{near}`?")),
                None => {
                    let names: Vec<&str> = self.names().collect();
                    failure.fix(format!("it knows {}", names.join(" and ")))
                }
            }
        })
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.types.iter().map(|known| known.name)
    }

    /// Adds these types to a worker, or all of them, the periodics and bulk operations when none is named. A type
    /// can be given to one worker.
    pub(crate) fn register(&self, only: &[String], worker: Worker, root: &Path) -> Worker {
        let wanted = |known: &&TaskType| only.is_empty() || only.iter().any(|n| n == known.name);
        let types = self.types.iter().filter(wanted).map(|known| &known.hand);
        let periodics = self.periodics.iter().filter(|_| only.is_empty());
        let worker = match only {
            [] => worker.register(BulkOperations),
            _ => worker,
        };
        types.chain(periodics).fold(worker, |worker, hand| {
            let mut hand = hand.lock().unwrap_or_else(PoisonError::into_inner);
            match hand.take() {
                Some(give) => give(worker, root),
                None => worker,
            }
        })
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl TaskType {
    fn of<T: Task>(task: &T) -> TaskType {
        TaskType {
            name: T::name(),
            emoji: task.emoji(),
            version: T::version(),
            priority: T::priority().get().into(),
            max_retries: T::max_retries(),
            batch_size: task.batch_size(),
            timeout: task.timeout(),
            payload: PayloadType::of::<T>(),
            schema: || schemars::schema_for!(T::Payload).into(),
            submit: submit::<T>,
            hand: Mutex::new(None),
        }
    }

    /// The JSON Schema of its payload.
    pub(crate) fn schema(&self) -> Value {
        (self.schema)()
    }

    /// Begins a submission with the settings of the type, its payload checked.
    pub(crate) fn submit<'c>(
        &self,
        client: &'c Client,
        payload: Value,
    ) -> Result<Submit<'c>, BadPayload> {
        (self.submit)(client, payload)
    }

    /// Checks a payload without submitting it.
    pub(crate) fn check(&self, client: &Client, payload: Value) -> Result<(), BadPayload> {
        self.submit(client, payload).map(drop)
    }
}

fn hand(register: impl FnOnce(Worker, &Path) -> Worker + Send + 'static) -> Hand {
    Mutex::new(Some(Box::new(register)))
}

fn submit<T: Task>(client: &Client, payload: Value) -> Result<Submit<'_>, BadPayload> {
    // As it will be stored: `8.0` is `8` there, and a whole number to JSON Schema too.
    let stored = dutiful_core::json::canonical(&payload).map_err(|error| BadPayload {
        pointer: error.pointer().unwrap_or_default().to_owned(),
        why: error.to_string(),
    })?;
    let mut stored = serde_json::Deserializer::from_str(&stored);
    let read: T::Payload =
        serde_path_to_error::deserialize(&mut stored).map_err(|error| BadPayload {
            pointer: pointer(error.path()),
            why: error.inner().to_string(),
        })?;
    T::validate(&read).map_err(|why| BadPayload {
        pointer: String::new(),
        why,
    })?;
    Ok(client.submit::<T>(read))
}

/// Whether tasks of this name are made by the server alone: by way of a submission, whoever may submit tasks would do
/// what others may do to them.
pub(crate) fn is_own(task_name: &str) -> bool {
    task_name.starts_with("dutiful:")
}

/// The path as a JSON Pointer (RFC 6901).
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        let word = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            // Neither stands in the JSON.
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&word);
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example_task::ExampleTask;
    use serde_json::json;

    fn tasks() -> Tasks {
        Tasks::new().with(ExampleTask).with_documents()
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        let tasks = tasks();
        assert_eq!(tasks.find("ExampleTask").unwrap().name, "ExampleTask");
        let Err(failure) = tasks.find("ExampelTask") else {
            panic!("it is not known");
        };
        assert_eq!(failure.fix.as_deref(), Some("did you mean `ExampleTask`?"));
    }

    #[tokio::test]
    async fn a_payload_that_does_not_fit_tells_where() {
        let tasks = tasks();
        let client = Client::connect("sqlite::memory:").await.unwrap();
        let known = tasks.named("ExampleTask").unwrap();
        let refused = |payload| known.submit(&client, payload).unwrap_err();
        let bad = refused(json!({ "message": "x", "count": "two" }));
        assert_eq!(bad.pointer, "/count");
        assert_eq!(refused(json!({ "message": "x", "count": 0 })).pointer, "");
        assert!(
            known
                .submit(&client, json!({ "message": "x", "count": 1 }))
                .is_ok()
        );
    }
}
