//! Submitting once, however often the request for it comes.

use super::{Submit, finish_all};
use crate::client::{Client, Submitted, send};
use crate::store::requests::{Answered, Request, submit_once};
use crate::store::submit::Submission;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::REQUEST_KEY_BYTES_MAX;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The answer to a request that may come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Once {
    /// What became of the submissions, in their order.
    pub submitted: Vec<Submitted>,
    /// Whether an earlier request with the key has submitted them, and this one nothing.
    pub replayed: bool,
}

impl Client {
    /// Submits all of the tasks or none, once for each `key`: a request that comes again with the same key
    /// within 24 hours submits nothing and is given the answer of the first. Of two that come at the same
    /// time the second waits for the first.
    ///
    /// The key is the requester's: 1 to 255 visible characters of ASCII. `request_hash` is a digest of
    /// what was asked for, so that a key that is used for something else is noticed. A request that fails
    /// takes no key: it can be made again.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use serde_json::json;
    /// let body = [7; 32];
    /// for replayed in [false, true] {
    ///     let submission = client.submit_json("Resize", json!({ "width": 640 }));
    ///     let once = client.submit_once("order-17", body, vec![submission]).await?;
    ///     assert_eq!((once.submitted.len(), once.replayed), (1, replayed));
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `config` for a key that cannot be used; `conflict` when the key was used for another request;
    /// otherwise as [`Client::submit_many`].
    pub async fn submit_once(
        &self,
        key: &str,
        request_hash: [u8; 32],
        submissions: Vec<Submit<'_>>,
    ) -> Result<Once> {
        let request = request(key, request_hash)?;
        let drafts = submissions.into_iter().enumerate().map(|(index, submit)| {
            let draft = submit.draft;
            draft.map_err(|error| error.context(format!("payload {index}")))
        });
        let drafts = drafts.collect::<Result<_>>()?;
        let tasks = finish_all(drafts, self.db().payload_bytes_max())?;
        let (done, replayed) = match submit_once(self.db(), &request, &tasks).await? {
            Answered::Submitted(done) => (done, false),
            Answered::Replayed(done) => (done, true),
            Answered::OtherRequest => return Err(other_request()),
        };
        if !replayed && !tasks.is_empty() {
            send::tell_workers(self.wake(), &tasks, &done);
        }
        Ok(once(done, replayed))
    }
}

/// The request as this call makes it.
pub(in crate::client) fn request(key: &str, request_hash: [u8; 32]) -> Result<Request> {
    check_key(key)?;
    Ok(Request {
        key: Sha256::digest(key).into(),
        hash: request_hash,
        call: uuid::Uuid::new_v4().to_string(),
    })
}

fn once(done: Vec<Submission>, replayed: bool) -> Once {
    Once {
        submitted: done.into_iter().map(Submitted::from).collect(),
        replayed,
    }
}

fn check_key(key: &str) -> Result<()> {
    let fault = match key.len() {
        1..=REQUEST_KEY_BYTES_MAX if key.bytes().all(|byte| byte.is_ascii_graphic()) => {
            return Ok(());
        }
        1..=REQUEST_KEY_BYTES_MAX => "with a character that is none of these".to_owned(),
        bytes => format!("of {bytes} bytes"),
    };
    Err(Error::new(
        ErrorKind::Config,
        format!(
            "a key of a request {fault}; use 1 to {REQUEST_KEY_BYTES_MAX} visible characters of ASCII"
        ),
    ))
}

pub(in crate::client) fn other_request() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the key was used for another request within the last 24 hours; use a new key for a new request",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_within_its_length() {
        for key in [
            "a",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            "!~",
            &"k".repeat(255),
        ] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for (key, rule) in [
            ("", "0 bytes"),
            (&"k".repeat(256), "256 bytes"),
            ("two words", "none of these"),
            ("ключ", "none of these"),
            ("a\n", "none of these"),
        ] {
            let error = check_key(key).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(rule), "{error}");
        }
    }
}
