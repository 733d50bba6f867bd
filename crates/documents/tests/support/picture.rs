//! Pictures in the formats that are read.

use std::io::Cursor;

use super::pdf::Picture;

/// A white picture.
pub(crate) fn white(width: usize, height: usize) -> Picture {
    Picture {
        width,
        height,
        pixels: vec![255; width * height],
    }
}

fn side(pixels: usize) -> u32 {
    u32::try_from(pixels).expect("a side of a picture")
}

/// PNG with a palette: 256 shades, of which the last are transparent.
pub(crate) fn palette_png(picture: &Picture) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side(picture.width), side(picture.height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette((0..=255).flat_map(|shade| [shade; 3]).collect::<Vec<u8>>());
    encoder.set_trns([[255; 255].as_slice(), &[0]].concat());
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&picture.pixels).expect("pixels");
    writer.finish().expect("an end");
    out
}

/// The header and the first bytes of a PNG with a size that it does not have.
pub(crate) fn png_of_size(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer
        .write_chunk(png::chunk::IDAT, &[0x78, 0x9c, 3, 0])
        .expect("a chunk");
    drop(writer);
    out
}

/// JPEG in colours.
pub(crate) fn jpeg(picture: &Picture) -> Vec<u8> {
    let side = |pixels: usize| u16::try_from(pixels).expect("a side of a JPEG");
    let mut out = Vec::new();
    let colours: Vec<u8> = picture
        .pixels
        .iter()
        .flat_map(|shade| [*shade; 3])
        .collect();
    let (width, height) = (side(picture.width), side(picture.height));
    jpeg_encoder::Encoder::new(&mut out, 90)
        .encode(&colours, width, height, jpeg_encoder::ColorType::Rgb)
        .expect("a JPEG");
    out
}

/// TIFF of several pages, packed.
pub(crate) fn tiff(pictures: &[Picture]) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let encoder = tiff::encoder::TiffEncoder::new(&mut out).expect("a header");
    let mut encoder = encoder.with_compression(tiff::encoder::Compression::Lzw);
    for picture in pictures {
        let (width, height) = (side(picture.width), side(picture.height));
        encoder
            .write_image::<tiff::encoder::colortype::Gray8>(width, height, &picture.pixels)
            .expect("a page");
    }
    out.into_inner()
}
