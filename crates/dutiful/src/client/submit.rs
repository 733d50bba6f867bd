//! Submitting: one task, many, or inside a caller's own transaction.

pub(super) mod once;

pub use once::Once;

use super::Client;
use super::draft::{Draft, Submitted, check_count, invalid};
use super::send;
use crate::adapters::{Enlist, Within};
use crate::store;
use crate::store::joins::{NewTasks, submit_together};
use crate::store::submit::{NewTask, Start, submit};
use crate::{Error, ErrorKind, Result, Task};
use dutiful_core::{DedupScope, Priority, Timestamp};
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

impl Client {
    /// Submits one task; await the answer. The payload is checked first.
    ///
    /// It is stored when the answer comes. Submissions that come at the same time share a statement and a
    /// commit, so many callers are served faster than one after the other; each stands or fails alone. If
    /// the link breaks it is tried again, and never stored twice.
    ///
    /// # Errors
    /// `invalid_payload` when the payload does not validate, cannot be written as JSON that every engine
    /// holds, or is larger than 1 MiB, or on MySQL than half of `max_allowed_packet`; whatever the
    /// database says.
    pub fn submit<T: Task>(&self, payload: T::Payload) -> Submit<'_> {
        Submit {
            client: self,
            draft: typed_draft::<T>(&payload),
        }
    }

    /// Submits many tasks of one type, at most 10,000: all of them or none.
    ///
    /// # Errors
    /// As [`Client::submit`]; one bad payload refuses all, and the text says which.
    pub fn submit_many<T: Task>(
        &self,
        payloads: impl IntoIterator<Item = T::Payload>,
    ) -> SubmitMany<'_> {
        let drafts = payloads.into_iter().enumerate().map(|(index, payload)| {
            typed_draft::<T>(&payload).map_err(|error| error.context(format!("payload {index}")))
        });
        SubmitMany {
            client: self,
            drafts: drafts.collect(),
        }
    }

    /// Submits a task whose type this program does not know. Nothing but the limits is checked.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub fn submit_json(&self, task_name: &str, payload: serde_json::Value) -> Submit<'_> {
        Submit {
            client: self,
            draft: Ok(Draft::new(task_name, payload)),
        }
    }

    pub(super) async fn submit_one(&self, task: NewTask) -> Result<Submitted> {
        let done = match self.gather() {
            Some(gather) => gather.submit(task).await?,
            None => {
                let done = send::one(self.db(), &task).await?;
                send::tell_workers(self.wake(), &[task], &[done]);
                done
            }
        };
        Ok(done.into())
    }

    /// Submits all of them in one transaction.
    pub(super) async fn send_all(&self, new: NewTasks) -> Result<Vec<Submitted>> {
        if new.tasks.is_empty() {
            return Ok(Vec::new());
        }
        let done = send::all(self.db(), &new.tasks, &new.joins).await?;
        send::tell_workers(self.wake(), &new.tasks, &done);
        Ok(done.into_iter().map(Submitted::from).collect())
    }
}

/// Checks a typed payload and takes its type's settings.
pub(crate) fn typed_draft<T: Task>(payload: &T::Payload) -> Result<Draft> {
    let name = T::name();
    T::validate(payload).map_err(|why| invalid(format!("the payload of `{name}`: {why}")))?;
    let json = serde_json::to_value(payload)
        .map_err(|error| invalid(format!("the payload of `{name}` is no JSON: {error}")))?;
    let dedup = T::dedup();
    let key = dedup
        .own_key(name, payload, &json)
        .map_err(|why| invalid(format!("the dedup key of `{name}`: {why}")))?;
    let mut draft = Draft::new(name, json);
    draft.payload_version = T::version();
    draft.priority = T::priority();
    draft.max_retries = T::max_retries();
    draft.scope = dedup.scope;
    draft.key = key;
    Ok(draft)
}

