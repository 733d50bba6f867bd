//! What a reading is told and tells: the programs it may use, pages that are known already, and
//! the pages that it recognized. How it reads stands in `transcribe.rs` and the readers.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Engines, TranscribeError};

/// How a page's text was had.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// It stands in the document as text.
    #[default]
    Text,
    /// Recognized in the picture of the page by a program on this machine.
    Ocr,
    /// Read from the picture of the page by a model that sees.
    Vision,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Ocr => "ocr",
            Self::Vision => "vision",
        })
    }
}

/// A page that was recognized from its picture: it costs a second, so it is kept as soon as it is
/// there, and given to the next reading of the same document as [`known`](Reading::known).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecognizedPage {
    /// Counted from 1.
    pub number: u32,
    /// What recognized it.
    pub method: Method,
    /// How sure that is of the words, from 0 to 1; longer words count more.
    pub confidence: Option<f32>,
    /// The text; empty where the picture shows none.
    pub markdown: String,
    /// What was left out or guessed, one sentence each.
    pub warnings: Vec<String>,
}

/// What is told while a document is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How many pages a PDF or a picture has, before the first of them is read. Told again where a
    /// damaged file turns out to have more.
    Pages {
        /// At least 1.
        total: u32,
    },
    /// A page was recognized. The next one begins when this has been heard.
    Recognized(RecognizedPage),
}

/// How a document is to be read.
///
/// ```
/// use dutiful_documents::{Engines, Reading, transcribe_with};
///
/// let engines = Engines::none();
/// let reading = Reading { name_hint: Some("note.md"), ..Reading::new(&engines) };
/// let document = transcribe_with(b"# A title\n\nSome text.\n", &reading)?;
/// assert_eq!(document.title.as_deref(), Some("A title"));
/// # Ok::<(), dutiful_documents::TranscribeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The name of the file; it only decides between text formats that look the same.
    pub name_hint: Option<&'a str>,
    /// Programs and libraries that may be used.
    pub engines: &'a Engines,
    /// Pages that an earlier reading of the same bytes recognized: they are not recognized again.
    pub known: &'a [RecognizedPage],
    /// Hears what happens, in the order of the pages. It returns once a page is kept; an error ends
    /// the reading.
    pub tell: &'a (dyn Fn(Told) -> Result<(), TranscribeError> + Sync),
    /// Asked between pages, and while one is recognized: true ends the reading.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Reading<'a> {
    /// A reading that knows no pages, tells nobody and is never stopped.
    pub fn new(engines: &'a Engines) -> Self {
        Self {
            name_hint: None,
            engines,
            known: &[],
            tell: &|_| Ok(()),
            stop: &|| false,
        }
    }

    /// The page of that number, where an earlier reading recognized it.
    pub(crate) fn known_page(&self, number: u32) -> Option<&'a RecognizedPage> {
        self.known.iter().find(|page| page.number == number)
    }
}
