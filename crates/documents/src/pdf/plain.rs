//! A PDF as pdfium reads it, where this crate's own reader cannot: text without headings, lists and
//! tables, and recognized pages.

use super::notes::Notes;
use super::routing::{Routed, Router, Worth};
use super::tell_pages;
use crate::assemble::{Assembly, too_many_pages};
use crate::limits::PAGES_MAX;
use crate::watch::Watch;
use crate::{Document, Format, Reading, TranscribeError};

/// Reads the file; `refusal` is what the other reader said, and stands where pdfium brings no text
/// either.
pub(super) fn read(
    mut router: Router,
    reading: &Reading<'_>,
    watch: &Watch,
    refusal: TranscribeError,
) -> Result<Document, TranscribeError> {
    let pages = match router.opened() {
        Ok(opened) => opened.page_count(),
        Err(_) => return Err(refusal),
    };
    if pages == 0 {
        return Err(refusal);
    }
    if pages > PAGES_MAX {
        return Err(too_many_pages(pages));
    }
    tell_pages(reading, pages)?;
    let mut assembly = Assembly::new(Format::Pdf);
    let mut notes = Notes::default();
    for index in 0..pages {
        watch.check()?;
        let text = router
            .opened()
            .and_then(|opened| opened.page(index).map(|page| page.text()));
        let text = match text {
            Ok(text) => text,
            Err(error) => {
                notes.unreadable(index, error.cause());
                assembly.page("")?;
                continue;
            }
        };
        let worth = Worth::of(text.chars());
        match router.route(index, worth, &mut notes)? {
            Routed::Own => {
                notes.own_text(index, worth);
                assembly.page(&text)?;
            }
            Routed::Text(text) => assembly.page(&text)?,
            Routed::Recognized(page) => assembly.recognized(&page)?,
        }
    }
    assembly.warn(format!(
        "the PDF is damaged, so that its headings, lists and tables are not known: {}",
        refusal.cause()
    ));
    notes.write(&mut assembly);
    match assembly.finish() {
        Err(error) if error.code() == "no_text" => Err(router.into_failure().unwrap_or(refusal)),
        finished => finished,
    }
}
