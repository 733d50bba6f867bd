//! The settings of a task type that are more than a number.

use dutiful_core::{DedupKey, DedupScope};
use serde::Serialize;
use std::fmt;

/// Where handlers of a type run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Threads {
    /// On the event loop of the type's lane: for handlers that await.
    #[default]
    Shared,
    /// Each run on a thread of its own: for handlers that compute or block.
    Own,
}

/// What makes two submissions of a type the same task: a scope and a key.
pub struct Dedup<P> {
    pub(crate) scope: DedupScope,
    pub(crate) by: DedupBy<P>,
}

/// What the dedup key is made from.
pub enum DedupBy<P> {
    /// The whole payload.
    Payload,
    /// Some of its fields, by JSON Pointer.
    Fields(&'static [&'static str]),
    /// A text that the type computes.
    Key(fn(&P) -> String),
}

impl<P: Serialize> Dedup<P> {
    /// Every submission is a task of its own.
    pub fn none() -> Self {
        Dedup {
            scope: DedupScope::None,
            by: DedupBy::Payload,
        }
    }

    /// The same payload within the given scope.
    pub fn scope(scope: DedupScope) -> Self {
        Dedup {
            scope,
            by: DedupBy::Payload,
        }
    }

    /// Compares only these fields of the payload, given as JSON Pointers (`"/customer/id"`).
    #[must_use]
    pub fn by_fields(mut self, pointers: &'static [&'static str]) -> Self {
        self.by = DedupBy::Fields(pointers);
        self
    }

    /// Compares a text that is computed from the payload.
    #[must_use]
    pub fn by_key(mut self, key: fn(&P) -> String) -> Self {
        self.by = DedupBy::Key(key);
        self
    }

    /// The key, unless it is the whole payload, whose canonical text is made later in any case.
    pub(crate) fn own_key(
        &self,
        task_name: &str,
        payload: &P,
        json: &serde_json::Value,
    ) -> Result<Option<DedupKey>, String> {
        match &self.by {
            DedupBy::Payload => Ok(None),
            DedupBy::Fields(pointers) => DedupKey::for_fields(task_name, json, pointers)
                .map(Some)
                .map_err(|error| error.to_string()),
            DedupBy::Key(key) => Ok(Some(DedupKey::for_text(task_name, &key(payload)))),
        }
    }
}

impl<P> Default for Dedup<P> {
    fn default() -> Self {
        Dedup {
            scope: DedupScope::UntilSuccess,
            by: DedupBy::Payload,
        }
    }
}

impl<P> fmt::Debug for Dedup<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match &self.by {
            DedupBy::Payload => "payload".to_owned(),
            DedupBy::Fields(pointers) => format!("fields {pointers:?}"),
            DedupBy::Key(_) => "key".to_owned(),
        };
        write!(f, "Dedup({:?} by {by})", self.scope)
    }
}
