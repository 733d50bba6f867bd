//! The text of a shape: paragraphs of runs, of which some are items of a list.

use quick_xml::events::BytesStart;

use super::slide::Scene;
use crate::blocks::Blocks;
use crate::line::{Emphasis, Line};
use crate::package::xml::{self, Xml};
use crate::{TranscribeError, markdown};

type Done = Result<(), TranscribeError>;

/// Programs know nine levels.
const LEVELS: usize = 9;

/// Whether paragraphs that do not say so are items of a list, which only the layout knows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bullets {
    #[default]
    Never,
    /// A single paragraph is prose.
    OfSeveral,
    Always,
}

/// How a paragraph, or a level of the text, says that it is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    None,
    Bullet,
    Number { start: u64 },
}

#[derive(Debug, Default)]
struct Paragraph {
    level: usize,
    mark: Option<Mark>,
    line: Line,
    /// A link whose text may go on in the next run.
    link: Option<(String, String)>,
}

/// The paragraphs of one shape or cell.
#[derive(Debug, Default)]
pub(super) struct Text {
    paragraphs: Vec<Paragraph>,
    marks: [Option<Mark>; LEVELS],
}

/// Reads the body of text just opened.
pub(super) fn read(xml: &mut Xml, scene: &mut Scene) -> Result<Text, TranscribeError> {
    let mut text = Text::default();
    xml.children(|xml, element| match xml::name(element) {
        "lstStyle" => text.read_style(xml),
        "p" => {
            let paragraph = Paragraph::read(xml, scene)?;
            if !paragraph.line.is_blank() {
                text.paragraphs.push(paragraph);
            }
            Ok(())
        }
        _ => xml.skip(),
    })?;
    Ok(text)
}

impl Text {
    /// What the body says of its levels: `lvl1pPr` to `lvl9pPr`.
    fn read_style(&mut self, xml: &mut Xml) -> Done {
        xml.children(|xml, element| {
            let level = xml::name(element).strip_prefix("lvl").unwrap_or_default();
            let level = level.trim_end_matches("pPr").parse::<usize>().ok();
            match level.and_then(|level| self.marks.get_mut(level.wrapping_sub(1))) {
                Some(mark) => read_mark(xml, mark),
                None => xml.skip(),
            }
        })
    }

    /// All of it in one line without emphasis, for titles.
    pub(super) fn into_one_line(self) -> String {
        let lines = self.paragraphs.into_iter().map(|p| p.line.into_plain());
        lines.collect::<Vec<_>>().join(" ")
    }

    /// Paragraphs one after the other with a space between, for cells.
    pub(super) fn into_cell(self) -> String {
        let lines = self.paragraphs.into_iter().map(|p| p.line.into_markdown());
        lines.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn into_markdown(self, bullets: Bullets) -> String {
        let several = self.paragraphs.len() > 1;
        let usual = match bullets {
            Bullets::Always => Mark::Bullet,
            Bullets::OfSeveral if several => Mark::Bullet,
            _ => Mark::None,
        };
        let mut blocks = Blocks::default();
        let mut list = List::default();
        for paragraph in self.paragraphs {
            let level = paragraph.level.min(LEVELS - 1);
            let mark = paragraph.mark.or(self.marks[level]).unwrap_or(usual);
            let text = paragraph.line.into_markdown();
            match list.next_mark(mark, level) {
                Some(mark) => {
                    let indent = format!("\n{}", " ".repeat(mark.len()));
                    blocks.push_item(&format!("{mark}{}", text.replace('\n', &indent)));
                }
                None => blocks.push(&markdown::escape_start(&text)),
            }
        }
        blocks.into_markdown()
    }
}

/// Counts the items of a list.
#[derive(Debug, Default)]
struct List {
    last_level: Option<usize>,
    numbers: [Option<u64>; LEVELS],
}

impl List {
    /// The mark of the next item with its indent; `None` when the paragraph is no item.
    fn next_mark(&mut self, mark: Mark, level: usize) -> Option<String> {
        if mark == Mark::None {
            *self = Self::default();
            return None;
        }
        // An item may be one level below the one before it; deeper would read as code.
        let shown = level.min(self.last_level.map_or(0, |last| last + 1));
        self.last_level = Some(shown);
        self.numbers[level + 1..].fill(None);
        let indent = "    ".repeat(shown);
        let Mark::Number { start } = mark else {
            self.numbers[level] = None;
            return Some(format!("{indent}- "));
        };
        let number = self.numbers[level].map_or(start, |last| last.saturating_add(1));
        self.numbers[level] = Some(number);
        Some(format!("{indent}{number}. "))
    }
}

fn read_mark(xml: &mut Xml, mark: &mut Option<Mark>) -> Done {
    xml.children(|xml, element| {
        match xml::name(element) {
            "buNone" => *mark = Some(Mark::None),
            "buChar" | "buBlip" => *mark = Some(Mark::Bullet),
            "buAutoNum" => {
                let start = xml::attribute(element, "startAt");
                let start = start.and_then(|start| start.parse().ok()).unwrap_or(1);
                *mark = Some(Mark::Number { start });
            }
            _ => {}
        }
        xml.skip()
    })
}

impl Paragraph {
    fn read(xml: &mut Xml, scene: &mut Scene) -> Result<Self, TranscribeError> {
        let mut paragraph = Self::default();
        paragraph.read_pieces(xml, scene)?;
        paragraph.end_link();
        Ok(paragraph)
    }

