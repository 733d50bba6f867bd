//! PDF to Markdown.
//!
//! The crates do the reading and the layout. This file walks the pages, so that a stop is heard
//! between two of them and memory is bounded, and says what had to be left out. Pages that have
//! little text are looked at in other ways by `routing.rs`.

mod mended;
mod notes;
mod outline;
pub(crate) mod pdfium;
mod plain;
mod routing;

use pdfboss_core::{Document as PdfFile, Error, Immediate, OcState, Page, StructureTree, block_on};
use pdfboss_output::{
    FontCache, Markdown, Output, ReadingOrder, Ruling, TextSpan, document_layout_with_rulings,
    retain_rulings_on_page, retain_spans_on_page, structure_for,
};
use pdfboss_text::extract_spans_and_rulings_reporting_cached_with as extract_page;

use self::notes::Notes;
use self::outline::Outline;
use self::routing::{Routed, Router, Worth};
use crate::assemble::{Assembly, too_many_pages};
use crate::error::Problem;
use crate::limits::{PAGES_MAX, PDF_LAYOUT_PAGES, PDF_LAYOUT_SPANS};
use crate::watch::Watch;
use crate::{Document, Format, Reading, Told, TranscribeError};

/// The order that a tagged page states, and else that of its content.
const ORDER: ReadingOrder = ReadingOrder::StructureTree;

/// Reads a PDF. One that opens without a password is read though it is encrypted. Where this
/// crate's reader is at its end, pdfium's is tried.
pub(crate) fn read(
    bytes: &[u8],
    reading: &Reading<'_>,
    watch: &Watch,
) -> Result<Document, TranscribeError> {
    let (opened, mended) = open_or_mend(bytes);
    let bytes = mended.as_deref().unwrap_or(bytes);
    let mut router = Router::new(bytes, reading, watch);
    let refusal = match opened {
        Ok((file, pages)) => {
            let mut assembly = Assembly::new(Format::Pdf);
            if mended.is_some() {
                assembly.warn("the PDF is damaged: pages may be missing or stand in another order");
            }
            state(&file, &mut assembly);
            tell_pages(reading, pages)?;
            let outline = !reading.engines.without_outline;
            let outline = outline.then(|| Outline::read(&file, pages)).flatten();
            Pages::new(&file, outline).read(pages, &mut assembly, &mut router, watch)?;
            match assembly.finish() {
                Err(error) if error.code() == "no_text" => match router.opened() {
                    // It sees more of the file than was read here.
                    Ok(opened) if opened.page_count() > pages => error,
                    _ => return Err(router.into_failure().unwrap_or(error)),
                },
                finished => return finished,
            }
        }
        Err(error) => error,
    };
    if !router.is_enabled() || refusal.code() == "too_many_pages" {
        return Err(refusal);
    }
    plain::read(router, reading, watch, refusal)
}

/// A file that was opened, and how many pages it has.
type Opened = Result<(PdfFile, usize), TranscribeError>;

/// Opens the file; where that fails or brings no page, its objects are looked for one by one, and
/// the bytes of the mended file are given, too.
fn open_or_mend(bytes: &[u8]) -> (Opened, Option<Vec<u8>>) {
    match open(bytes) {
        Err(error) if error.code() == "malformed" => {
            let mended = mended::mended(bytes);
            match mended.as_deref().map(open) {
                Some(Ok(opened)) => (Ok(opened), mended),
                _ => (Err(error), None),
            }
        }
        opened => (opened, None),
    }
}

/// Opens the file and counts its pages.
fn open(bytes: &[u8]) -> Opened {
    let file = PdfFile::load(bytes.to_vec()).map_err(refused)?;
    if file.is_locked() {
        return Err(refused(Error::Encrypted));
    }
    match file.flattened_page_count() {
        0 => {
            let cause = "it has no page; the end of the file may be missing";
            Err(TranscribeError::malformed(Format::Pdf, cause))
        }
        pages if pages > PAGES_MAX => Err(too_many_pages(pages)),
        pages => Ok((file, pages)),
    }
}

fn tell_pages(reading: &Reading<'_>, pages: usize) -> Result<(), TranscribeError> {
    let total = u32::try_from(pages).unwrap_or(u32::MAX);
    (reading.tell)(Told::Pages { total })
}

