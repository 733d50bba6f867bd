//! The real parts: pdfium and Tesseract, where this machine has them.

use std::path::Path;

use dutiful_documents::{Engines, engines};
use pdfium_render::prelude::{PdfBitmapFormat, PdfRenderConfig, Pdfium, PdfiumError};

use crate::support::pdf::Picture;

/// Engines that work; `None` where a part is missing, which is said aloud, and an error where
/// `DUTIFUL_TEST_PARTS` is `required`.
pub(crate) fn engines() -> Option<Engines> {
    let engines = Engines::default();
    let missing: Vec<String> = engines::report(&engines)
        .into_iter()
        .filter_map(|part| part.problem)
        .collect();
    if missing.is_empty() {
        return Some(engines);
    }
    let missing = missing.join("; ");
    let is_required = std::env::var("DUTIFUL_TEST_PARTS").is_ok_and(|value| value == "required");
    assert!(!is_required, "{missing}");
    eprintln!("SKIPPED, though it matters: {missing}");
    None
}

fn library() -> Pdfium {
    let parts = engines::report(&Engines::default());
    let path = parts[0].path.clone().expect("pdfium was found before");
    match Pdfium::bind_to_library(Path::new(&path)) {
        Ok(bindings) => Pdfium::new(bindings),
        Err(PdfiumError::PdfiumLibraryBindingsAlreadyInitialized) => Pdfium::default(),
        Err(error) => panic!("{error}"),
    }
}

/// The pages of a PDF as a scanner sees them.
pub(crate) fn scanned(pdf: &[u8], dpi: i32) -> Vec<Picture> {
    let library = library();
    let file = library.load_pdf_from_byte_slice(pdf, None).unwrap();
    let config = |width: f32| {
        PdfRenderConfig::new()
            .set_target_width((width / 72.0 * dpi as f32) as i32)
            .set_format(PdfBitmapFormat::Gray)
            .set_reverse_byte_order(false)
    };
    let pages = file.pages().iter().map(|page| {
        let bitmap = page
            .render_with_config(&config(page.width().value))
            .unwrap();
        let (width, height) = (bitmap.width() as usize, bitmap.height() as usize);
        let rows = bitmap.as_raw_bytes();
        let rows = rows.chunks_exact(rows.len() / height);
        Picture {
            width,
            height,
            pixels: rows.flat_map(|row| &row[..width]).copied().collect(),
        }
    });
    pages.collect()
}
