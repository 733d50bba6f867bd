//! Pausing task names.

use super::Client;
use crate::store::pauses::{self, PauseRow};
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::AUDIT_WORD_BYTES_MAX;
use dutiful_core::{Timestamp, check_name};
use serde::{Deserialize, Serialize};

/// A task name that is paused: no worker claims its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PausedName {
    /// The name.
    pub task_name: String,
    /// Since when, by the database's clock.
    pub paused_at: Timestamp,
    /// Who has paused it.
    pub paused_by: String,
}

impl From<PauseRow> for PausedName {
    fn from(row: PauseRow) -> PausedName {
        PausedName {
            task_name: row.task_name,
            paused_at: row.paused_at,
            paused_by: row.paused_by,
        }
    }
}

impl Client {
    /// Pauses a task name: within some seconds no worker claims its tasks any more, whatever its program, until
    /// it is resumed. Running tasks go on and are settled, and what was claimed and has not begun goes back.
    /// Tasks can be submitted as before, and wait. A name that is paused stays as it is, and so does who has
    /// paused it; `by` is cut at 200 bytes.
    ///
    /// Leases that run out meanwhile are taken over once the name is resumed.
    ///
    /// # Errors
    /// `config` for what is no task name; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// client.pause("Mail", "ada").await?;
    /// let id = client.submit_json("Mail", serde_json::json!(1)).await?.id;
    /// assert_eq!(client.explain(id).await?.reasons[0].code, "paused");
    /// assert_eq!(client.paused().await?[0].paused_by, "ada");
    /// client.resume("Mail").await?;
    /// assert!(client.paused().await?.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn pause(&self, task_name: &str, by: &str) -> Result<PausedName> {
        check(task_name)?;
        let by = storable(by, AUDIT_WORD_BYTES_MAX);
        pauses::pause(self.db(), task_name, &by).await?;
        // Whoever looks sees it.
        self.wake().changed(task_name);
        let row = pauses::one(self.db(), task_name).await?;
        row.map(PausedName::from).ok_or_else(|| {
            let text = format!("`{task_name}` was resumed at the same time; pause it again");
            Error::new(ErrorKind::Conflict, text)
        })
    }

    /// Lets a paused task name go on. One that is not paused stays as it is.
    ///
    /// # Errors
    /// As [`Client::pause`].
    pub async fn resume(&self, task_name: &str) -> Result<()> {
        check(task_name)?;
        pauses::resume(self.db(), task_name).await?;
        self.wake().changed(task_name);
        Ok(())
    }

    /// The task names that are paused, at most 1,000.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn paused(&self) -> Result<Vec<PausedName>> {
        let rows = pauses::list(self.db()).await?;
        Ok(rows.into_iter().map(PausedName::from).collect())
    }
}

fn check(task_name: &str) -> Result<()> {
    check_name(task_name).map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
}
