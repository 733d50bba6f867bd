//! Durable steps: work whose result outlives a crash.

use super::Context;
use crate::store::steps;
use crate::{Error, ErrorKind, Result, TaskError};
use dutiful_core::limits::STEP_NAME_BYTES_MAX;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;

/// Deeper text is not read by serde_json.
const READ_DEPTH_MAX: usize = 127;

impl Context {
    /// Does `work` once for this task: when it has succeeded in an earlier attempt, or before a crash,
    /// its stored result is given back instead. Steps are told apart by their names.
    ///
    /// The result is stored before this returns, under the lease of this attempt. `work` may run again
    /// when the worker dies before that.
    ///
    /// ```
    /// # use dutiful::{Context, TaskError};
    /// # async fn read(page: u32) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// async fn pages(cx: &Context) -> Result<Vec<String>, TaskError> {
    ///     let mut pages = Vec::new();
    ///     for page in 1..=3 {
    ///         pages.push(cx.step(&format!("page-{page}"), || async move { Ok(read(page).await?) }).await?);
    ///     }
    ///     Ok(pages)
    /// }
    /// ```
    ///
    /// # Errors
    /// What `work` answers; a lost lease or a database error as a failed run. A stored result that
    /// cannot be read as `T` is an error, not a reason to run the step again. One that is too large or
    /// nested too deep to be read again is refused at once, not after a crash.
    pub async fn step<T, F>(&self, name: &str, work: impl FnOnce() -> F) -> Result<T, TaskError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, TaskError>>,
    {
        if name.is_empty() || name.len() > STEP_NAME_BYTES_MAX || name.contains('\0') {
            return Err(TaskError::failed(format!(
                "the step name `{name}` cannot be used: take 1 to {STEP_NAME_BYTES_MAX} bytes"
            )));
        }
        let Some(client) = &self.inner.client else {
            return work().await;
        };
        if let Some(stored) = steps::get(client.db(), self.inner.task.0, name)
            .await
            .map_err(Error::from)?
        {
            return serde_json::from_str(&stored).map_err(|error| {
                TaskError::failed(format!(
                    "the stored result of step `{name}` cannot be read: {error}"
                ))
            });
        }
        let value = work().await?;
        self.store_step(client, name, &value).await?;
        Ok(value)
    }

    async fn store_step(
        &self,
        client: &crate::Client,
        name: &str,
        value: &impl Serialize,
    ) -> Result<()> {
        let result = self
            .inner
            .storable_json(&format!("the result of step `{name}`"), value)?;
        if depth(&result) > READ_DEPTH_MAX {
            return Err(Error::new(
                ErrorKind::InvalidPayload,
                format!(
                    "the result of step `{name}` is nested deeper than {READ_DEPTH_MAX} levels and could \
                     not be read again; flatten it"
                ),
            ));
        }
        let step = steps::Step {
            task: self.inner.task.0,
            attempt: self.inner.attempt,
            worker: &self.inner.worker,
            name,
            result: &result,
        };
        if steps::put(client.db(), &step).await? {
            Ok(())
        } else {
            Err(self.inner.lease_lost())
        }
    }
}

/// How many arrays and objects of a JSON text lie in one another.
fn depth(json: &str) -> usize {
    let (mut open, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                open += 1;
                deepest = deepest.max(open);
            }
            b']' | b'}' if !in_string => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_str};

    #[test]
    fn what_is_just_not_too_deep_can_be_read_again() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        for levels in [0, 1, 64, READ_DEPTH_MAX] {
            assert_eq!(depth(&nested(levels)), levels);
        }
        assert!(from_str::<Value>(&nested(READ_DEPTH_MAX)).is_ok());
        assert!(from_str::<Value>(&nested(READ_DEPTH_MAX + 1)).is_err());
    }

    #[test]
    fn brackets_in_strings_are_no_levels() {
        assert_eq!(depth(r#"{"a[[\"[":["]\\",{}],"b":"\"{{"}"#), 3);
    }
}
