//! Pages from their pictures: each one once, told before the next begins, and given up where it
//! does not work. Which pages need it stands with the formats; how words are found, in
//! `tesseract.rs`.

mod command;
mod layout;
mod tesseract;
mod tsv;

use std::cell::OnceCell;

pub(crate) use tesseract::Tesseract;

use crate::error::Problem;
use crate::limits::OCR_FAILURES_MAX;
use crate::picture::Picture;
use crate::watch::Watch;
use crate::{Reading, RecognizedPage, Told, TranscribeError};

/// Recognizes pages of one document.
pub(crate) struct Recognition<'a> {
    reading: &'a Reading<'a>,
    watch: &'a Watch<'a>,
    program: OnceCell<Result<Tesseract, TranscribeError>>,
    failures: usize,
}

impl<'a> Recognition<'a> {
    pub(crate) fn new(reading: &'a Reading<'a>, watch: &'a Watch<'a>) -> Self {
        Self {
            reading,
            watch,
            program: OnceCell::new(),
            failures: 0,
        }
    }

    /// The page that an earlier reading recognized.
    pub(crate) fn known(&self, number: u32) -> Option<&'a RecognizedPage> {
        self.reading.known_page(number)
    }

    /// A page from its picture, which is asked for only where it is needed. The inner error says why
    /// this page was not recognized; the outer one ends the reading.
    pub(crate) fn page(
        &mut self,
        number: u32,
        picture: impl FnOnce() -> Result<Picture, TranscribeError>,
    ) -> Result<Result<RecognizedPage, TranscribeError>, TranscribeError> {
        if let Some(known) = self.known(number) {
            return Ok(Ok(known.clone()));
        }
        self.watch.check()?;
        let page = self.watch.apart(|| self.recognize(number, picture));
        match page {
            Ok(page) => {
                (self.reading.tell)(Told::Recognized(page.clone()))?;
                Ok(Ok(page))
            }
            Err(error) => {
                // A stop makes a program fail, too.
                self.watch.check()?;
                Ok(Err(error))
            }
        }
    }

    fn recognize(
        &mut self,
        number: u32,
        picture: impl FnOnce() -> Result<Picture, TranscribeError>,
    ) -> Result<RecognizedPage, TranscribeError> {
        let (engines, stop) = (self.reading.engines, self.reading.stop);
        let program = self.program.get_or_init(|| Tesseract::open(engines, stop));
        let program = program.as_ref().map_err(Clone::clone)?;
        if self.failures >= OCR_FAILURES_MAX {
            let cause = format!("recognition failed for {OCR_FAILURES_MAX} pages before");
            return Err(TranscribeError::new(Problem::RecognitionFailed, cause));
        }
        let picture = picture()?.bounded();
        let page = program.page(number, picture, stop);
        self.failures += usize::from(page.is_err());
        page
    }
}
