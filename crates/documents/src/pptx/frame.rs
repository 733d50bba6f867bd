//! Frames: tables, charts and diagrams.

use super::slide::Scene;
use super::{chart, diagram, paragraphs};
use crate::package::xml::{self, Xml};
use crate::{TranscribeError, markdown};

/// Reads the graphic just opened.
pub(super) fn read(xml: &mut Xml, scene: &mut Scene) -> Result<String, TranscribeError> {
    let mut markdown = String::new();
    xml.children(|xml, element| match xml::name(element) {
        "graphicData" => xml.children(|xml, inner| {
            match xml::name(inner) {
                "tbl" => markdown = read_table(xml, scene)?,
                "chart" => {
                    xml.skip()?;
                    markdown = read_chart(xml::prefixed(inner, "id"), scene)?;
                }
                "relIds" => {
                    xml.skip()?;
                    markdown = read_diagram(xml::prefixed(inner, "dm"), scene)?;
                }
                _ => xml.skip()?,
            }
            Ok(())
        }),
        _ => xml.skip(),
    })?;
    Ok(markdown)
}

/// Cells that are merged into another one are there, and empty.
fn read_table(xml: &mut Xml, scene: &mut Scene) -> Result<String, TranscribeError> {
    let mut rows = Vec::new();
    xml.children(|xml, element| match xml::name(element) {
        "tr" => {
            let mut row = Vec::new();
            xml.children(|xml, element| match xml::name(element) {
                "tc" => {
                    row.push(read_cell(xml, scene)?);
                    Ok(())
                }
                _ => xml.skip(),
            })?;
            rows.push(row);
            Ok(())
        }
        _ => xml.skip(),
    })?;
    Ok(markdown::table(rows, false))
}

fn read_cell(xml: &mut Xml, scene: &mut Scene) -> Result<String, TranscribeError> {
    let mut cell = String::new();
    xml.children(|xml, element| {
        match xml::name(element) {
            "txBody" => cell = paragraphs::read(xml, scene)?.into_cell(),
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(cell)
}

fn read_chart(id: Option<String>, scene: &mut Scene) -> Result<String, TranscribeError> {
    let Some(text) = part_of(id.as_deref(), scene)? else {
        scene.warn("has a chart that is missing in the file");
        return Ok(String::new());
    };
    if id.is_some_and(|id| scene.relations.kind(&id) == Some("chartEx")) {
        return chart::read_extended(&text);
    }
    let chart = chart::read(&text)?;
    if chart.is_cut {
        scene.warn("has a chart of which not all points are kept");
    }
    Ok(chart.into_markdown())
}

fn read_diagram(id: Option<String>, scene: &mut Scene) -> Result<String, TranscribeError> {
    match part_of(id.as_deref(), scene)? {
        Some(text) => diagram::read(&text),
        None => {
            scene.warn("has a diagram that is missing in the file");
            Ok(String::new())
        }
    }
}

/// The part that a frame names.
fn part_of(id: Option<&str>, scene: &mut Scene) -> Result<Option<String>, TranscribeError> {
    let part = id.and_then(|id| scene.relations.part(id));
    part.map_or(Ok(None), |part| scene.package.xml(part))
}
