//! JPEG, upright by the orientation that its camera noted.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{Picture, check_size, orientation, push_grey};
use crate::{Format, TranscribeError};

/// No JPEG has a longer side.
const SIDE_MAX: usize = 65_535;

pub(super) fn decode(bytes: &[u8]) -> Result<Picture, TranscribeError> {
    let options = DecoderOptions::new_safe()
        .set_max_width(SIDE_MAX)
        .set_max_height(SIDE_MAX);
    let mut header = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    header.decode_headers().map_err(refused)?;
    let (Some(info), Some(colours)) = (header.info(), header.input_colorspace()) else {
        return Err(refused("its header is not complete"));
    };
    let size = check_size(info.width.into(), info.height.into())?;
    let turned = header.exif().and_then(|exif| orientation::of_exif(exif));
    // What is light and dark is a plane of its own in most of them.
    let (wanted, samples) = match colours {
        ColorSpace::YCbCr | ColorSpace::Luma => (ColorSpace::Luma, 1),
        _ => (ColorSpace::RGB, 3),
    };
    let options = options.jpeg_set_out_colorspace(wanted);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    let decoded = decoder.decode().map_err(refused)?;
    let mut pixels = Vec::with_capacity(size.0 * size.1);
    push_grey(&mut pixels, samples, &decoded);
    let picture = Picture::new(Format::Jpeg, size, pixels)?;
    let dpi = dots_per_inch(info.pixel_density, info.x_density);
    Ok(orientation::turn(
        Picture { dpi, ..picture },
        turned.unwrap_or(1),
    ))
}

/// The density in its units: 1 is per inch, 2 per centimetre.
fn dots_per_inch(unit: u8, density: u16) -> Option<u32> {
    match unit {
        1 => Some(density.into()),
        2 => Some(u32::from(density) * 254 / 100),
        _ => None,
    }
}

fn refused(error: impl std::fmt::Display) -> TranscribeError {
    TranscribeError::malformed(Format::Jpeg, error)
}
