//! Plain text and Markdown, which is text already: decoded, cleaned, given a title.

mod decode;
mod title;

pub(crate) use decode::{Decoded, decode};

use crate::assemble::Assembly;
use crate::{Document, Format, TranscribeError};

/// Plain text is kept as it is: it reads well as Markdown, and escaping would only hide words from
/// a search. Its title is a first line that stands alone.
pub(crate) fn read_plain(decoded: Decoded) -> Result<Document, TranscribeError> {
    let title = title::of_plain(&decoded.text);
    let stated = title.map(|title| ("title", title));
    read(Format::Text, decoded, stated.into_iter().collect())
}

/// Markdown is passed through. Its title is that of its front matter, or its first heading.
pub(crate) fn read_markdown(decoded: Decoded) -> Result<Document, TranscribeError> {
    let matter = title::front_matter(&decoded.text);
    read(Format::Markdown, decoded, matter)
}

fn read(
    format: Format,
    decoded: Decoded,
    stated: Vec<(&'static str, String)>,
) -> Result<Document, TranscribeError> {
    let mut assembly = Assembly::new(format);
    for (key, value) in stated {
        match key {
            "title" => assembly.title(&value),
            "language" => assembly.language(&value),
            key => assembly.meta(key, &value),
        }
    }
    decoded
        .warnings
        .into_iter()
        .for_each(|warning| assembly.warn(warning));
    assembly.page(&decoded.text)?;
    assembly.finish()
}
