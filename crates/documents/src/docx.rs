//! DOCX to Markdown: headings, paragraphs, lists, tables, links, footnotes and text boxes.
//!
//! A thin reader: the archive's parts are pulled through an XML reader once, and what a part does
//! not need is skipped. Layout, pictures, comments, headers and footers are left out.

mod block;
mod inline;
mod lists;
mod notes;
mod paragraph;
mod styles;
mod table;

use self::block::read_blocks;
use self::lists::Lists;
use self::notes::Notes;
use self::styles::Styles;
use crate::assemble::Assembly;
use crate::blocks::Blocks;
use crate::package::xml::{self, Xml};
use crate::package::{Links, Package, properties};
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// What the paragraphs of a document refer to, and what is counted while they are read.
struct Story<'a> {
    styles: Styles,
    lists: Lists,
    links: Links,
    notes: Notes,
    comments: bool,
    watch: &'a Watch<'a>,
}

/// Reads an opened DOCX.
pub(crate) fn read(mut package: Package, watch: &Watch) -> Result<Document, TranscribeError> {
    let main_part = package.main().to_owned();
    let styles = package.sibling_xml("styles.xml")?;
    let mut story = Story {
        styles: Styles::read(&styles)?,
        lists: Lists::read(&package.sibling_xml("numbering.xml")?)?,
        links: package.relations(&main_part)?.links(),
        notes: Notes::default(),
        comments: false,
        watch,
    };
    let mut assembly = Assembly::new(Format::Docx);
    if let Some(language) = styles::language(&styles)? {
        assembly.language(&language);
    }
    properties::read(&mut package, &mut assembly)?;
    let mut blocks = Blocks::default();
    let main = package.main_xml()?;
    let mut xml = Xml::new(&main);
    xml.root(|xml, _| read_body(xml, &mut story, &mut blocks))?;
    notes::write(&mut package, &mut story, &mut blocks)?;
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