    fn read_pieces(&mut self, xml: &mut Xml, scene: &mut Scene) -> Done {
        xml.children(|xml, element| match xml::name(element) {
            "pPr" => {
                let level = xml::attribute(element, "lvl");
                self.level = level.and_then(|level| level.parse().ok()).unwrap_or(0);
                read_mark(xml, &mut self.mark)
            }
            "r" => self.read_run(xml, scene),
            "fld" if is_slide_number(element) => xml.skip(),
            "fld" => self.read_run(xml, scene),
            "br" => {
                self.end_link();
                self.line.push(Emphasis::default(), "  \n");
                xml.skip()
            }
            // Formulas are read as their letters.
            "m" | "oMath" | "oMathPara" => {
                let text = xml.text()?;
                self.line.push(Emphasis::default(), &text);
                Ok(())
            }
            "AlternateContent" => self.read_one_branch(xml, scene),
            _ => xml.skip(),
        })
    }

    /// The same thing for newer and for older programs: the first that has text is read.
    fn read_one_branch(&mut self, xml: &mut Xml, scene: &mut Scene) -> Done {
        let mut chosen = false;
        xml.children(|xml, branch| match xml::name(branch) {
            "Choice" | "Fallback" if !chosen => {
                let mut inside = Self::default();
                inside.read_pieces(xml, scene)?;
                inside.end_link();
                chosen = !inside.line.is_blank();
                self.end_link();
                self.line.append(inside.line);
                Ok(())
            }
            _ => xml.skip(),
        })
    }

    fn read_run(&mut self, xml: &mut Xml, scene: &mut Scene) -> Done {
        let mut emphasis = Emphasis::default();
        let mut target = None;
        let mut language = None;
        let mut text = String::new();
        xml.children(|xml, element| match xml::name(element) {
            "rPr" => {
                let on =
                    |name| xml::attribute(element, name).is_some_and(|v| v == "1" || v == "true");
                emphasis.bold = on("b");
                emphasis.italic = on("i");
                language = xml::attribute(element, "lang");
                xml.children(|xml, inner| {
                    if xml::name(inner) == "hlinkClick" {
                        let id = xml::prefixed(inner, "id").unwrap_or_default();
                        target = scene.links.get(&id).cloned();
                    }
                    xml.skip()
                })
            }
            "t" => {
                text.push_str(&xml.text()?);
                Ok(())
            }
            _ => xml.skip(),
        })?;
        if scene.seen.language.is_none() && !text.trim().is_empty() {
            scene.seen.language = language;
        }
        // Some programs write line ends within a run as vertical tabs.
        let text = text.replace(['\u{b}', '\n', '\r', '\t'], " ");
        self.push(emphasis, target, &text);
        Ok(())
    }

    fn push(&mut self, emphasis: Emphasis, target: Option<String>, text: &str) {
        match (&mut self.link, target) {
            (Some((same, before)), Some(target)) if *same == target => before.push_str(text),
            (_, Some(target)) => {
                self.end_link();
                self.link = Some((target, text.to_owned()));
            }
            (_, None) => {
                self.end_link();
                self.line.push(emphasis, text);
            }
        }
    }

    fn end_link(&mut self) {
        if let Some((target, text)) = self.link.take() {
            let shown = text.trim();
            if !shown.is_empty() {
                let link = markdown::link(shown, &target);
                self.line
                    .push(Emphasis::default(), &text.replacen(shown, &link, 1));
            }
        }
    }
}

fn is_slide_number(field: &BytesStart) -> bool {
    xml::attribute(field, "type").is_some_and(|kind| kind == "slidenum")
}
