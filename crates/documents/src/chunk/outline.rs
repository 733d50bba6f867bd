//! The blocks of a Markdown text: where each begins, what it is, and below which headings.
//!
//! Only beginnings are kept. A block reaches to the beginning of the next one, so that whatever a
//! parser leaves out (blank lines, definitions of links, markers) belongs to some block.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::clean::shorten;
use crate::limits::{CHUNK_BLOCK_DEPTH_MAX, HEADING_BYTES_MAX};

/// What a block is, as far as that matters for splitting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading that begins a section.
    Heading,
    /// Sentences: a paragraph, the text of an item, a heading inside of something.
    Prose,
    /// Lines: HTML, front matter.
    Lines,
    /// A code block: lines that stay together where they fit.
    Code,
    /// A table: rows, one a line, that stay together where they fit.
    Table,
}

impl Kind {
    /// Whether it is kept in one piece up to the limit, not only to the target.
    pub(super) fn is_kept_whole(self) -> bool {
        matches!(self, Self::Code | Self::Table)
    }

    /// Whether it is split at line ends before anything else.
    pub(super) fn has_lines(self) -> bool {
        matches!(self, Self::Lines | Self::Code | Self::Table)
    }
}

/// A block. Blocks inside of it follow it directly, up to `after`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// The beginning of its first line.
    pub(super) start: usize,
    /// Index of the next block that is not inside of this one.
    pub(super) after: usize,
    pub(super) kind: Kind,
}

/// A heading and what follows it up to the next one.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) start: usize,
    pub(super) end: usize,
    /// 1 to 6; 0 before the first heading.
    pub(super) level: u8,
    /// The headings above, the outermost first, its own last; bounded in number and length.
    pub(super) path: Vec<String>,
    pub(super) blocks: Range<usize>,
}

/// The blocks of a text in order, and its sections; together these are the whole text.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) blocks: Vec<Block>,
    pub(super) sections: Vec<Section>,
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
            | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
        let mut builder = Builder::new(text);
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            builder.event(event, range.start);
        }
        builder.finish()
    }

    /// Where the block with that index ends, in a section that ends at `section_end`.
    pub(super) fn end_of(&self, after: usize, section: &Section) -> usize {
        if after < section.blocks.end {
            self.blocks[after].start
        } else {
            section.end
        }
    }
}

struct Builder<'a> {
    text: &'a str,
    outline: Outline,
    /// Blocks that are open: their index, or nothing for one that is too deep to be kept.
    open: Vec<Option<usize>>,
    /// The text of the heading that is being read.
    heading: Option<String>,
    /// The headings above, with their levels.
    path: Vec<(u8, String)>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let mut builder = Self {
            text,
            outline: Outline {
                blocks: Vec::new(),
                sections: Vec::new(),
            },
            open: Vec::new(),
            heading: None,
            path: Vec::new(),
        };
        builder.section(0, 0);
        builder
    }

    fn event(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(Tag::Heading { level, .. }) if self.open.is_empty() => {
                let start = self.line_start(at);
                self.section(start, number(level));
                self.heading = Some(String::new());
                self.begin(at, Kind::Heading);
            }
            Event::Start(tag) => {
                if let Some(kind) = kind_of(&tag) {
                    self.begin(at, kind);
                }
            }
            Event::End(TagEnd::Heading(level)) => {
                self.end();
                if let Some(text) = self.heading.take() {
                    self.name_section(number(level), &text);
                }
            }
            Event::End(end) if is_block(end) => self.end(),
            Event::Rule => {
                self.begin(at, Kind::Prose);
                self.end();
            }
            Event::Text(text) | Event::Code(text) => self.heading_text(&text),
            Event::SoftBreak | Event::HardBreak => self.heading_text(" "),
            _ => {}
        }
    }

    fn begin(&mut self, at: usize, kind: Kind) {
        if self.open.len() >= CHUNK_BLOCK_DEPTH_MAX {
            self.open.push(None);
            return;
        }
        self.open.push(Some(self.outline.blocks.len()));
        self.outline.blocks.push(Block {
            start: self.line_start(at),
            after: 0,
            kind,
        });
    }

    fn end(&mut self) {
        let after = self.outline.blocks.len();
        if let Some(Some(index)) = self.open.pop() {
            self.outline.blocks[index].after = after;
        }
    }

    /// The beginning of the line, so that markers and indentation go with their block. Never
    /// before an earlier block or section.
    fn line_start(&self, at: usize) -> usize {
        let block = self.outline.blocks.last().map_or(0, |block| block.start);
        let section = self.outline.sections.last().map_or(0, |s| s.start);
        let from = block.max(section);
        let line = self.text.get(from..at).and_then(|text| text.rfind('\n'));
        line.map_or(from, |newline| from + newline + 1)
    }

    fn section(&mut self, start: usize, level: u8) {
        let first = self.outline.blocks.len();
        self.outline.sections.push(Section {
            start,
            end: start,
            level,
            path: Vec::new(),
            blocks: first..first,
        });
    }

    fn heading_text(&mut self, text: &str) {
        if let Some(heading) = &mut self.heading
            && heading.len() <= HEADING_BYTES_MAX
        {
            heading.push_str(text);
        }
    }

    fn name_section(&mut self, level: u8, text: &str) {
        let mut name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        shorten(&mut name, HEADING_BYTES_MAX);
        self.path.retain(|(above, _)| *above < level);
        if !name.is_empty() {
            self.path.push((level, name));
        }
        if let Some(section) = self.outline.sections.last_mut() {
            section.path = self.path.iter().map(|(_, name)| name.clone()).collect();
        }
    }

    /// Closes what is open and lays the sections end to end.
    fn finish(mut self) -> Outline {
        while !self.open.is_empty() {
            self.end();
        }
        let (mut end, mut after) = (self.text.len(), self.outline.blocks.len());
        for section in self.outline.sections.iter_mut().rev() {
            section.end = end;
            section.blocks.end = after;
            (end, after) = (section.start, section.blocks.start);
        }
        self.outline
    }
}

