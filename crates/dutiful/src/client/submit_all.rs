//! Many submissions of any names and options, in one transaction.

use super::draft::Submitted;
use super::submit::check_count;
use super::{Client, Submit};
use crate::{Error, ErrorKind, Result};
use std::sync::Arc;

impl Client {
    /// Submits tasks of any types and options in one transaction, in this order, at most 10,000: all of them
    /// or none. The answers stand in the same order. Make the submissions by this client, or by a clone.
    ///
    /// # Errors
    /// As [`Client::submit`]; one that cannot be submitted refuses all, and the text says which: `payload 0`
    /// is the first. `config` when one of them was made by another client.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use serde_json::json;
    /// let submitted = client.submit_all(vec![
    ///     client.submit_json("Resize", json!({ "width": 640 })).priority(5),
    ///     client.submit_json("Mail", json!({ "to": "all" })).held(),
    /// ]).await?;
    /// assert_eq!(client.get(submitted[1].id).await?.task_name, "Mail");
    /// # Ok(()) }
    /// ```
    pub async fn submit_all(&self, submissions: Vec<Submit<'_>>) -> Result<Vec<Submitted>> {
        check_count(submissions.len())?;
        let most = self.db().payload_bytes_max();
        let mut tasks = Vec::with_capacity(submissions.len());
        for (index, submission) in submissions.into_iter().enumerate() {
            let ours = Arc::ptr_eq(&self.inner, &submission.client.inner);
            let task = match ours {
                true => submission.draft.and_then(|draft| draft.finish(most)),
                false => Err(of_another_client()),
            };
            tasks.push(task.map_err(|error| error.context(format!("payload {index}")))?);
        }
        self.send_all(tasks).await
    }
}

/// It may be meant for another database.
fn of_another_client() -> Error {
    Error::new(
        ErrorKind::Config,
        "it was made by another client; submit it by the one that made it",
    )
}
