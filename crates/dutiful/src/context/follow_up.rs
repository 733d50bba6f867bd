//! Tasks that follow from a task.

use super::Context;
use crate::client::{Draft, draft_options, typed_draft};
use crate::store::joins::NewTasks;
use crate::store::submit::Start;
use crate::{Error, ErrorKind, Result, Task};
use dutiful_core::limits::SUBMIT_MANY_MAX;
use dutiful_core::{DedupScope, Priority, Timestamp};
use std::future::{IntoFuture, Ready, ready};
use std::time::{Duration, SystemTime};

use crate::client::invalid;

/// A follow-up that can still be changed; await it to add it.
#[derive(Debug)]
#[must_use = "a follow-up is not added before it is awaited"]
pub struct FollowUp<'c> {
    cx: &'c Context,
    draft: Result<Draft>,
}

impl<'c> FollowUp<'c> {
    draft_options!();

    pub(super) fn new<T: Task>(cx: &'c Context, payload: &T::Payload) -> FollowUp<'c> {
        FollowUp {
            cx,
            draft: typed_draft::<T>(payload),
        }
    }

    /// Holds it until all of `items` have ended, however they ended, and then runs it: see
    /// [`Submit::after`](crate::Submit::after). None of them is awaited by itself.
    ///
    /// ```
    /// # use dutiful::{Context, Task, TaskError};
    /// # struct Page; struct Bind;
    /// # impl Task for Page { type Payload = u32; type Output = ();
    /// #   async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// # impl Task for Bind { type Payload = String; type Output = ();
    /// #   async fn process(&self, _: String, _: &Context) -> Result<(), TaskError> { Ok(()) } }
    /// struct Split;
    ///
    /// impl Task for Split {
    ///     type Payload = String;
    ///     type Output = ();
    ///
    ///     async fn process(&self, title: String, cx: &Context) -> Result<(), TaskError> {
    ///         let pages = (1..=3).map(|page| cx.submit::<Page>(page));
    ///         cx.submit::<Bind>(title).after(pages).await?;
    ///         Ok(())
    ///     }
    /// }
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let ran = dutiful::testing::run(&Split, "Ulysses".to_owned()).await;
    /// # assert_eq!(ran.follow_ups.len(), 4);
    /// # }
    /// ```
    pub fn after(mut self, items: impl IntoIterator<Item = FollowUp<'c>>) -> Self {
        let items = items.into_iter().map(|item| item.draft);
        self.draft = self.draft.and_then(|draft| draft.after(items));
        self
    }

    fn add(self) -> Result<()> {
        let effects = &self.cx.inner.effects;
        let mut new = NewTasks::default();
        self.draft?
            .add_to(&mut new, self.cx.inner.payload_bytes_max())?;
        if effects.follow_up_count() + new.tasks.len() > SUBMIT_MANY_MAX {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                format!("a task may have at most {SUBMIT_MANY_MAX} follow-ups"),
            ));
        }
        effects.add_follow_ups(new);
        Ok(())
    }
}

impl IntoFuture for FollowUp<'_> {
    type Output = Result<()>;
    type IntoFuture = Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        ready(self.add())
    }
}
