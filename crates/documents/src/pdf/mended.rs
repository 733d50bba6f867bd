//! A damaged PDF whose objects are found one by one, and whose pages get a new tree. What it is
//! read with stands in `pdf.rs`; the tables of a file that has them are not looked at here.

use std::collections::BTreeMap;

use pdfboss_core::{Document as PdfFile, ObjRef, Object, Stream};

use crate::limits::{INPUT_BYTES_MAX, PAGES_MAX};

/// Most objects that are looked at.
const OBJECTS_MAX: usize = 500_000;

/// The file with what is needed to find its pages behind it; none where it has no page that can be
/// found, or is encrypted, since the tables say how.
pub(super) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    if holds(bytes, b"/Encrypt") {
        return None;
    }
    let mut file = without_tables(bytes);
    unpack(&mut file);
    let (pages, last) = pages(&file)?;
    let (catalog, tree) = (last + 1, last + 2);
    let kids: Vec<String> = pages.iter().map(|page| format!("{page} 0 R")).collect();
    let (count, size) = (kids.len(), last + 3);
    let kids = kids.join(" ");
    file.extend_from_slice(
        format!(
            "\n{catalog} 0 obj\n<< /Type /Catalog /Pages {tree} 0 R >>\nendobj\n\
             {tree} 0 obj\n<< /Type /Pages /Count {count} /Kids [{kids}] >>\nendobj\n\
             trailer\n<< /Root {catalog} 0 R /Size {size} >>\n"
        )
        .as_bytes(),
    );
    Some(file)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The same bytes without the places of their tables, so that a reader looks for objects itself.
fn without_tables(bytes: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"startxref";
    let mut file = bytes.to_vec();
    let mut at = 0;
    while at + PLACE.len() <= file.len() {
        if file[at..].starts_with(PLACE) {
            file[at..at + PLACE.len()].fill(b' ');
        }
        at += 1;
    }
    file
}

/// Writes the objects that are packed in streams behind the others. A stream that is damaged gives
/// what it has up to there, or nothing.
fn unpack(file: &mut Vec<u8>) {
    let Ok(parsed) = PdfFile::load(file.clone()) else {
        return;
    };
    let mut unpacked = Vec::new();
    for (number, object) in objects(&parsed) {
        if let Object::Stream(stream) = object
            && stream_type(&stream) == Some("ObjStm")
        {
            spread(&parsed, &stream, &mut unpacked);
        }
        if unpacked.len() > INPUT_BYTES_MAX || number as usize > OBJECTS_MAX {
            break;
        }
    }
    file.extend_from_slice(&unpacked);
}

fn stream_type(stream: &Stream) -> Option<&str> {
    stream.dict.get_name("Type").map(|name| name.0.as_str())
}

/// Writes the objects of one stream: pairs of a number and a place stand before them.
fn spread(file: &PdfFile, stream: &Stream, out: &mut Vec<u8>) {
    let place = |key: &str| usize::try_from(stream.dict.get_int(key)?).ok();
    let (Some(count), Some(first)) = (place("N"), place("First")) else {
        return;
    };
    let Ok(data) = file.stream_data(stream) else {
        return;
    };
    let Some(head) = data.get(..first) else {
        return;
    };
    let head = String::from_utf8_lossy(head);
    let numbers = head
        .split_ascii_whitespace()
        .map_while(|text| text.parse().ok());
    let numbers: Vec<usize> = numbers.take(count.min(OBJECTS_MAX) * 2).collect();
    let pairs: Vec<(usize, usize)> = numbers
        .chunks_exact(2)
        .map(|pair| (pair[0], first.saturating_add(pair[1])))
        .collect();
    for (at, (number, start)) in pairs.iter().enumerate() {
        let end = pairs.get(at + 1).map_or(data.len(), |(_, next)| *next);
        if let Some(object) = data.get(*start..end) {
            out.extend_from_slice(format!("\n{number} 0 obj\n").as_bytes());
            out.extend_from_slice(object);
            out.extend_from_slice(b"\nendobj\n");
        }
        if out.len() > INPUT_BYTES_MAX {
            return;
        }
    }
}

/// The objects that can be read, by their number.
fn objects(file: &PdfFile) -> impl Iterator<Item = (u32, Object)> {
    let entries = file.xref().iter().take(OBJECTS_MAX);
    let numbers: BTreeMap<u32, ()> = entries.map(|(number, _)| (number, ())).collect();
    numbers.into_keys().filter_map(|number| {
        let object = file.get(reference(number)).ok()?;
        Some((number, object))
    })
}

fn reference(num: u32) -> ObjRef {
    ObjRef { num, r#gen: 0 }
}

/// The numbers of the pages, in their order, and the last number of all objects.
fn pages(bytes: &[u8]) -> Option<(Vec<u32>, u32)> {
    let file = PdfFile::load(bytes.to_vec()).ok()?;
    let is_page = |object: &Object| {
        let kind = object.as_dict().and_then(|dict| dict.get_name("Type"));
        kind.is_some_and(|kind| kind.0 == "Page")
    };
    let pages = objects(&file).filter(|(_, object)| is_page(object));
    let pages: Vec<u32> = pages.map(|(number, _)| number).take(PAGES_MAX).collect();
    let last = file.xref().iter().map(|(number, _)| number).max()?;
    let is_found = !pages.is_empty() && last < u32::MAX - 3;
    is_found.then_some((pages, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_are_packed_in_a_stream_are_found() {
        let page = "<< /Type /Page /MediaBox [0 0 100 100] >>";
        let packed = format!("7 0 {page}");
        let length = packed.len();
        let file = format!(
            "%PDF-1.5\n4 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Length {length} >>\n\
             stream\n{packed}\nendstream\nendobj\nstartxref\n9\n"
        );
        let mended = mended(file.as_bytes()).unwrap();
        let text = String::from_utf8(mended.clone()).unwrap();
        assert!(text.contains("/Kids [7 0 R]"), "{text}");
        let file = PdfFile::load(mended).unwrap();
        assert_eq!(file.flattened_page_count(), 1);
    }

    #[test]
    fn without_a_page_or_with_a_key_nothing_is_mended() {
        for file in [
            "",
            "%PDF-1.5\n",
            "%PDF-1.5\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
            "%PDF-1.5\n1 0 obj\n<< /Type /Page >>\nendobj\ntrailer\n<< /Encrypt 3 0 R >>\n",
        ] {
            assert!(mended(file.as_bytes()).is_none(), "{file}");
        }
    }
}