/// Tells the document what the file says about itself.
fn state(file: &PdfFile, assembly: &mut Assembly) {
    let stated = file.metadata();
    if let Some(title) = stated.title.as_deref().and_then(notes::stated_title) {
        assembly.title(title);
    }
    if let Some(language) = file.language() {
        assembly.language(&language);
    }
    let kept = [
        ("author", &stated.author),
        ("subject", &stated.subject),
        ("keywords", &stated.keywords),
        ("program", &stated.creator),
        ("producer", &stated.producer),
        ("created", &stated.creation_date),
        ("modified", &stated.mod_date),
    ];
    for (key, value) in kept {
        assembly.meta(key, value.as_deref().unwrap_or_default());
    }
}

fn refused(error: Error) -> TranscribeError {
    match error {
        Error::Encrypted => {
            TranscribeError::new(Problem::Encrypted, "the PDF opens only with a password")
        }
        other => TranscribeError::malformed(Format::Pdf, other),
    }
}

/// What is loaded once for all pages of a file.
struct Pages<'a> {
    file: &'a PdfFile,
    fonts: FontCache,
    layers: Option<OcState>,
    structure: Option<StructureTree>,
    outline: Option<Outline>,
}

/// A page that waits for its layout.
type Extracted = (Vec<TextSpan>, Vec<Ruling>, ReadingOrder);

impl<'a> Pages<'a> {
    fn new(file: &'a PdfFile, outline: Option<Outline>) -> Self {
        Self {
            file,
            fonts: FontCache::default(),
            layers: file.oc_state(),
            structure: structure_for(file, ORDER),
            outline,
        }
    }

    fn read(
        &self,
        count: usize,
        assembly: &mut Assembly,
        router: &mut Router,
        watch: &Watch,
    ) -> Result<(), TranscribeError> {
        let mut notes = Notes::default();
        let mut waiting = Vec::new();
        let mut spans = 0;
        for index in 0..count {
            watch.check()?;
            let page = self.page(index, &mut notes);
            spans += page.0.len();
            waiting.push(page);
            if waiting.len() >= PDF_LAYOUT_PAGES || spans >= PDF_LAYOUT_SPANS {
                self.lay_out(&mut waiting, assembly, router, &mut notes)?;
                spans = 0;
            }
        }
        watch.check()?;
        self.lay_out(&mut waiting, assembly, router, &mut notes)?;
        notes.write(assembly);
        Ok(())
    }

    /// Lays the waiting pages out together, so that headings are ranked and running headers found
    /// among all of them, and appends each one, or what is found in its place.
    fn lay_out(
        &self,
        waiting: &mut Vec<Extracted>,
        assembly: &mut Assembly,
        router: &mut Router,
        notes: &mut Notes,
    ) -> Result<(), TranscribeError> {
        let mut layouts = document_layout_with_rulings(waiting);
        let worths = waiting.iter().map(|(spans, ..)| {
            let characters = spans.iter().flat_map(|span| span.text.chars());
            Worth::of(characters)
        });
        let worths: Vec<Worth> = worths.collect();
        waiting.clear();
        if let Some(outline) = &self.outline {
            outline.apply(assembly.page_count(), &mut layouts);
        }
        for (page, worth) in layouts.iter().zip(worths) {
            let index = assembly.page_count();
            match router.route(index, worth, notes)? {
                Routed::Own => {
                    notes.own_text(index, worth);
                    assembly.page(&Markdown.render(std::slice::from_ref(page)))?;
                }
                Routed::Text(text) => assembly.page(&text)?,
                Routed::Recognized(page) => assembly.recognized(&page)?,
            }
        }
        Ok(())
    }

    fn page(&self, index: usize, notes: &mut Notes) -> Extracted {
        match self
            .file
            .page(index)
            .and_then(|page| self.extract(&page, index, notes))
        {
            Ok(extracted) => extracted,
            Err(error) => {
                notes.unreadable(index, &error.to_string());
                (Vec::new(), Vec::new(), ORDER)
            }
        }
    }

    fn extract(&self, page: &Page, index: usize, notes: &mut Notes) -> Result<Extracted, Error> {
        let (layers, structure) = (self.layers.as_ref(), self.structure.as_ref());
        let source = Immediate(self.file);
        let extraction = extract_page(source, page, &self.fonts, layers, structure, ORDER);
        let (mut spans, mut rulings, report) = block_on(extraction)?;
        retain_spans_on_page(&mut spans, page);
        retain_rulings_on_page(&mut rulings, page);
        notes.skipped(index, &report);
        Ok((spans, rulings, report.order))
    }
}
