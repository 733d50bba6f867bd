//! TIFF: the pages of a scan, one picture each. Previews that stand beside a page are passed over.

use std::io::Cursor;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::{Picture, check_size, orientation, push_grey};
use crate::assemble::too_many_pages;
use crate::error::Problem;
use crate::limits::{PAGES_MAX, PICTURE_DECODER_BYTES_MAX};
use crate::{Format, TranscribeError};

/// The unit of a resolution that is per centimetre; any other is taken for inches.
const CENTIMETRE: u32 = 3;

/// The pages of a file.
pub(super) struct Pages<'a> {
    decoder: Decoder<Cursor<&'a [u8]>>,
    /// Which of the file's pictures are pages.
    indices: Vec<usize>,
}

impl<'a> Pages<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, TranscribeError> {
        let mut limits = Limits::default();
        limits.decoding_buffer_size = PICTURE_DECODER_BYTES_MAX;
        limits.intermediate_buffer_size = PICTURE_DECODER_BYTES_MAX;
        let decoder = Decoder::new(Cursor::new(bytes)).map_err(refused)?;
        let mut decoder = decoder.with_limits(limits);
        let mut indices = Vec::new();
        for index in 0.. {
            let kind = decoder.find_tag_unsigned::<u32>(Tag::NewSubfileType);
            let is_preview = matches!(kind, Ok(Some(kind)) if kind & 1 == 1);
            if !is_preview {
                indices.push(index);
            }
            if indices.len() > PAGES_MAX {
                return Err(too_many_pages(indices.len()));
            }
            // A page behind one that cannot be found cannot be found either.
            if !decoder.more_images() || decoder.next_image().is_err() {
                break;
            }
        }
        Ok(Self { decoder, indices })
    }

    pub(super) fn count(&self) -> usize {
        self.indices.len()
    }

    pub(super) fn page(&mut self, index: usize) -> Result<Picture, TranscribeError> {
        let index = self.indices.get(index).copied().unwrap_or_default();
        let decoder = &mut self.decoder;
        decoder.seek_to_image(index).map_err(refused)?;
        let (width, height) = decoder.dimensions().map_err(refused)?;
        let size = check_size(width.into(), height.into())?;
        let color = decoder.colortype().map_err(refused)?;
        let dpi = dots_per_inch(decoder);
        let turned = decoder.find_tag_unsigned::<u16>(Tag::Orientation);
        let decoded = decoder.read_image().map_err(refused)?;
        let bytes = match decoded {
            DecodingResult::U8(bytes) => bytes,
            DecodingResult::U16(samples) => samples.iter().map(|s| (s >> 8) as u8).collect(),
            _ => {
                return Err(refused(
                    "its samples are no whole numbers of 16 bits or less",
                ));
            }
        };
        let pixels = grey(color, size, &bytes)?;
        let picture = Picture::new(Format::Tiff, size, pixels)?;
        let turned = turned.ok().flatten().unwrap_or(1);
        Ok(orientation::turn(Picture { dpi, ..picture }, turned))
    }
}

fn grey(
    color: ColorType,
    (width, height): (usize, usize),
    bytes: &[u8],
) -> Result<Vec<u8>, TranscribeError> {
    let mut pixels = Vec::with_capacity(width * height);
    match color {
        ColorType::Gray(bits @ (1 | 2 | 4)) => {
            let row = (width * usize::from(bits)).div_ceil(8);
            for row in bytes.chunks_exact(row.max(1)).take(height) {
                unpack(&mut pixels, bits, width, row);
            }
        }
        ColorType::Gray(8 | 16) => push_grey(&mut pixels, 1, bytes),
        ColorType::GrayA(8 | 16) => push_grey(&mut pixels, 2, bytes),
        ColorType::RGB(8 | 16) => push_grey(&mut pixels, 3, bytes),
        ColorType::RGBA(8 | 16) => push_grey(&mut pixels, 4, bytes),
        // How light it is stands first, or, for ink, how dark it is in four parts.
        ColorType::YCbCr(8) => pixels.extend(bytes.iter().step_by(3)),
        ColorType::CMYK(8) => {
            pixels.extend(bytes.chunks_exact(4).map(|ink| {
                let paper = |ink: u8| u32::from(255 - ink);
                let colours = 77 * paper(ink[0]) + 150 * paper(ink[1]) + 29 * paper(ink[2]);
                u8::try_from((colours >> 8) * paper(ink[3]) / 255).unwrap_or(u8::MAX)
            }));
        }
        ColorType::Multiband {
            bit_depth: 8,
            num_samples,
        } => pixels.extend(bytes.iter().step_by(num_samples.max(1).into())),
        other => return Err(refused(format!("its colours are not read: {other:?}"))),
    }
    Ok(pixels)
}

/// Spreads samples of a few bits over the shades of grey.
fn unpack(pixels: &mut Vec<u8>, bits: u8, width: usize, row: &[u8]) {
    let (mask, per_byte) = ((1_u16 << bits) - 1, usize::from(8 / bits));
    for x in 0..width {
        let shift = 8 - bits as usize * (x % per_byte + 1);
        let sample = u16::from(row[x / per_byte]) >> shift & mask;
        pixels.push(u8::try_from(sample * 255 / mask).unwrap_or(u8::MAX));
    }
}

fn dots_per_inch(decoder: &mut Decoder<Cursor<&[u8]>>) -> Option<u32> {
    let resolution = decoder.get_tag_f64(Tag::XResolution).ok()?;
    let unit = decoder.find_tag_unsigned::<u32>(Tag::ResolutionUnit);
    let per_inch = match unit {
        Ok(Some(CENTIMETRE)) => resolution * 2.54,
        _ => resolution,
    };
    // A cast of a float stays within the type.
    Some(per_inch.round() as u32)
}

fn refused(error: impl Into<Refusal>) -> TranscribeError {
    match error.into() {
        Refusal::Decoder(TiffError::LimitsExceeded) => TranscribeError::new(
            Problem::PictureLimit,
            "the TIFF takes more memory than is allowed",
        ),
        Refusal::Decoder(other) => TranscribeError::malformed(Format::Tiff, other),
        Refusal::Other(cause) => TranscribeError::malformed(Format::Tiff, cause),
    }
}

/// Why a TIFF is not read.
enum Refusal {
    Decoder(TiffError),
    Other(String),
}

impl From<TiffError> for Refusal {
    fn from(error: TiffError) -> Self {
        Self::Decoder(error)
    }
}

impl From<&str> for Refusal {
    fn from(cause: &str) -> Self {
        Self::Other(cause.to_owned())
    }
}

impl From<String> for Refusal {
    fn from(cause: String) -> Self {
        Self::Other(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_bits_are_spread_over_the_shades_of_grey() {
        let mut pixels = Vec::new();
        unpack(&mut pixels, 1, 10, &[0b1010_0001, 0b1000_0000]);
        assert_eq!(pixels, [255, 0, 255, 0, 0, 0, 0, 255, 255, 0]);
        let mut pixels = Vec::new();
        unpack(&mut pixels, 4, 3, &[0x0f, 0x80]);
        assert_eq!(pixels, [0, 255, 136]);
    }
}
