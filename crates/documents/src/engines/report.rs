//! What of the programs and libraries is there, for a person who wants to know what to install.

use std::time::Duration;

use serde::Serialize;

use super::{Engines, find};
use crate::pdf::pdfium;
use crate::recognize::Tesseract;

/// Longest time that a program may take to tell its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// A program or library outside of this crate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `pdfium` or `tesseract`.
    pub name: &'static str,
    /// What it is used for.
    pub purpose: &'static str,
    /// Where it was found.
    pub path: Option<String>,
    /// What it says of itself, where it says that.
    pub version: Option<String>,
    /// What is wrong and what to do about it; none where it works.
    pub problem: Option<String>,
}

/// Looks for every part and tries whether it works. Takes some tenths of a second: programs are
/// started for it.
///
/// ```
/// use dutiful_documents::{Engines, engines};
///
/// for part in engines::report(&Engines::default()) {
///     println!("{}: {}", part.name, part.problem.as_deref().unwrap_or("works"));
/// }
/// ```
pub fn report(engines: &Engines) -> Vec<Part> {
    vec![pdfium_part(engines), tesseract_part(engines)]
}

fn pdfium_part(engines: &Engines) -> Part {
    let path = find::pdfium(engines).ok();
    Part {
        name: "pdfium",
        purpose: "renders pages of a PDF that are pictures, and reads PDFs that are damaged",
        path: path.map(|path| path.display().to_string()),
        version: None,
        problem: pdfium::library(engines).err(),
    }
}

fn tesseract_part(engines: &Engines) -> Part {
    let path = find::tesseract(engines).ok();
    Part {
        name: "tesseract",
        purpose: "recognizes the text of pictures",
        version: path
            .as_deref()
            .and_then(|path| Tesseract::version(path, PATIENCE)),
        path: path.map(|path| path.display().to_string()),
        problem: Tesseract::open(engines, &|| false)
            .err()
            .map(|error| error.cause().to_owned()),
    }
}
