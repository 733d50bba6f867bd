//! Pictures as documents of their own, and as what recognition is given: grey, upright, bounded.
//! What the bytes of each format mean stands with the format; recognition in `recognize.rs`.

mod jpeg;
mod orientation;
mod png;
mod tiff;

use crate::assemble::Assembly;
use crate::error::Problem;
use crate::limits::{OCR_PIXELS_MAX, OCR_SIDE_MAX, PICTURE_PIXELS_MAX};
use crate::recognize::Recognition;
use crate::watch::Watch;
use crate::{Document, Format, Reading, Told, TranscribeError};

/// A picture in shades of grey, from 0 for black to 255 for white: what recognition looks at. Colours
/// and transparency are gone; what was transparent is white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Dots per inch, where that is known.
    pub(crate) dpi: Option<u32>,
    /// Row by row, one byte each.
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    /// A picture that the decoder of a format gave; refused where the pixels are not as many.
    fn new(
        format: Format,
        (width, height): (usize, usize),
        pixels: Vec<u8>,
    ) -> Result<Self, TranscribeError> {
        if width == 0 || height == 0 || pixels.len() != width * height {
            return Err(TranscribeError::malformed(
                format,
                "its pixels are not complete",
            ));
        }
        Ok(Self {
            width,
            height,
            dpi: None,
            pixels,
        })
    }

    /// The same with a quarter of the pixels as often as it takes: recognition gains nothing from
    /// more, and its time grows with them.
    pub(crate) fn bounded(mut self) -> Self {
        while self.pixels.len() > OCR_PIXELS_MAX || self.width.max(self.height) > OCR_SIDE_MAX {
            self = self.halved();
        }
        self
    }

    fn halved(self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Vec::with_capacity(width * height);
        for rows in self.pixels.chunks(self.width * 2) {
            let (upper, lower) = rows.split_at(self.width);
            let lower = if lower.is_empty() { upper } else { lower };
            let pairs = upper.chunks(2).zip(lower.chunks(2));
            pixels.extend(pairs.map(|(upper, lower)| {
                let dots = upper.iter().chain(lower);
                let sum: usize = dots.map(|dot| usize::from(*dot)).sum();
                u8::try_from(sum / (upper.len() + lower.len())).unwrap_or(u8::MAX)
            }));
        }
        Self {
            width,
            height,
            dpi: self.dpi.map(|dpi| dpi / 2),
            pixels,
        }
    }

    /// As a file that programs read: a portable grey map.
    pub(crate) fn into_pgm(self) -> Vec<u8> {
        let mut file = format!("P5\n{} {}\n255\n", self.width, self.height).into_bytes();
        file.extend_from_slice(&self.pixels);
        file
    }
}

/// Appends pixels of one or more samples of eight bits: grey, grey and opacity, colours, colours and
/// opacity.
fn push_grey(pixels: &mut Vec<u8>, samples: usize, row: &[u8]) {
    match samples {
        1 => pixels.extend_from_slice(row),
        2 => pixels.extend(row.chunks_exact(2).map(|dot| on_white(dot[0], dot[1]))),
        3 => pixels.extend(row.chunks_exact(3).map(luma)),
        _ => pixels.extend(row.chunks_exact(4).map(|dot| on_white(luma(dot), dot[3]))),
    }
}

/// How light a colour is to the eye.
fn luma(dot: &[u8]) -> u8 {
    let [red, green, blue] = [dot[0], dot[1], dot[2]].map(u32::from);
    u8::try_from((77 * red + 150 * green + 29 * blue) >> 8).unwrap_or(u8::MAX)
}

fn on_white(grey: u8, opacity: u8) -> u8 {
    let darkness = u32::from(255 - grey) * u32::from(opacity) / 255;
    255 - u8::try_from(darkness).unwrap_or(u8::MAX)
}

