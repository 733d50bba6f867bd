//! Which side of a picture is up: numbers from 1 to 8, as EXIF and TIFF have them.

use super::Picture;

/// The tag of the orientation.
const ORIENTATION: u16 = 0x0112;
/// Most entries of a directory that are looked at.
const ENTRIES_MAX: usize = 200;

/// The orientation that a camera noted.
pub(super) fn of_exif(exif: &[u8]) -> Option<u16> {
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let is_little = match exif.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = exif.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if is_little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let (first, second) = (short(4)?, short(6)?);
    let (high, low) = if is_little {
        (second, first)
    } else {
        (first, second)
    };
    let directory = usize::from(high) << 16 | usize::from(low);
    let entries = usize::from(short(directory)?).min(ENTRIES_MAX);
    let mut places = (0..entries).map(|entry| directory + 2 + entry * 12);
    let place = places.find(|place| short(*place) == Some(ORIENTATION))?;
    short(place + 8).filter(|orientation| (1..=8).contains(orientation))
}

/// The picture upright.
pub(super) fn turn(picture: Picture, orientation: u16) -> Picture {
    let (width, height) = (picture.width, picture.height);
    if !(2..=8).contains(&orientation) {
        return picture;
    }
    // From 5 on, rows are columns.
    let (out_width, out_height) = if orientation >= 5 {
        (height, width)
    } else {
        (width, height)
    };
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..out_height {
        for x in 0..out_width {
            let (from_x, from_y) = match orientation {
                2 => (width - 1 - x, y),
                3 => (width - 1 - x, height - 1 - y),
                4 => (x, height - 1 - y),
                5 => (y, x),
                6 => (y, height - 1 - x),
                7 => (width - 1 - y, height - 1 - x),
                _ => (width - 1 - y, x),
            };
            pixels.push(picture.pixels[from_y * width + from_x]);
        }
    }
    Picture {
        width: out_width,
        height: out_height,
        dpi: picture.dpi,
        pixels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_turned_upright() {
        let picture = Picture {
            width: 3,
            height: 2,
            dpi: None,
            pixels: vec![1, 2, 3, 4, 5, 6],
        };
        let turned = |orientation| turn(picture.clone(), orientation).pixels;
        assert_eq!(turned(1), [1, 2, 3, 4, 5, 6]);
        assert_eq!(turned(2), [3, 2, 1, 6, 5, 4]);
        assert_eq!(turned(3), [6, 5, 4, 3, 2, 1]);
        assert_eq!(turned(4), [4, 5, 6, 1, 2, 3]);
        assert_eq!(turned(5), [1, 4, 2, 5, 3, 6]);
        assert_eq!(turned(6), [4, 1, 5, 2, 6, 3]);
        assert_eq!(turned(7), [6, 3, 5, 2, 4, 1]);
        assert_eq!(turned(8), [3, 6, 2, 5, 1, 4]);
        assert_eq!(
            (turn(picture.clone(), 6).width, turn(picture, 6).height),
            (2, 3)
        );
    }

    #[test]
    fn the_orientation_is_found_in_both_byte_orders_and_nonsense_is_none() {
        let little = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0";
        let big = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        assert_eq!((of_exif(little), of_exif(big)), (Some(6), Some(8)));
        for end in 0..little.len() - 3 {
            assert_eq!(of_exif(&little[..end]), None, "{end}");
        }
        assert_eq!(of_exif(b"II*\0\xff\xff\xff\xff"), None);
    }
}
