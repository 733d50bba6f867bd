//! Where a payload comes from: the argument, stdin or a file.

use crate::failure::{Exit, Failure};
use dutiful_core::limits::PAYLOAD_READ_BYTES_MAX;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read};

/// Reads `text`, `-` or `@FILE` as one JSON value, strictly: no duplicate keys, no numbers that change
/// their value.
pub(in crate::cli) async fn read(argument: &str) -> Result<Value, Failure> {
    let text = match (argument, argument.strip_prefix('@')) {
        ("-", _) => limited("stdin".to_owned(), || Ok(io::stdin())).await?,
        (_, Some(path)) => {
            let file = path.to_owned();
            limited(path.to_owned(), move || File::open(file)).await?
        }
        _ => argument.to_owned(),
    };
    parse(&text)
}

fn parse(text: &str) -> Result<Value, Failure> {
    dutiful_core::json::parse(text).map_err(|error| {
        invalid(format!(
            "the payload is no JSON that can be stored: {error}"
        ))
        .fix("in a shell put it in single quotes: '{\"message\": \"hello\", \"count\": 2}'")
    })
}

/// Reading waits for whoever writes, so it is done on a thread of its own.
async fn limited<R: Read>(
    name: String,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        open()?
            .take(PAYLOAD_READ_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let bytes = read
        .await
        .map_err(io::Error::other)
        .and_then(|read| read)
        .map_err(|error| invalid(format!("cannot read the payload from {name}: {error}")))?;
    if bytes.len() as u64 > PAYLOAD_READ_BYTES_MAX {
        return Err(invalid(format!(
            "the payload in {name} is larger than {PAYLOAD_READ_BYTES_MAX} bytes"
        )));
    }
    String::from_utf8(bytes)
        .map_err(|error| invalid(format!("the payload in {name} is not UTF-8: {error}")))
}

fn invalid(cause: String) -> Failure {
    Failure::new(Exit::Usage, "invalid_payload", cause)
}
