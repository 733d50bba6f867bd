//! What a task waits for: its items, each with what became of it.

use super::Client;
use super::inspect::no_such_task;
use crate::store::get;
use crate::store::joins::items::{self, ItemRow};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::ITEMS_PAGE_MAX;
use dutiful_core::{State, TaskId, Timestamp};
use serde::{Deserialize, Serialize};

/// A task that another one waits for, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Item {
    /// Its place among the items, counted from 0 in the order in which they were given.
    pub number: u32,
    /// The task.
    pub id: TaskId,
    /// Its type; `None` when the task has been removed.
    pub task_name: Option<String>,
    /// Where it is in its life; `None` when the task has been removed, as after its retention time.
    pub state: Option<State>,
    /// What kind of error ended it last, for example `failed`; see the column `error_kind`.
    pub error_kind: Option<String>,
    /// What the last error said.
    pub error_message: Option<String>,
    /// When it ended, if it has.
    pub finished_at: Option<Timestamp>,
}

impl Item {
    /// Whether it succeeded.
    pub fn succeeded(&self) -> bool {
        self.state == Some(State::Succeeded)
    }
}

impl From<ItemRow> for Item {
    fn from(row: ItemRow) -> Item {
        let mut item = Item {
            number: u32::try_from(row.number).unwrap_or(u32::MAX),
            id: TaskId(row.task),
            task_name: None,
            state: None,
            error_kind: None,
            error_message: None,
            finished_at: None,
        };
        if let Some(there) = row.there {
            item.task_name = Some(there.task_name);
            item.state = Some(there.state);
            item.error_kind = there.error_kind;
            item.error_message = there.error_message;
            item.finished_at = there.finished_at;
        }
        item
    }
}

impl Client {
    /// The items of a task that was submitted with [`Submit::after`](crate::Submit::after): those from number `from`
    /// on, at most `limit` of them (1 to 1,000), in their order. None for a task that waits for nothing. The result
    /// of an item is read by [`Client::get`].
    ///
    /// # Errors
    /// `not_found` when there is no such task; `config` for a limit that is out of bounds; whatever the database
    /// says.
    pub async fn items(&self, id: TaskId, from: u32, limit: u32) -> Result<Vec<Item>> {
        if !(1..=ITEMS_PAGE_MAX).contains(&limit) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("a page of {limit} items; ask for 1 to {ITEMS_PAGE_MAX}"),
            ));
        }
        let rows = items::page(self.db(), id.0, from.into(), limit.into()).await?;
        if rows.is_empty() && get::get(self.db(), id.0).await?.is_none() {
            return Err(no_such_task(id));
        }
        Ok(rows.into_iter().map(Item::from).collect())
    }
}
