//! Blocks as HTML that is XML too, for the chapters of a book.

use super::source::{Block, spans};
use super::support::package::escape;

/// The blocks one after the other. Headings move up by one level below the first.
pub(crate) fn body(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { level, text } => {
            let level = level.saturating_sub(1).max(1);
            format!("<h{level}>{}</h{level}>", inline(text))
        }
        Block::Paragraph(text) => format!("<p>{}</p>", inline(text)),
        Block::Bullets(items) => format!("<ul>{}</ul>", each("li", items)),
        Block::Numbers(items) => format!("<ol>{}</ol>", each("li", items)),
        Block::Table(rows) => {
            let row = |(index, row): (usize, &Vec<String>)| {
                let cell = if index == 0 { "th" } else { "td" };
                format!("<tr>{}</tr>", each(cell, row))
            };
            format!(
                "<table>{}</table>",
                (0..).zip(rows).map(row).collect::<String>()
            )
        }
    }
}

fn each(tag: &str, texts: &[String]) -> String {
    let texts = texts
        .iter()
        .map(|text| format!("<{tag}>{}</{tag}>", inline(text)));
    texts.collect()
}

/// What stands between two backticks is code; emphasis does not reach over it.
fn inline(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let pieces = pieces.map(|(index, piece)| match index % 2 {
        1 => format!("<code>{}</code>", escape(piece)),
        _ => emphasised(piece),
    });
    pieces.collect()
}

fn emphasised(text: &str) -> String {
    let spans = spans(text).into_iter().map(|span| {
        let text = escape(&span.text);
        match (span.bold, span.italic) {
            (true, _) => format!("<b>{text}</b>"),
            (_, true) => format!("<i>{text}</i>"),
            _ => text,
        }
    });
    spans.collect()
}
