//! Doing something to all tasks that fit a filter, in two steps: a preview, and its confirmation.

mod operation;

pub use operation::{Operation, OperationPage};

use super::draft::Draft;
use super::inspect::{Filter, TaskInfo};
use super::submit::once::{other_request, request};
use super::submit::typed_draft;
use super::{Client, invalid};
use crate::bulk::{BulkAction, BulkOperations, NAME, OperationPayload};
use crate::db::{DbError, DbErrorKind};
use crate::store::list::{self, Query};
use crate::store::previews::{self, Confirmed};
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{
    AUDIT_WORD_BYTES_MAX, BULK_COUNT_TIME_MAX, BULK_COUNTED_MAX, BULK_EXAMPLES_MAX,
    LIST_SCAN_ROWS_MAX, PREVIEW_VALID,
};
use dutiful_core::{TaskId, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::time::Instant;

/// What a bulk operation would be about.
#[derive(Clone, Serialize)]
#[non_exhaustive]
pub struct BulkPreview {
    /// What would be done.
    pub action: &'static str,
    /// The priority that would be given.
    pub priority: Option<i64>,
    /// How many tasks fit: up to 10,000 are counted.
    pub count: u64,
    /// Whether these are all; otherwise there may be more.
    pub exact: bool,
    /// The newest of them, at most 10.
    pub tasks: Vec<TaskInfo>,
    /// What [`Client::bulk`] confirms. It is good once, for the same asker, and for what was asked for here.
    pub token: String,
    /// Until when.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for BulkPreview {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BulkPreview")
            .field("action", &self.action)
            .field("count", &self.count)
            .field("token", &"(not shown)")
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Tells how many tasks a bulk operation would be about, shows some, and gives a token with which
    /// [`Client::bulk`] does it within ten minutes. Changes nothing. `by` is who asks, cut at 200 bytes.
    ///
    /// Tasks that are submitted later are not touched. Operations themselves are never among the tasks. Counting
    /// ends at 10,000 tasks, and after three seconds of looking at rows; see [`BulkPreview::exact`].
    ///
    /// # Errors
    /// `config` for a filter that cannot be used; whatever the database says.
    pub async fn bulk_preview(
        &self,
        action: BulkAction,
        filter: &Filter,
        by: &str,
    ) -> Result<BulkPreview> {
        let by = storable(by, AUDIT_WORD_BYTES_MAX);
        let (up_to, now) = previews::bounds(self.db()).await?;
        // Where numbers do not rise with time, as in a cluster, a later task may have a lower one.
        let filter = filter.clone().no_later_than(now);
        let mut payload = OperationPayload::new(action, &filter, TaskId(up_to), &by)?;
        payload.check()?;
        let query = Query {
            except: Some(NAME),
            before: Some(up_to.saturating_add(1)),
            ..payload.filter()?.query()?
        };
        let (count, exact, newest) = self.count_some(&query).await?;
        payload.expected = count;
        payload.exact = exact;
        let mut tasks = Vec::new();
        if let Some(newest) = newest {
            let examples = Query {
                before: Some(newest.saturating_add(1)),
                limit: BULK_EXAMPLES_MAX,
                ..query
            };
            tasks = list::list(self.db(), &examples).await?.tasks;
        }
        let token = new_token();
        let asked_for = serde_json::to_string(&payload)
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        previews::insert(self.db(), digest(&token), &by, &asked_for).await?;
        Ok(BulkPreview {
            action: action.name(),
            priority: action.priority(),
            count,
            exact,
            tasks: tasks.into_iter().map(TaskInfo::from).collect(),
            token,
            expires_at: now.saturating_add(PREVIEW_VALID),
        })
    }

    /// Does what was previewed: submits an operation, which workers that have
    /// [`BulkOperations`](crate::BulkOperations) carry out in batches. `by` is who asked for the preview.
    ///
    /// Each task is acted on at most once, as by the call for one task, if it still fits by then; the others are
    /// counted by why not. An operation goes on when the process that works on it dies.
    ///
    /// # Errors
    /// `not_found` when there is no such preview of this asker; `conflict` when it was confirmed before, which
    /// the text names, or is older than ten minutes; whatever the database says.
    pub async fn bulk(&self, token: &str, by: &str) -> Result<Operation> {
        let key = uuid::Uuid::new_v4().to_string();
        let (operation, _) = self.bulk_once(token, by, &key, [0; 32]).await?;
        Ok(operation)
    }

    /// As [`Client::bulk`], once for each `key` as [`Client::submit_once`] does it. Tells too whether an earlier
    /// request with the key has started the operation.
    ///
    /// # Errors
    /// As [`Client::bulk`]; `config` for a key that cannot be used; `conflict` when the key was used for another
    /// request.
    pub async fn bulk_once(
        &self,
        token: &str,
        by: &str,
        key: &str,
        request_hash: [u8; 32],
    ) -> Result<(Operation, bool)> {
        let by = storable(by, AUDIT_WORD_BYTES_MAX);
        let request = request(key, request_hash)?;
        let most = self.db().payload_bytes_max();
        let make = |asked_for: &str| {
            let payload = serde_json::from_str::<OperationPayload>(asked_for)
                .map_err(|error| invalid(error.to_string()));
            let draft = payload.and_then(|payload| typed_draft::<BulkOperations>(&payload));
            let task = draft.and_then(|draft: Draft| draft.finish(most));
            task.map_err(|error| DbError::new(DbErrorKind::Decode, error.to_string()))
        };
        let confirmed = previews::confirm(self.db(), &request, digest(token), &by, make).await?;
        match confirmed {
            Confirmed::Started { id, replayed } => {
                self.wake().changed(NAME);
                Ok((self.operation(TaskId(id)).await?, replayed))
            }
            Confirmed::OtherRequest => Err(other_request()),
            Confirmed::Missing => Err(Error::new(
                ErrorKind::NotFound,
                "there is no such preview of yours; ask for one",
            )),
            Confirmed::Used(id) => Err(Error::new(
                ErrorKind::Conflict,
                format!("this preview was confirmed before, by operation {id}; ask for another"),
            )),
            Confirmed::Expired => Err(Error::new(
                ErrorKind::Conflict,
                "this preview is older than ten minutes; ask for another",
            )),
        }
    }

    /// How many tasks pass, up to a bound, whether these are all, and which is the newest.
    async fn count_some(&self, query: &Query) -> Result<(u64, bool, Option<i64>)> {
        let mut query = Query {
            limit: LIST_SCAN_ROWS_MAX,
            ..query.clone()
        };
        let begun = Instant::now();
        let (mut count, mut newest) = (0, None);
        let exact = loop {
            let (ids, next) = list::ids(self.db(), &query).await?;
            count += ids.len();
            newest = newest.or(ids.first().copied());
            if count > BULK_COUNTED_MAX {
                break false;
            }
            if next.is_none() {
                break true;
            }
            if begun.elapsed() >= BULK_COUNT_TIME_MAX {
                break false;
            }
            query.before = next;
        };
        let count = u64::try_from(count.min(BULK_COUNTED_MAX)).unwrap_or(u64::MAX);
        Ok((count, exact, newest))
    }
}

/// 244 random bits.
fn new_token() -> String {
    let half = || uuid::Uuid::new_v4().simple().to_string();
    format!("preview_{}{}", half(), half())
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
