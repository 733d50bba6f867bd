//! The frame of an EPUB.

use super::package::zip;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const CONTAINER: &str = "<container version=\"1.0\" xmlns=\"urn:oasis:names:tc:opendocument:xmlns:container\">\
     <rootfiles><rootfile full-path=\"OEBPS/content.opf\" media-type=\"application/oebps-package+xml\"/>\
     </rootfiles></container>";

/// An EPUB of metadata, the items of its manifest, the references of its spine, and its files.
pub(crate) fn epub(metadata: &str, items: &str, spine: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let container = format!("{DECLARATION}{CONTAINER}");
    let opf = format!(
        "{DECLARATION}<package xmlns=\"http://www.idpf.org/2007/opf\" version=\"3.0\" unique-identifier=\"id\">\
         <metadata xmlns:dc=\"http://purl.org/dc/elements/1.1/\">{metadata}</metadata>\
         <manifest>{items}</manifest><spine>{spine}</spine></package>"
    );
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("mimetype", b"application/epub+zip"),
        ("META-INF/container.xml", container.as_bytes()),
        ("OEBPS/content.opf", opf.as_bytes()),
    ];
    entries.retain(|(name, _)| files.iter().all(|(other, _)| other != name));
    entries.extend(files.iter().map(|(name, text)| (*name, text.as_bytes())));
    zip(&entries)
}

/// The item of a chapter.
pub(crate) fn item(id: &str, href: &str, properties: &str) -> String {
    format!(
        "<item id=\"{id}\" href=\"{href}\" media-type=\"application/xhtml+xml\" properties=\"{properties}\"/>"
    )
}

/// The text of a chapter.
pub(crate) fn chapter(title: &str, body: &str) -> String {
    format!(
        "{DECLARATION}<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" \
         xmlns:epub=\"http://www.idpf.org/2007/ops\"><head><title>{title}</title></head>\
         <body>{body}</body></html>"
    )
}
