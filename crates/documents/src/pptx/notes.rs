//! The notes of the speaker, which stand below their slide as a quotation.

use super::slide::{Scene, read_shapes};
use crate::TranscribeError;
use crate::blocks::Blocks;

/// Reads the notes in `part`; empty when there are none.
pub(super) fn read(slide: &mut Scene, part: &str) -> Result<String, TranscribeError> {
    let Some(text) = slide.package.xml(part)? else {
        slide.warn("has notes that are missing in the file");
        return Ok(String::new());
    };
    let relations = slide.package.relations(part)?;
    let mut scene = Scene {
        package: slide.package,
        links: relations.links(),
        relations,
        seen: slide.seen,
        watch: slide.watch,
        warnings: Vec::new(),
        name: slide.name.clone(),
        is_notes: true,
    };
    let mut blocks = Blocks::default();
    for shape in read_shapes(&text, &mut scene)? {
        blocks.push(&shape.markdown);
    }
    slide.warnings.append(&mut scene.warnings);
    let text = blocks.into_markdown();
    if text.is_empty() {
        return Ok(text);
    }
    let lines = format!("**Notes**\n\n{text}");
    let quoted = lines.lines().map(|line| format!("> {line}"));
    let quoted: Vec<String> = quoted.map(|line| line.trim_end().to_owned()).collect();
    Ok(quoted.join("\n"))
}
