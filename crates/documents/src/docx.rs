//! DOCX to Markdown: headings, paragraphs, lists, tables, links, footnotes and text boxes.
//!
//! A thin reader: the archive's parts are pulled through an XML reader once, and what a part does
//! not need is skipped. Layout, pictures, comments, headers and footers are left out.

mod block;
mod inline;
mod lists;
mod notes;
mod package;
mod paragraph;
mod properties;
mod styles;
mod table;
mod xml;

pub(crate) use package::{Parts, open};

use self::block::{Blocks, read_blocks};
use self::lists::Lists;
use self::notes::Notes;
use self::styles::Styles;
use self::xml::Xml;
use crate::assemble::Assembly;
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// What the paragraphs of a document refer to, and what is counted while they are read.
struct Story<'a> {
    styles: Styles,
    lists: Lists,
    links: properties::Links,
    notes: Notes,
    comments: bool,
    watch: &'a Watch<'a>,
}

/// Reads an opened DOCX.
pub(crate) fn read(mut parts: Parts, watch: &Watch) -> Result<Document, TranscribeError> {
    let mut story = Story {
        styles: Styles::read(&parts.sibling_xml("styles.xml")?)?,
        lists: Lists::read(&parts.sibling_xml("numbering.xml")?)?,
        links: parts.main_links()?,
        notes: Notes::default(),
        comments: false,
        watch,
    };
    let mut assembly = Assembly::new(Format::Docx);
    if let Some(title) = properties::title(&parts.xml("docProps/core.xml")?.unwrap_or_default())? {
        assembly.title(&title);
    }
    let mut blocks = Blocks::default();
    let main = parts.main_xml()?;
    let mut xml = Xml::new(&main);
    xml.root(|xml, _| read_body(xml, &mut story, &mut blocks))?;
    notes::write(&mut parts, &mut story, &mut blocks)?;
    if story.comments {
        assembly.warn("comments were left out");
    }
    assembly.page(&blocks.into_markdown())?;
    assembly.finish()
}

fn read_body(xml: &mut Xml, story: &mut Story, blocks: &mut Blocks) -> Result<(), TranscribeError> {
    xml.children(|xml, element| match xml::name(element) {
        "body" => read_blocks(xml, story, blocks),
        _ => xml.skip(),
    })
}