fn number(level: HeadingLevel) -> u8 {
    level as u8
}

/// What a tag begins: nothing when it stands within a line.
fn kind_of(tag: &Tag<'_>) -> Option<Kind> {
    Some(match tag {
        Tag::Paragraph | Tag::Heading { .. } => Kind::Prose,
        Tag::BlockQuote(_) | Tag::List(_) | Tag::Item | Tag::FootnoteDefinition(_) => Kind::Prose,
        Tag::HtmlBlock | Tag::MetadataBlock(_) => Kind::Lines,
        Tag::CodeBlock(_) => Kind::Code,
        Tag::Table(_) => Kind::Table,
        _ => return None,
    })
}

/// Whether a tag that ends is one that [`kind_of`] knows.
fn is_block(tag: TagEnd) -> bool {
    matches!(
        tag,
        TagEnd::Paragraph
            | TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::List(_)
            | TagEnd::Item
            | TagEnd::FootnoteDefinition
            | TagEnd::HtmlBlock
            | TagEnd::MetadataBlock(_)
            | TagEnd::CodeBlock
            | TagEnd::Table
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each block, with those inside of it, and what it is.
    fn blocks(text: &str) -> Vec<(&str, Kind)> {
        let outline = Outline::of(text);
        let of = |section: &Section| {
            let all = section.blocks.clone();
            let parts = all.map(|index| {
                let block = outline.blocks[index];
                let end = outline.end_of(block.after, section);
                (text[block.start..end].trim_end(), block.kind)
            });
            parts.collect::<Vec<_>>()
        };
        outline.sections.iter().flat_map(of).collect()
    }

    #[test]
    fn every_construct_is_a_block() {
        let text = "---\nt: x\n---\n\n# H\n\np\n\n| a |\n| - |\n| b |\n\n```\nc\n```\n\n<div>\nx\n</div>\n\n***\n";
        assert_eq!(
            blocks(text),
            [
                ("---\nt: x\n---", Kind::Lines),
                ("# H", Kind::Heading),
                ("p", Kind::Prose),
                ("| a |\n| - |\n| b |", Kind::Table),
                ("```\nc\n```", Kind::Code),
                ("<div>\nx\n</div>", Kind::Lines),
                ("***", Kind::Prose),
            ]
        );
    }

    #[test]
    fn blocks_inside_of_others_follow_them() {
        let texts: Vec<&str> = blocks("- a\n  - b\n- c\n")
            .iter()
            .map(|(text, _)| *text)
            .collect();
        assert_eq!(
            texts,
            ["- a\n  - b\n- c", "- a\n  - b", "  - b", "  - b", "- c"]
        );
    }

    #[test]
    fn paths_are_the_headings_above() {
        let outline = Outline::of("pre\n\n# A\n\n### B *b* `c`\n\n## C\n\n> # no\n\nD\n=\n");
        let paths: Vec<String> = outline.sections.iter().map(|s| s.path.join("/")).collect();
        assert_eq!(paths, ["", "A", "A/B b c", "A/C", "D"]);
    }

    #[test]
    fn long_headings_are_cut() {
        let outline = Outline::of(&format!("# {}\n", "é".repeat(5_000)));
        let path = &outline.sections[1].path;
        assert!(path[0].len() <= HEADING_BYTES_MAX && path[0].ends_with('…'));
    }
}
