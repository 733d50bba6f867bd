//! The Markdown that the guides use: headings, paragraphs, lists, tables, bold, italic, code.

/// One block of a guide; its texts still hold the marks of emphasis.
pub(crate) enum Block {
    Heading { level: usize, text: String },
    Paragraph(String),
    Bullets(Vec<String>),
    Numbers(Vec<String>),
    Table(Vec<Vec<String>>),
}

/// Text of one kind.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) bold: bool,
    pub(crate) italic: bool,
}

/// The blocks of a text; an empty line ends a block.
pub(crate) fn parse(text: &str) -> Vec<Block> {
    text.split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty())
        .map(block)
        .collect()
}

fn block(text: &str) -> Block {
    let level = text.bytes().take_while(|b| *b == b'#').count();
    if level > 0 {
        return Block::Heading {
            level,
            text: text[level..].trim().to_owned(),
        };
    }
    if text.starts_with('|') {
        let rows = text.lines().filter(|line| !line.starts_with("| ---"));
        return Block::Table(rows.map(cells).collect());
    }
    if text.starts_with("- ") {
        return Block::Bullets(items(text));
    }
    if text.starts_with("1. ") {
        return Block::Numbers(items(text));
    }
    Block::Paragraph(one_line(text))
}

fn cells(line: &str) -> Vec<String> {
    line.trim_matches('|')
        .split('|')
        .map(|cell| cell.trim().to_owned())
        .collect()
}

/// An item goes on where a line is indented.
fn items(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for line in text.lines() {
        match items.last_mut() {
            Some(item) if line.starts_with(' ') => {
                item.push(' ');
                item.push_str(line.trim());
            }
            _ => items.push(
                line.split_once(' ')
                    .map_or(line, |(_, rest)| rest)
                    .to_owned(),
            ),
        }
    }
    items
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without its marks.
pub(crate) fn plain(text: &str) -> String {
    spans(text).into_iter().map(|span| span.text).collect()
}

/// A text cut at its marks: `**bold**`, `*italic*`, and code, whose own marks are kept as text.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut span = Span::default();
    let mut code = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let strong = rest.starts_with("**");
        match c {
            '`' => code = !code,
            '*' if !code => {
                let (bold, italic) = (span.bold != strong, span.italic == strong);
                spans.push(std::mem::replace(
                    &mut span,
                    Span {
                        bold,
                        italic,
                        ..Span::default()
                    },
                ));
            }
            _ => span.text.push(c),
        }
        let taken = if !code && strong { 2 } else { c.len_utf8() };
        rest = &rest[taken..];
    }
    spans.push(span);
    spans.retain(|span| !span.text.is_empty());
    spans
}
