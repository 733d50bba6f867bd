//! Which pages need more than the text that they have, and where it is had: pdfium's reading first,
//! recognition of the rendered page last. A page for which neither works keeps what it has.

use std::cell::OnceCell;

use super::notes::Notes;
use super::pdfium::Opened;
use crate::limits::{PAGE_LETTERS_MIN, PAGE_UNKNOWN_PERCENT_MAX};
use crate::recognize::Recognition;
use crate::watch::Watch;
use crate::{Reading, RecognizedPage, TranscribeError};

/// What a page's text is worth.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    /// Letters and digits.
    letters: usize,
    known: usize,
    unknown: usize,
}

impl Worth {
    pub(super) fn of(characters: impl Iterator<Item = char>) -> Self {
        let mut worth = Self::default();
        for c in characters {
            match c {
                '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => worth.unknown += 1,
                c if !c.is_whitespace() => worth.known += 1,
                _ => {}
            }
            worth.letters += usize::from(c.is_alphanumeric());
        }
        worth
    }

    pub(super) fn is_nothing(self) -> bool {
        self.known + self.unknown == 0
    }

    /// Whether too many of its characters are unknown.
    pub(super) fn is_garbled(self) -> bool {
        self.unknown * 100 > (self.known + self.unknown) * PAGE_UNKNOWN_PERCENT_MAX
    }

    /// Whether it is so little that the page may be a picture.
    fn is_little(self) -> bool {
        self.letters < PAGE_LETTERS_MIN || self.is_garbled()
    }

    /// Whether this is worth more than what a page had.
    fn beats(self, had: Self) -> bool {
        if had.is_garbled() {
            return !self.is_garbled() && self.letters > 0;
        }
        // A word more or less is no reason to give up text that is certain.
        self.letters > had.letters + had.letters / 2
    }
}

/// What became of a page.
pub(super) enum Routed {
    /// Its own text stands.
    Own,
    /// pdfium reads it better.
    Text(String),
    /// It was recognized.
    Recognized(RecognizedPage),
}

/// Finds better text for pages of one file.
pub(super) struct Router<'a> {
    bytes: &'a [u8],
    reading: &'a Reading<'a>,
    opened: OnceCell<Result<Opened<'a>, TranscribeError>>,
    recognition: Recognition<'a>,
    /// Why the first page that was not recognized was not.
    failure: Option<TranscribeError>,
}

impl<'a> Router<'a> {
    pub(super) fn new(bytes: &'a [u8], reading: &'a Reading<'a>, watch: &'a Watch<'a>) -> Self {
        Self {
            bytes,
            reading,
            opened: OnceCell::new(),
            recognition: Recognition::new(reading, watch),
            failure: None,
        }
    }

    /// The file as pdfium sees it, where it may be used.
    pub(super) fn opened(&self) -> Result<&Opened<'a>, TranscribeError> {
        let open = || Opened::open(self.bytes, self.reading.engines);
        self.opened.get_or_init(open).as_ref().map_err(Clone::clone)
    }

    /// Whether pdfium may be used at all.
    pub(super) fn is_enabled(&self) -> bool {
        self.reading.engines.enabled
    }

    /// Why recognition was wanted and did not work.
    pub(super) fn into_failure(self) -> Option<TranscribeError> {
        self.failure
    }

    /// Looks for better text where a page's own is little.
    pub(super) fn route(
        &mut self,
        index: usize,
        worth: Worth,
        notes: &mut Notes,
    ) -> Result<Routed, TranscribeError> {
        if !self.is_enabled() || !worth.is_little() {
            return Ok(Routed::Own);
        }
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let recognized = match self.recognition.known(number) {
            Some(known) => Ok(known.clone()),
            None => match self.look(index, worth)? {
                Look::Text(text) => return Ok(Routed::Text(text)),
                Look::Blank => return Ok(Routed::Own),
                Look::Picture(recognized) => recognized,
            },
        };
        match recognized {
            Ok(page) if Worth::of(page.markdown.chars()).beats(worth) => {
                Ok(Routed::Recognized(page))
            }
            Ok(page) if worth.is_nothing() => Ok(Routed::Recognized(page)),
            Ok(_) => Ok(Routed::Own),
            Err(error) => {
                notes.not_recognized(index, error.cause());
                self.failure.get_or_insert(error);
                Ok(Routed::Own)
            }
        }
    }

    /// Looks at a page through pdfium. The outer error ends the reading.
    fn look(&mut self, index: usize, worth: Worth) -> Result<Look, TranscribeError> {
        let Self {
            opened,
            recognition,
            reading,
            bytes,
            ..
        } = self;
        let opened = opened.get_or_init(|| Opened::open(bytes, reading.engines));
        let page = match opened.as_ref().map_err(Clone::clone) {
            Ok(opened) => match opened.page(index) {
                Ok(page) => page,
                Err(error) => return Ok(Look::Picture(Err(error))),
            },
            Err(error) => return Ok(Look::Picture(Err(error))),
        };
        let text = page.text();
        let has = Worth::of(text.chars());
        if !has.is_little() && has.beats(worth) {
            return Ok(Look::Text(text));
        }
        if !page.shows_something() && !worth.is_garbled() {
            return Ok(Look::Blank);
        }
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let dpi = reading.engines.dpi();
        let page = recognition.page(number, || page.picture(dpi))?;
        Ok(Look::Picture(page))
    }
}

/// What a look at a page brings to light.
enum Look {
    /// Text after all.
    Text(String),
    /// Nothing but the text that it has.
    Blank,
    /// A picture, and what recognition made of it.
    Picture(Result<RecognizedPage, TranscribeError>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worth(text: &str) -> Worth {
        Worth::of(text.chars())
    }

    #[test]
    fn a_page_with_little_or_garbled_text_may_be_a_picture() {
        assert!(worth("").is_little() && worth("").is_nothing());
        assert!(worth("Chapter 1").is_little());
        assert!(!worth("A line of text that is long enough").is_little());
        let garbled = "\u{fffd}\u{e001}".repeat(40) + &"letters ".repeat(4);
        assert!(worth(&garbled).is_little() && worth(&garbled).is_garbled());
    }

    #[test]
    fn certain_text_is_not_given_up_for_a_word_more() {
        assert!(!worth("Chapter One").beats(worth("Chapter 1")));
        assert!(worth("A whole page of recognized text").beats(worth("Chapter 1")));
        assert!(worth("ab").beats(worth("\u{fffd}\u{fffd}\u{fffd}")));
        assert!(!worth("").beats(worth("")));
    }
}
