//! pdfium, bound when the program runs: pages of a PDF as pictures and, where the reader of this
//! crate is at its end, as text. When it is asked stands in `routing.rs`.

use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use pdfium_render::prelude::{
    PdfBitmapFormat, PdfDocument, PdfPage, PdfPageObjectType, PdfPageObjectsCommon,
    PdfRenderConfig, Pdfium, PdfiumError,
};

use crate::error::Problem;
use crate::hyphens::Hyphens;
use crate::limits::OCR_PIXELS_MAX;
use crate::picture::Picture;
use crate::{Engines, Format, TranscribeError, engines};

/// Points of an inch.
const POINTS: f32 = 72.0;
/// Most objects of a page that are looked at for a picture.
const OBJECTS_MAX: usize = 2_000;

/// The library is loaded once in a process and stays.
static LIBRARY: OnceLock<Pdfium> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// Finds the library and loads it; the error says how to get it.
pub(crate) fn library(engines: &Engines) -> Result<&'static Pdfium, String> {
    let path = engines::pdfium(engines)?;
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(library) = LIBRARY.get() {
        return Ok(library);
    }
    let library = bind(&path).map_err(|error| {
        let fix = "`pip install pypdfium2` brings one that is new enough";
        format!(
            "pdfium at {} cannot be loaded: {error} ({fix})",
            path.display()
        )
    })?;
    Ok(LIBRARY.get_or_init(|| library))
}

fn bind(path: &Path) -> Result<Pdfium, PdfiumError> {
    match Pdfium::bind_to_library(path) {
        Ok(bindings) => Ok(Pdfium::new(bindings)),
        // Another part of the program uses it already.
        Err(PdfiumError::PdfiumLibraryBindingsAlreadyInitialized) => Ok(Pdfium::default()),
        Err(error) => Err(error),
    }
}

/// A file that pdfium has opened.
pub(super) struct Opened<'a> {
    document: PdfDocument<'a>,
}

impl<'a> Opened<'a> {
    pub(super) fn open(bytes: &'a [u8], engines: &Engines) -> Result<Self, TranscribeError> {
        let library = library(engines)
            .map_err(|cause| TranscribeError::new(Problem::RecognitionMissing, cause))?;
        let document = library.load_pdf_from_byte_slice(bytes, None);
        let document = document.map_err(|error| TranscribeError::malformed(Format::Pdf, error))?;
        Ok(Self { document })
    }

    pub(super) fn page_count(&self) -> usize {
        usize::try_from(self.document.pages().len()).unwrap_or_default()
    }

    pub(super) fn page(&self, index: usize) -> Result<Page<'_>, TranscribeError> {
        let index = i32::try_from(index).unwrap_or(i32::MAX);
        let page = self.document.pages().get(index).map_err(unreadable)?;
        Ok(Page { page })
    }
}

/// A page of it.
pub(super) struct Page<'a> {
    page: PdfPage<'a>,
}

impl Page<'_> {
    /// Whether there is anything on it but text.
    pub(super) fn shows_something(&self) -> bool {
        let mut objects = self.page.objects().iter().take(OBJECTS_MAX);
        objects.any(|object| {
            !matches!(
                object.object_type(),
                PdfPageObjectType::Text | PdfPageObjectType::Unsupported
            )
        })
    }

    /// Its text, a line of the page on each line, divided words whole.
    pub(super) fn text(&self) -> String {
        let Ok(text) = self.page.text() else {
            return String::new();
        };
        // It marks the hyphen of a divided word by one of these.
        let text = text.all().replace(['\u{2}', '\u{fffe}'], "-");
        let mut hyphens = Hyphens::default();
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().into()).collect();
        lines.iter().for_each(|line| hyphens.learn(line));
        for below in 1..lines.len() {
            let (above, rest) = lines.split_at_mut(below);
            if let (Some(above), Some(below)) = (above.last_mut(), rest.first_mut()) {
                hyphens.join(above, below);
            }
        }
        for line in &mut lines {
            *line = line.replace('|', "\\|");
            if line.starts_with('#') {
                line.insert(0, '\\');
            }
        }
        lines.join("\n")
    }

    /// The page at so many dots per inch, or at as many as keep it within the limit of pixels.
    pub(super) fn picture(&self, dpi: u32) -> Result<Picture, TranscribeError> {
        let (width, height) = (self.page.width().value, self.page.height().value);
        let is_sane = |side: f32| side.is_finite() && side > 0.0;
        if !is_sane(width) || !is_sane(height) {
            return Err(unreadable("the page has no size"));
        }
        let inches = (width / POINTS) * (height / POINTS);
        let most = (OCR_PIXELS_MAX as f32 / inches).sqrt().floor();
        let dpi = (dpi as f32).min(most).max(1.0);
        // A cast of a float stays within the type.
        let pixels = |points: f32| ((points / POINTS * dpi).round() as i32).max(1);
        let config = PdfRenderConfig::new()
            .set_fixed_size(pixels(width), pixels(height))
            // Its one-byte format breaks on some files; of these four bytes, three are equal.
            .set_format(PdfBitmapFormat::BGRx)
            .use_grayscale_rendering(true);
        let bitmap = self.page.render_with_config(&config).map_err(unreadable)?;
        let side = |pixels: i32| usize::try_from(pixels).unwrap_or_default();
        let (width, height) = (side(bitmap.width()), side(bitmap.height()));
        let rows = bitmap.as_raw_bytes();
        let stride = rows.len() / height.max(1);
        if width == 0 || height == 0 || stride < width * 4 {
            return Err(unreadable("the page cannot be rendered"));
        }
        let mut pixels = Vec::with_capacity(width * height);
        for row in rows.chunks_exact(stride).take(height) {
            pixels.extend(row.iter().step_by(4).take(width));
        }
        Ok(Picture {
            width,
            height,
            dpi: Some(dpi as u32),
            pixels,
        })
    }
}

fn unreadable(error: impl std::fmt::Display) -> TranscribeError {
    TranscribeError::malformed(Format::Pdf, format!("pdfium: {error}"))
}
