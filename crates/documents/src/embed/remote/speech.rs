//! Speech to text, by a provider of `/v1/audio/transcriptions`.

use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;

use super::link::{Body, Link};
use super::settings::{Provider, invalid};
use super::{hold, refusal};
use crate::embed::EmbedError;
use crate::limits::{OUTPUT_BYTES_MAX, SOUND_BYTES_MAX};

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transcript {
    /// The text.
    pub text: String,
    /// Its language, where the provider tells it.
    #[serde(default)]
    pub language: Option<String>,
}

/// What is said in a recording of at most 25 MiB. The provider knows its format by `file_name`.
///
/// # Errors
/// As of embedding: the same codes and remedies.
pub async fn transcribe_speech(
    provider: &Provider,
    model: &str,
    file_name: &str,
    sound: &[u8],
) -> Result<Transcript, EmbedError> {
    if sound.len() > SOUND_BYTES_MAX {
        return Err(invalid(format!(
            "a recording has more than {SOUND_BYTES_MAX} bytes"
        )));
    }
    let link = Link::new(provider)?;
    let answer = link
        .post(
            "/audio/transcriptions",
            form(model, file_name, sound),
            OUTPUT_BYTES_MAX,
        )
        .await?;
    if !answer.status.is_success() {
        let refusal = refusal::of(&answer, hold::UNKNOWN, link.key()?.as_ref());
        return Err(refusal.why().clone());
    }
    let mut transcript: Transcript = serde_json::from_slice(&answer.body)
        .map_err(|error| EmbedError::answer_unusable(format!("it is no transcript: {error}")))?;
    let mut text = String::new();
    crate::clean::push(&mut text, transcript.text.trim());
    transcript.text = text;
    Ok(transcript)
}

/// A form of `multipart/form-data`. Nobody who made the recording can know what divides its parts.
fn form(model: &str, file_name: &str, sound: &[u8]) -> Body {
    let chance = RandomState::new();
    let boundary = format!("{:016x}{:016x}", chance.hash_one(0), chance.hash_one(1));
    let mut bytes = Vec::with_capacity(sound.len() + 1_024);
    for (name, value) in [("model", model), ("response_format", "json")] {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    let name: String = file_name.chars().filter(is_plain).take(100).collect();
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    bytes.extend_from_slice(head.as_bytes());
    bytes.extend_from_slice(sound);
    bytes.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    Body {
        bytes,
        kind: format!("multipart/form-data; boundary={boundary}"),
    }
}
