//! PDF with a text layer to Markdown.
//!
//! The crates do the reading and the layout. This file walks the pages, so that a stop is heard
//! between two of them and memory is bounded, and says what had to be left out.

mod notes;
mod outline;

use pdfboss_core::{Document as PdfFile, Error, Immediate, OcState, Page, StructureTree, block_on};
use pdfboss_output::{
    FontCache, Markdown, Output, ReadingOrder, Ruling, TextSpan, document_layout_with_rulings,
    retain_rulings_on_page, retain_spans_on_page, structure_for,
};
use pdfboss_text::extract_spans_and_rulings_reporting_cached_with as extract_page;

use self::notes::Notes;
use self::outline::Outline;
use crate::assemble::{Assembly, too_many_pages};
use crate::error::Problem;
use crate::limits::{PAGES_MAX, PDF_LAYOUT_PAGES, PDF_LAYOUT_SPANS};
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// The order that a tagged page states, and else that of its content.
const ORDER: ReadingOrder = ReadingOrder::StructureTree;

/// Reads a PDF. One that opens without a password is read though it is encrypted.
pub(crate) fn read(bytes: &[u8], watch: &Watch) -> Result<Document, TranscribeError> {
    let file = PdfFile::load(bytes.to_vec()).map_err(refused)?;
    if file.is_locked() {
        return Err(refused(Error::Encrypted));
    }
    let pages = file.flattened_page_count();
    if pages == 0 {
        let cause = "it has no page; the end of the file may be missing";
        return Err(TranscribeError::malformed(Format::Pdf, cause));
    }
    if pages > PAGES_MAX {
        return Err(too_many_pages(pages));
    }
    let mut assembly = Assembly::new(Format::Pdf);
    state(&file, &mut assembly);
    Reading::new(&file, pages).pages(pages, &mut assembly, watch)?;
    assembly.finish()
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
struct Reading<'a> {
    file: &'a PdfFile,
    fonts: FontCache,
    layers: Option<OcState>,
    structure: Option<StructureTree>,
    outline: Option<Outline>,
}

/// A page that waits for its layout.
type Extracted = (Vec<TextSpan>, Vec<Ruling>, ReadingOrder);

impl<'a> Reading<'a> {
    fn new(file: &'a PdfFile, pages: usize) -> Self {
        Self {
            file,
            fonts: FontCache::default(),
            layers: file.oc_state(),
            structure: structure_for(file, ORDER),
            outline: Outline::read(file, pages),
        }
    }

    fn pages(
        &self,
        count: usize,
        assembly: &mut Assembly,
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
                self.lay_out(&mut waiting, assembly)?;
                spans = 0;
            }
        }
        watch.check()?;
        self.lay_out(&mut waiting, assembly)?;
        notes.write(assembly);
        Ok(())
    }

    /// Lays the waiting pages out together, so that headings are ranked and running headers found
    /// among all of them, and appends each one.
    fn lay_out(
        &self,
        waiting: &mut Vec<Extracted>,
        assembly: &mut Assembly,
    ) -> Result<(), TranscribeError> {
        let mut layouts = document_layout_with_rulings(waiting);
        waiting.clear();
        if let Some(outline) = &self.outline {
            outline.apply(assembly.page_count(), &mut layouts);
        }
        layouts
            .iter()
            .try_for_each(|page| assembly.page(&Markdown.render(std::slice::from_ref(page))))
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
        notes.look_at(index, &spans, &report);
        Ok((spans, rulings, report.order))
    }
}
