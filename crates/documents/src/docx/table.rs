//! Tables to pipe tables.

use super::Story;
use super::block::read_blocks;
use crate::blocks::Blocks;
use crate::package::xml::{self, Xml};
use crate::{TranscribeError, markdown};

/// Most columns that one cell may span; word processors allow 63.
const SPAN_MAX: usize = 63;

type Done = Result<(), TranscribeError>;

/// Reads the table just opened. A table of one column is a frame: its content stands by itself.
pub(super) fn read(xml: &mut Xml, story: &mut Story, blocks: &mut Blocks) -> Done {
    let mut rows = Vec::new();
    read_rows(xml, story, &mut rows)?;
    story.lists.interrupt();
    blocks.push(&markdown::table(rows, false));
    Ok(())
}

fn read_rows(xml: &mut Xml, story: &mut Story, rows: &mut Vec<Vec<String>>) -> Done {
    xml.children(|xml, element| match xml::name(element) {
        "tr" => {
            let mut row = Vec::new();
            read_cells(xml, story, &mut row)?;
            rows.push(row);
            Ok(())
        }
        "sdt" | "sdtContent" | "ins" | "customXml" => read_rows(xml, story, rows),
        _ => xml.skip(),
    })
}

fn read_cells(xml: &mut Xml, story: &mut Story, row: &mut Vec<String>) -> Done {
    xml.children(|xml, element| match xml::name(element) {
        "tc" => read_cell(xml, story, row),
        "sdt" | "sdtContent" | "ins" | "customXml" => read_cells(xml, story, row),
        _ => xml.skip(),
    })
}

/// A cell over several columns is followed by empty ones.
fn read_cell(xml: &mut Xml, story: &mut Story, row: &mut Vec<String>) -> Done {
    let mut inside = Blocks::default();
    let mut span = 1;
    xml.children(|xml, element| match xml::name(element) {
        "tcPr" => xml.children(|xml, property| {
            if xml::name(property) == "gridSpan" {
                span = xml::value(property)
                    .and_then(|value| value.parse().ok())
                    .unwrap_or(1);
            }
            xml.skip()
        }),
        "p" => super::paragraph::read(xml, story, &mut inside),
        "tbl" => read(xml, story, &mut inside),
        "sdt" | "sdtContent" | "ins" | "customXml" => read_blocks(xml, story, &mut inside),
        _ => xml.skip(),
    })?;
    row.push(inside.into_markdown());
    row.extend(std::iter::repeat_n(
        String::new(),
        span.clamp(1, SPAN_MAX) - 1,
    ));
    Ok(())
}