/// The options that every submission has, whether it is made by a client or by a handler.
macro_rules! draft_options {
    () => {
        /// Runs it no sooner than this long from now, by the database's clock; at most ten years.
        pub fn delay(self, delay: Duration) -> Self {
            self.change(|draft| draft.start = Start::After(delay))
        }

        /// Runs it no sooner than at this time.
        pub fn at(self, time: SystemTime) -> Self {
            self.change(|draft| draft.start = Start::At(Timestamp::from_system_time(time)))
        }

        /// Does not run it before somebody releases it (`retry` or `run-now`).
        pub fn held(self) -> Self {
            self.change(|draft| draft.start = Start::Held)
        }

        /// Another priority than its type's: -9 to 9, higher runs first.
        pub fn priority(mut self, priority: i64) -> Self {
            match Priority::new(priority) {
                Ok(priority) => self.change(|draft| draft.priority = priority),
                Err(error) => {
                    if self.draft.is_ok() {
                        self.draft = Err(invalid(error.to_string()));
                    }
                    self
                }
            }
        }

        /// Another number of allowed failed runs than its type's.
        pub fn max_retries(self, max_retries: u32) -> Self {
            self.change(|draft| draft.max_retries = max_retries)
        }

        /// Another dedup scope than its type's.
        pub fn dedup(self, scope: DedupScope) -> Self {
            self.change(|draft| draft.scope = scope)
        }

        /// A dedup key of the caller's own, in place of the payload.
        pub fn dedup_key(self, key: &str) -> Self {
            let key = key.to_owned();
            self.change(|draft| draft.key_text = Some(key))
        }

        /// If a task that still waits holds the slot: give it this payload.
        pub fn replace_payload(self) -> Self {
            self.change(|draft| draft.replace_payload = true)
        }

        fn change(mut self, change: impl FnOnce(&mut Draft)) -> Self {
            if let Ok(draft) = &mut self.draft {
                change(draft);
            }
            self
        }
    };
}
pub(crate) use draft_options;

/// A submission that can still be changed; await it to send it.
#[derive(Debug)]
#[must_use = "nothing is submitted before it is awaited"]
pub struct Submit<'c> {
    pub(super) client: &'c Client,
    pub(crate) draft: Result<Draft>,
}

impl<'c> Submit<'c> {
    draft_options!();

    /// Holds it until all of `items` have ended, however they ended, and then runs it: fan out, and fan in. All of
    /// them are submitted in one transaction, 10,000 tasks at most. The handler asks what became of them by
    /// [`Context::items`](crate::Context::items).
    ///
    /// An item that merges into a task that is there already is that task. One that has ended does so once: when it
    /// is retried later nobody waits for it again. The task itself has no dedup scope and no time of its own;
    /// without any items it runs at once. An operator may run it by hand before its items have ended.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use serde_json::json;
    /// let pages = (1..=3).map(|page| client.submit_json("ReadPage", json!({ "page": page })));
    /// let book = client.submit_json("BindBook", json!({ "title": "Ulysses" })).after(pages).await?;
    /// let items = client.items(book.id, 0, 100).await?;
    /// assert_eq!(items.len(), 3);
    /// assert_eq!(items[0].state, Some(dutiful::State::Queued));
    /// assert_eq!(client.get(book.id).await?.state, dutiful::State::Held);
    /// # Ok(()) }
    /// ```
    pub fn after(mut self, items: impl IntoIterator<Item = Submit<'c>>) -> Self {
        let client = self.client;
        let items = items.into_iter().map(|item| item.of(client));
        self.draft = self.draft.and_then(|draft| draft.after(items));
        self
    }

    /// The draft, if it was made by this client or by a clone.
    pub(super) fn of(self, client: &Client) -> Result<Draft> {
        match Arc::ptr_eq(&client.inner, &self.client.inner) {
            true => self.draft,
            // It may be meant for another database.
            false => Err(Error::new(
                ErrorKind::Config,
                "it was made by another client; submit it by the one that made it",
            )),
        }
    }

