//! ZIP archives, what all packages of parts share, and the frame of a DOCX.

use std::io::{Cursor, Write};

use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// An archive of entries as they are: the same bytes on every run.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    write(entries, CompressionMethod::Stored)
}

/// An archive of packed entries.
pub(crate) fn packed_zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    write(entries, CompressionMethod::Deflated)
}

fn write(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let options = SimpleFileOptions::default().compression_method(method);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer
            .start_file(*name, options)
            .expect("an entry can be begun in memory");
        writer.write_all(content).expect("memory takes all bytes");
    }
    writer
        .finish()
        .expect("an archive in memory can be ended")
        .into_inner()
}

/// The namespaces of the main part.
const NAMESPACES: &str = concat!(
    "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" ",
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
);
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// A DOCX with this body and further parts such as `word/styles.xml`.
pub(crate) fn docx(body: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    let document = wordprocessing("document", &format!("<w:body>{body}</w:body>"));
    let main = relations(&[("rId1", "officeDocument", "word/document.xml")]);
    let types = content_types(parts);
    let mut entries: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", main.as_bytes()),
        ("word/document.xml", document.as_bytes()),
    ];
    entries.extend(parts.iter().map(|(name, text)| (*name, text.as_bytes())));
    zip(&entries)
}

/// A part of word processing with this outermost element.
pub(crate) fn wordprocessing(root: &str, content: &str) -> String {
    format!("{DECLARATION}<w:{root} {NAMESPACES}>{content}</w:{root}>")
}

/// A relations part of (id, kind, target).
pub(crate) fn relations(lines: &[(&str, &str, &str)]) -> String {
    let of = |(id, kind, target): &(&str, &str, &str)| {
        let outside = if *kind == "hyperlink" {
            " TargetMode=\"External\""
        } else {
            ""
        };
        format!(
            "<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{target}\"{outside}/>"
        )
    };
    let lines: String = lines.iter().map(of).collect();
    let space = "http://schemas.openxmlformats.org/package/2006/relationships";
    format!("{DECLARATION}<Relationships xmlns=\"{space}\">{lines}</Relationships>")
}

/// Properties that state a title.
pub(crate) fn core_properties(title: &str) -> String {
    let core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties";
    let dublin = "http://purl.org/dc/elements/1.1/";
    let title = escape(title);
    format!(
        "{DECLARATION}<cp:coreProperties xmlns:cp=\"{core}\" xmlns:dc=\"{dublin}\"><dc:title>{title}</dc:title></cp:coreProperties>"
    )
}

fn content_types(parts: &[(&str, &str)]) -> String {
    let word = "application/vnd.openxmlformats-officedocument.wordprocessingml";
    let line = |path: &str, kind: &str| {
        format!("<Override PartName=\"/{path}\" ContentType=\"{word}.{kind}+xml\"/>")
    };
    let mut lines = line("word/document.xml", "document.main");
    for kind in ["styles", "numbering", "footnotes"] {
        let path = format!("word/{kind}.xml");
        if parts.iter().any(|(name, _)| *name == path) {
            lines.push_str(&line(&path, kind));
        }
    }
    if parts.iter().any(|(name, _)| *name == "docProps/core.xml") {
        let kind = "application/vnd.openxmlformats-package.core-properties+xml";
        lines.push_str(&format!(
            "<Override PartName=\"/docProps/core.xml\" ContentType=\"{kind}\"/>"
        ));
    }
    typed(&lines)
}

/// The list of the types of parts, given as (path, type).
pub(crate) fn types(parts: &[(String, String)]) -> String {
    let line = |(path, kind): &(String, String)| {
        format!("<Override PartName=\"/{path}\" ContentType=\"{kind}\"/>")
    };
    typed(&parts.iter().map(line).collect::<String>())
}

fn typed(lines: &str) -> String {
    let space = "http://schemas.openxmlformats.org/package/2006/content-types";
    let relations = "application/vnd.openxmlformats-package.relationships+xml";
    format!(
        "{DECLARATION}<Types xmlns=\"{space}\"><Default Extension=\"rels\" ContentType=\"{relations}\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>{lines}</Types>"
    )
}

/// Text for XML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
