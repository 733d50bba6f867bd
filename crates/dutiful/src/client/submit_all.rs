//! Many submissions of any names and options, in one transaction.

use super::draft::{Submitted, check_count};
use super::{Client, Submit};
use crate::Result;
use crate::store::joins::NewTasks;

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
        let (mut new, mut places) = (NewTasks::default(), Vec::with_capacity(submissions.len()));
        for (index, submission) in submissions.into_iter().enumerate() {
            let draft = submission.of(self);
            let added = draft.and_then(|draft| draft.add_to(&mut new, most));
            places.push(added.map_err(|error| error.context(format!("payload {index}")))?);
        }
        let done = self.send_all(new).await?;
        // Those that others of them wait for are not asked for.
        Ok(places
            .into_iter()
            .filter_map(|place| done.get(place).copied())
            .collect())
    }
}