    /// Another version of the payload's form than that of its type; of a type that this program does not know
    /// it is 1. Workers upgrade older versions, and leave newer ones than theirs alone.
    pub fn payload_version(self, version: u32) -> Self {
        self.change(|draft| draft.payload_version = version)
    }

    /// Submits inside a transaction of the caller's own: the task is there if and only if that commits.
    /// Nothing is ever retried or committed in it.
    ///
    /// Workers elsewhere are woken by the commit on PostgreSQL, and by their next look otherwise.
    ///
    /// # Errors
    /// As [`Client::submit`]; the transaction is the caller's to roll back.
    pub async fn within<E: Enlist>(self, tx: &mut E) -> Result<Submitted> {
        let mut new = NewTasks::default();
        let place = self
            .draft?
            .add_to(&mut new, self.client.db().payload_bytes_max())?;
        let mut session = Within::new(tx, self.client.db());
        let done = submit_together(&mut session, &new).await?;
        // One hint, for the first of the names: workers of others find theirs at their next look.
        if let Some(task) = new.tasks.first() {
            store::notify::within(&mut session, &task.task_name).await?;
        }
        done.get(place)
            .copied()
            .map(Submitted::from)
            .ok_or_else(no_answer)
    }
}

impl<'c> IntoFuture for Submit<'c> {
    type Output = Result<Submitted>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let draft = self.draft?;
            let most = self.client.db().payload_bytes_max();
            if draft.items.is_empty() {
                return self.client.submit_one(draft.finish(most)?).await;
            }
            let mut new = NewTasks::default();
            let place = draft.add_to(&mut new, most)?;
            let done = self.client.send_all(new).await?;
            done.get(place).copied().ok_or_else(no_answer)
        })
    }
}

fn no_answer() -> Error {
    Error::new(ErrorKind::Database, "no answer to a submission")
}

/// Many submissions; await them to send them.
#[derive(Debug)]
#[must_use = "nothing is submitted before it is awaited"]
pub struct SubmitMany<'c> {
    client: &'c Client,
    drafts: Result<Vec<Draft>>,
}

impl SubmitMany<'_> {
    /// Another dedup scope than their type's, for all of them.
    pub fn dedup(mut self, scope: DedupScope) -> Self {
        for draft in self.drafts.iter_mut().flatten() {
            draft.scope = scope;
        }
        self
    }

    /// Runs them no sooner than this long from now.
    pub fn delay(mut self, delay: Duration) -> Self {
        for draft in self.drafts.iter_mut().flatten() {
            draft.start = Start::After(delay);
        }
        self
    }

    /// Runs them no sooner than at this time.
    pub fn at(mut self, time: SystemTime) -> Self {
        for draft in self.drafts.iter_mut().flatten() {
            draft.start = Start::At(Timestamp::from_system_time(time));
        }
        self
    }

    /// Submits inside a transaction of the caller's own; see [`Submit::within`].
    ///
    /// # Errors
    /// As [`Client::submit_many`].
    pub async fn within<E: Enlist>(self, tx: &mut E) -> Result<Vec<Submitted>> {
        let tasks = finish_all(self.drafts?, self.client.db().payload_bytes_max())?;
        let mut session = Within::new(tx, self.client.db());
        let done = submit(&mut session, &tasks).await?;
        if let Some(task) = tasks.first() {
            store::notify::within(&mut session, &task.task_name).await?;
        }
        Ok(done.into_iter().map(Submitted::from).collect())
    }
}

impl<'c> IntoFuture for SubmitMany<'c> {
    type Output = Result<Vec<Submitted>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let tasks = finish_all(self.drafts?, self.client.db().payload_bytes_max())?;
            self.client.send_all(tasks.into()).await
        })
    }
}

fn finish_all(drafts: Vec<Draft>, payload_bytes_max: usize) -> Result<Vec<NewTask>> {
    check_count(drafts.len())?;
    let finish = |(index, draft): (usize, Draft)| {
        let task = draft.finish(payload_bytes_max);
        task.map_err(|error| error.context(format!("payload {index}")))
    };
    drafts.into_iter().enumerate().map(finish).collect()
}
