//! Tasks that follow from a task.

use super::Context;
use crate::client::{Draft, draft_options, typed_draft};
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

    fn add(self) -> Result<()> {
        let effects = &self.cx.inner.effects;
        if effects.follow_up_count() >= SUBMIT_MANY_MAX {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                format!("a task may have at most {SUBMIT_MANY_MAX} follow-ups"),
            ));
        }
        effects.add_follow_up(self.draft?.finish(self.cx.inner.payload_bytes_max())?);
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
