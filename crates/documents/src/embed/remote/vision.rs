//! Pictures to Markdown, by a provider of `/v1/chat/completions` whose model sees.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::link::{Body, Link};
use super::settings::{Provider, invalid};
use super::{hold, refusal};
use crate::embed::EmbedError;
use crate::limits::{OUTPUT_BYTES_MAX, PICTURE_BYTES_MAX};

/// What the model is told to do.
const PROMPT: &str = "Write down all text of this page as Markdown: headings, paragraphs, lists and tables in their \
    reading order, in the page's own language. Describe pictures without text in one line. Add nothing else.";

/// The Markdown of a picture of a page, by a model at a provider that sees pictures.
///
/// `media_type` is that of the picture, for example `image/png`; it has at most 20 MiB. What the model writes has at
/// most `tokens` tokens.
///
/// # Errors
/// As of embedding: the same codes and remedies. `answer_unusable` also for an answer that was cut.
pub async fn describe_picture(
    provider: &Provider,
    model: &str,
    media_type: &str,
    picture: &[u8],
    tokens: u32,
) -> Result<String, EmbedError> {
    if picture.len() > PICTURE_BYTES_MAX {
        return Err(invalid(format!(
            "a picture has more than {PICTURE_BYTES_MAX} bytes"
        )));
    }
    let kind = media_type.strip_prefix("image/").unwrap_or_default();
    if kind.is_empty()
        || !kind
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    {
        return Err(invalid(
            "the media type is none of a picture, such as image/png",
        ));
    }
    let link = Link::new(provider)?;
    let url = format!("data:{media_type};base64,{}", STANDARD.encode(picture));
    let request = json!({
        "model": model,
        "max_tokens": tokens,
        "messages": [{"role": "user", "content": [
            {"type": "text", "text": PROMPT},
            {"type": "image_url", "image_url": {"url": url}},
        ]}],
    });
    let body = Body {
        bytes: request.to_string().into_bytes(),
        kind: "application/json".to_owned(),
    };
    let answer = link
        .post("/chat/completions", body, OUTPUT_BYTES_MAX)
        .await?;
    if !answer.status.is_success() {
        let refusal = refusal::of(&answer, hold::UNKNOWN, link.key()?.as_ref());
        return Err(refusal.why().clone());
    }
    let completion: Completion = serde_json::from_slice(&answer.body)
        .map_err(|error| EmbedError::answer_unusable(format!("it is no completion: {error}")))?;
    let mut choices = completion.choices.into_iter();
    let choice = choices.next();
    let choice = choice.ok_or_else(|| EmbedError::answer_unusable("it holds no message"))?;
    if choice.finish_reason.as_deref() == Some("length") {
        let cause = format!("the model had more to say than {tokens} tokens");
        return Err(EmbedError::answer_unusable(cause));
    }
    let text = choice.message.content.unwrap_or_default();
    let mut markdown = String::new();
    crate::clean::push(&mut markdown, without_fence(&text));
    Ok(markdown)
}

/// Models like to put all of their Markdown into one block of code.
fn without_fence(text: &str) -> &str {
    let text = text.trim();
    let inner = text
        .strip_prefix("```markdown\n")
        .or_else(|| text.strip_prefix("```md\n"));
    inner
        .and_then(|inner| inner.strip_suffix("```"))
        .unwrap_or(text)
        .trim()
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_around_everything_goes_and_others_stay() {
        assert_eq!(without_fence("```markdown\n# A\n```\n"), "# A");
        assert_eq!(
            without_fence(" # A\n\n```\ncode\n```"),
            "# A\n\n```\ncode\n```"
        );
        assert_eq!(without_fence("```markdown\nopen"), "```markdown\nopen");
    }
}
