//! PNG of every colour type: palettes and few bits are expanded, 16 bits are cut to 8.

use std::io::Cursor;

use png::{Decoder, DecodingError, Limits, Transformations, Unit};

use super::{Picture, check_size, push_grey};
use crate::error::Problem;
use crate::limits::PICTURE_DECODER_BYTES_MAX;
use crate::{Format, TranscribeError};

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, TranscribeError> {
    let limits = Limits {
        bytes: PICTURE_DECODER_BYTES_MAX,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    decoder.set_ignore_text_chunk(true);
    let mut reader = decoder.read_info().map_err(refused)?;
    let info = reader.info();
    let size = check_size(info.width.into(), info.height.into())?;
    let (is_interlaced, dpi) = (info.interlaced, info.pixel_dims.and_then(dots_per_inch));
    let samples = reader.output_color_type().0.samples();
    let mut pixels = Vec::with_capacity(size.0 * size.1);
    if is_interlaced {
        let bytes = size.0 * size.1 * samples;
        if bytes > PICTURE_DECODER_BYTES_MAX {
            return Err(refused(DecodingError::LimitsExceeded));
        }
        let mut whole = vec![0; bytes];
        reader.next_frame(&mut whole).map_err(refused)?;
        push_grey(&mut pixels, samples, &whole);
    } else {
        while let Some(row) = reader.next_row().map_err(refused)? {
            push_grey(&mut pixels, samples, row.data());
        }
    }
    let picture = Picture::new(Format::Png, size, pixels)?;
    Ok(Picture { dpi, ..picture })
}

fn dots_per_inch(dims: png::PixelDimensions) -> Option<u32> {
    (dims.unit == Unit::Meter).then(|| (u64::from(dims.xppu) * 254 / 10_000) as u32)
}

fn refused(error: DecodingError) -> TranscribeError {
    match error {
        DecodingError::LimitsExceeded => TranscribeError::new(
            Problem::PictureLimit,
            "the PNG takes more memory than is allowed",
        ),
        other => TranscribeError::malformed(Format::Png, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::{BitDepth, ColorType};

    fn encoded(color: ColorType, depth: BitDepth, width: u32, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = png::Encoder::new(&mut out, width, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: 11_811,
            yppu: 11_811,
            unit: Unit::Meter,
        }));
        if color == ColorType::Indexed {
            encoder.set_palette([255, 255, 255, 0, 0, 0, 90, 90, 90].as_slice());
            encoder.set_trns([255, 255, 0].as_slice());
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        out
    }

    #[test]
    fn every_colour_type_becomes_grey() {
        use BitDepth::{Eight, One, Sixteen, Two};
        use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
        let cases: [(ColorType, BitDepth, &[u8], [u8; 2]); 7] = [
            (Grayscale, One, &[0b1000_0000], [255, 0]),
            (Grayscale, Sixteen, &[255, 255, 10, 200], [255, 10]),
            (GrayscaleAlpha, Eight, &[0, 0, 7, 255], [255, 7]),
            (Rgb, Eight, &[255, 255, 255, 0, 0, 0], [255, 0]),
            (Rgba, Eight, &[0, 0, 0, 0, 0, 0, 0, 255], [255, 0]),
            // White and black, and a grey that is transparent.
            (Indexed, Two, &[0b0001_0000], [255, 0]),
            (Indexed, Eight, &[2, 1], [255, 0]),
        ];
        for (color, depth, data, expected) in cases {
            let picture = decode(&encoded(color, depth, 2, data)).unwrap();
            assert_eq!(picture.pixels, expected, "{color:?} {depth:?}");
            assert_eq!(picture.dpi, Some(299));
        }
    }
}
