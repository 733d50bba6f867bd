//! The programs and libraries outside of this crate that a reading may use: which ones, where they
//! are looked for, and what is to be done about what is missing. Their use stands elsewhere.

mod find;
mod report;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::limits::{DPI, PAGE_SECONDS};

pub(crate) use find::{pdfium, tesseract};
pub use report::{Part, report};

/// Programs and libraries that are used where they are there. What is not named is looked for on
/// this machine; what is missing is no error in itself.
///
/// ```
/// let engines = dutiful_documents::Engines { dpi: 300, ..Default::default() };
/// assert_eq!(engines.languages, ["eng"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Engines {
    /// Whether anything outside of this crate is used at all. If not, pages that are pictures keep
    /// the text that they have.
    pub enabled: bool,
    /// The library that renders pages of a PDF, as a file. If not named: the one in
    /// `DUTIFUL_PDFIUM`, beside this program, among the system's libraries, or in a Python package.
    pub pdfium: Option<PathBuf>,
    /// The program `tesseract`, which recognizes text in pictures. If not named: the one in
    /// `DUTIFUL_TESSERACT`, in the `PATH`, or among the system's programs.
    pub tesseract: Option<PathBuf>,
    /// Languages that pictures are in, as Tesseract names them; 1 to 8.
    pub languages: Vec<String>,
    /// Dots per inch at which pages are rendered; taken as 72 or 600 where it is outside of these.
    pub dpi: u32,
    /// Longest time in seconds that recognizing one page may take; taken as 1 or 600 where it is
    /// outside of these.
    pub page_seconds: u32,
    /// For measurements alone: headings of a PDF by their type though it has an outline.
    #[doc(hidden)]
    #[serde(skip)]
    pub without_outline: bool,
}

impl Default for Engines {
    fn default() -> Self {
        Self {
            enabled: true,
            pdfium: None,
            tesseract: None,
            languages: vec!["eng".into()],
            dpi: 200,
            page_seconds: 60,
            without_outline: false,
        }
    }
}

impl Engines {
    /// Nothing outside of this crate: text only.
    pub fn none() -> Self {
        Self {
            enabled: false,
            ..Self::default()
        }
    }

    pub(crate) fn dpi(&self) -> u32 {
        self.dpi.clamp(*DPI.start(), *DPI.end())
    }

    pub(crate) fn page_seconds(&self) -> u32 {
        self.page_seconds
            .clamp(*PAGE_SECONDS.start(), *PAGE_SECONDS.end())
    }
}
