//! Real tokenizers, where the features for them are on.

use dutiful_documents::tokenizer::Tokenizer;

#[cfg(feature = "tiktoken")]
mod cl100k;
#[cfg(feature = "tokenizers")]
mod hugging_face;

/// All that are there.
pub(crate) fn all() -> Vec<Box<dyn Tokenizer>> {
    // Nothing is added where both features are off.
    #[allow(unused_mut)]
    let mut all: Vec<Box<dyn Tokenizer>> = Vec::new();
    #[cfg(feature = "tokenizers")]
    all.extend(hugging_face::all());
    #[cfg(feature = "tiktoken")]
    all.push(Box::new(dutiful_documents::tokenizer::Cl100k::new()));
    all
}
