//! The vectors in an answer: as many as there are texts, each in its place, of the right size, of real numbers.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::embed::error::Problem;
use crate::embed::{EmbedError, Embedded};
use crate::limits::PROVIDER_ANSWER_BYTES_MAX;

/// Most bytes of a number as JSON, and what stands around it.
const NUMBER_BYTES_MAX: usize = 32;
/// Most bytes around a vector.
const AROUND_BYTES_MAX: usize = 512;

/// Most bytes that an answer for so many texts may have.
pub(super) fn bytes_max(texts: usize, dimensions: u32) -> usize {
    let one = dimensions as usize * NUMBER_BYTES_MAX + AROUND_BYTES_MAX;
    PROVIDER_ANSWER_BYTES_MAX + texts.saturating_mul(one)
}

/// The vectors of `texts` texts in an answer.
pub(super) fn vectors(
    body: &[u8],
    texts: usize,
    dimensions: u32,
) -> Result<Vec<Embedded>, EmbedError> {
    let answer: Answer = serde_json::from_slice(body).map_err(|error| {
        EmbedError::answer_unusable(format!("it is no list of vectors: {error}"))
    })?;
    if answer.data.len() != texts {
        let count = answer.data.len();
        let cause = format!("it has {count} vectors for {texts} texts");
        return Err(EmbedError::answer_unusable(cause));
    }
    let mut places: Vec<Option<Embedded>> = vec![None; texts];
    for (at, one) in answer.data.into_iter().enumerate() {
        let length = one.embedding.0.len();
        if length != dimensions as usize {
            let cause = format!("a vector has {length} dimensions, {dimensions} are set");
            return Err(EmbedError::new(Problem::WrongDimensions, cause));
        }
        let index = one.index.unwrap_or(at);
        match places.get_mut(index) {
            Some(place @ None) => *place = Some(Embedded::new(one.embedding.0)?),
            _ => {
                let cause = format!("{index} is the index of no text, or of two vectors");
                return Err(EmbedError::answer_unusable(cause));
            }
        }
    }
    // Each has come once, since there are as many as there are places.
    Ok(places.into_iter().flatten().collect())
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    index: Option<usize>,
    embedding: Numbers,
}

/// A vector as numbers, or as the bytes of them in base64.
struct Numbers(Vec<f32>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumbersVisitor)
    }
}

struct NumbersVisitor;

impl<'de> Visitor<'de> for NumbersVisitor {
    type Value = Numbers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of numbers, or their bytes in base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Numbers, E> {
        let bytes = STANDARD.decode(text).map_err(E::custom)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(E::custom("the bytes are no 32-bit numbers"));
        }
        Ok(Numbers(
            numbers
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Numbers, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = list.next_element::<f32>()? {
            numbers.push(number);
        }
        Ok(Numbers(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_put_in_the_order_of_the_texts() {
        let body =
            br#"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":"AACAPwAAAAA="}]}"#;
        let vectors = vectors(body, 2, 2).unwrap();
        assert_eq!(vectors[0].vector, [1.0, 0.0]);
        assert_eq!(vectors[1].vector, [0.0, 1.0]);
    }

    #[test]
    fn what_is_not_a_vector_for_each_text_is_refused() {
        for (body, code) in [
            ("rubbish", "answer_unusable"),
            ("{}", "answer_unusable"),
            (r#"{"data":[]}"#, "answer_unusable"),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]}]}"#,
                "answer_unusable",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":0,"embedding":[1,2]}]}"#,
                "answer_unusable",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":2,"embedding":[1,2]}]}"#,
                "answer_unusable",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,2,3]}]}"#,
                "wrong_dimensions",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1,1e99]}]}"#,
                "answer_unusable",
            ),
            (
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":"AACAPwAA"}]}"#,
                "answer_unusable",
            ),
            (
                // The bytes of infinity.
                r#"{"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":"AACAfwAAgH8="}]}"#,
                "answer_unusable",
            ),
        ] {
            let error = vectors(body.as_bytes(), 2, 2).unwrap_err();
            assert_eq!(error.code(), code, "{body}");
        }
    }
}