/// Refuses a picture by the size that it states, before anything of it is decoded.
fn check_size(width: u64, height: u64) -> Result<(usize, usize), TranscribeError> {
    match (usize::try_from(width), usize::try_from(height)) {
        (Ok(w), Ok(h)) if w.saturating_mul(h) <= PICTURE_PIXELS_MAX => Ok((w, h)),
        _ => {
            let cause = format!(
                "the picture has {width} x {height} pixels, {PICTURE_PIXELS_MAX} in all are allowed"
            );
            Err(TranscribeError::new(Problem::PictureLimit, cause))
        }
    }
}

/// Reads a picture: its text is what recognition finds in it.
pub(crate) fn read(
    bytes: &[u8],
    format: Format,
    reading: &Reading<'_>,
    watch: &Watch,
) -> Result<Document, TranscribeError> {
    if !reading.engines.enabled {
        let cause = format!("text recognition is switched off, and the file is a {format} image");
        return Err(TranscribeError::new(Problem::Unsupported, cause));
    }
    let mut assembly = Assembly::new(format);
    let mut pages = Pages::open(bytes, format)?;
    let mut recognition = Recognition::new(reading, watch);
    let mut failure = None;
    (reading.tell)(Told::Pages {
        total: u32::try_from(pages.count()).unwrap_or(u32::MAX),
    })?;
    for (index, number) in (0..pages.count()).zip(1..) {
        watch.check()?;
        match recognition.page(number, || pages.page(index))? {
            Ok(page) => assembly.recognized(&page)?,
            Err(error) => {
                assembly.warn(format!(
                    "page {number} was not recognized: {}",
                    error.cause()
                ));
                failure.get_or_insert(error);
                assembly.page("")?;
            }
        }
    }
    match (assembly.finish(), failure) {
        (Err(_), Some(failure)) => Err(failure),
        (finished, _) => finished,
    }
}

/// The pictures in a file, decoded one at a time.
enum Pages<'a> {
    One(&'a [u8], Format),
    Several(Box<tiff::Pages<'a>>),
}

impl<'a> Pages<'a> {
    fn open(bytes: &'a [u8], format: Format) -> Result<Self, TranscribeError> {
        match format {
            Format::Tiff => tiff::Pages::open(bytes).map(|pages| Self::Several(Box::new(pages))),
            format => Ok(Self::One(bytes, format)),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::One(..) => 1,
            Self::Several(pages) => pages.count(),
        }
    }

    fn page(&mut self, index: usize) -> Result<Picture, TranscribeError> {
        match self {
            Self::One(bytes, Format::Jpeg) => jpeg::decode(bytes),
            Self::One(bytes, _) => png::decode(bytes),
            Self::Several(pages) => pages.page(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_that_is_too_large_to_recognize_is_halved() {
        let picture = Picture {
            width: 3,
            height: 3,
            dpi: Some(600),
            pixels: vec![0, 100, 8, 20, 40, 12, 5, 7, 9],
        };
        let halved = picture.halved();
        assert_eq!((halved.width, halved.height, halved.dpi), (2, 2, Some(300)));
        assert_eq!(halved.pixels, [40, 10, 6, 9]);
        let wide = Picture {
            width: 40_001,
            height: 2,
            dpi: None,
            pixels: vec![255; 80_002],
        };
        let bounded = wide.bounded();
        assert_eq!((bounded.width, bounded.height), (20_001, 1));
    }

    #[test]
    fn colours_become_grey_and_what_is_transparent_is_white() {
        let mut pixels = Vec::new();
        push_grey(&mut pixels, 3, &[255, 255, 255, 0, 0, 0]);
        push_grey(&mut pixels, 4, &[0, 0, 0, 0, 0, 0, 0, 255]);
        push_grey(&mut pixels, 2, &[0, 0, 100, 255]);
        assert_eq!(pixels, [255, 0, 255, 0, 255, 100]);
    }

    #[test]
    fn pixels_are_counted_before_they_are_there() {
        assert!(check_size(10_000, 10_000).is_ok());
        for (width, height) in [(10_001, 10_000), (u64::MAX, u64::MAX)] {
            assert_eq!(
                check_size(width, height).unwrap_err().code(),
                "picture_limit"
            );
        }
    }
}
