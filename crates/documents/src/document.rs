//! What a transcription gives.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Method;

/// A document as Markdown, with the places of its pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The title that the document states, or else its first heading.
    pub title: Option<String>,
    /// What the bytes were, found by looking at them.
    pub format: Format,
    /// The text as Markdown: at most 6 MiB, lines end with `\n`, no control characters.
    pub markdown: String,
    /// The pages in order; exactly one where the format has none. Never empty.
    pub pages: Vec<Page>,
    /// What was left out or guessed, one sentence each; at most 51.
    pub warnings: Vec<String>,
    /// The language that the document states, as a tag such as `en` or `de-CH`.
    #[serde(default)]
    pub language: Option<String>,
    /// What else the document states about itself, where it does: `author`, `subject`,
    /// `description`, `keywords`, `created`, `modified`, `program`, `publisher` and the like; at most
    /// 32 entries of 300 bytes. Times are as the document writes them.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl Document {
    /// The Markdown of one page, counted from 1.
    pub fn page_text(&self, number: u32) -> Option<&str> {
        let page = self.pages.iter().find(|page| page.number == number)?;
        self.markdown.get(page.start..page.end)
    }
}

/// Where a page stands in the Markdown of its document.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// Counted from 1.
    pub number: u32,
    /// Byte at which the page begins; always between two characters.
    pub start: usize,
    /// Byte after its last one; equal to `start` when the page has no text.
    pub end: usize,
    /// How its text was had.
    #[serde(default)]
    pub method: Method,
    /// How sure the recognition is of it, from 0 to 1; none where nothing had to be recognized.
    #[serde(default)]
    pub confidence: Option<f32>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text in any common encoding.
    Text,
    /// Markdown.
    Markdown,
    /// HTML; the main content of it is kept.
    Html,
    /// Office Open XML text, as word processors write it.
    Docx,
    /// Office Open XML slides; one page for each slide.
    Pptx,
    /// Office Open XML workbook; one page for each sheet.
    Xlsx,
    /// Workbook of Excel 5 to 2003; one page for each sheet.
    Xls,
    /// Electronic book without copy protection; one page for each chapter.
    Epub,
    /// PDF; pages that are pictures are recognized where that is possible.
    Pdf,
    /// A picture.
    Png,
    /// A photograph or scan.
    Jpeg,
    /// A scan; one page for each picture in it.
    Tiff,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Markdown => "Markdown",
            Self::Html => "HTML",
            Self::Docx => "DOCX",
            Self::Pptx => "PPTX",
            Self::Xlsx => "XLSX",
            Self::Xls => "XLS",
            Self::Epub => "EPUB",
            Self::Pdf => "PDF",
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Tiff => "TIFF",
        })
    }
}
