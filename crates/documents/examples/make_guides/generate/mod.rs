//! The generated guides as bytes; the same source always gives the same bytes.

mod docx;
mod epub;
mod html;
mod pdf;
mod pptx;
mod source;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod xlsx;

/// A file that was generated.
pub(crate) struct Generated {
    pub(crate) file_name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// All of them.
pub(crate) fn all() -> Vec<Generated> {
    let guide = |file_name, text, write: fn(&[source::Block]) -> Vec<u8>| Generated {
        file_name,
        bytes: write(&source::parse(text)),
    };
    vec![
        guide(
            "guide.docx",
            include_str!("../../../guides/retries-and-dedup.md"),
            docx::write,
        ),
        guide(
            "guide.pdf",
            include_str!("../../../guides/operating.md"),
            pdf::write,
        ),
        guide(
            "guide.pptx",
            include_str!("../../../guides/first-look.md"),
            pptx::write,
        ),
        guide(
            "guide.xlsx",
            include_str!("../../../guides/limits.md"),
            xlsx::write,
        ),
        guide(
            "guide.epub",
            include_str!("../../../guides/schedules.md"),
            epub::write,
        ),
    ]
}

/// The blocks of each part of a guide: a part begins at a heading of the first or second level.
fn parts(blocks: &[source::Block]) -> Vec<&[source::Block]> {
    let begins = |block: &source::Block| match block {
        source::Block::Heading { level, .. } => *level <= 2,
        _ => false,
    };
    let mut starts: Vec<usize> = (0..blocks.len())
        .filter(|at| begins(&blocks[*at]))
        .collect();
    starts.push(blocks.len());
    starts
        .windows(2)
        .map(|ends| &blocks[ends[0]..ends[1]])
        .collect()
}
