//! What stands side by side in Markdown: text in pieces of one emphasis.

/// How a run is set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Emphasis {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
}

/// The text of a paragraph in pieces of one emphasis.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pieces: Vec<(Emphasis, String)>,
}

impl Line {
    /// White space alone takes the emphasis of what stands before it.
    pub(crate) fn push(&mut self, emphasis: Emphasis, text: &str) {
        match self.pieces.last_mut() {
            Some((last, before)) if *last == emphasis || text.trim().is_empty() => {
                before.push_str(text);
            }
            _ if !text.is_empty() => self.pieces.push((emphasis, text.to_owned())),
            _ => {}
        }
    }

    /// Appends another line.
    pub(crate) fn append(&mut self, other: Self) {
        for (emphasis, text) in other.pieces {
            self.push(emphasis, &text);
        }
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.pieces.iter().all(|(_, text)| text.trim().is_empty())
    }

    /// One line without emphasis, for headings.
    pub(crate) fn into_plain(self) -> String {
        let text: String = self.pieces.into_iter().map(|(_, text)| text).collect();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The marks stand close to the words, as Markdown wants it.
    pub(crate) fn into_markdown(self) -> String {
        let mut out = String::new();
        for (emphasis, text) in &self.pieces {
            let mark = match emphasis {
                Emphasis {
                    bold: true,
                    italic: true,
                } => "***",
                Emphasis { bold: true, .. } => "**",
                Emphasis { italic: true, .. } => "*",
                Emphasis { .. } => "",
            };
            let words = text.trim();
            let marked =
                !mark.is_empty() && words.contains(char::is_alphanumeric) && !words.contains('\n');
            if !marked {
                out.push_str(text);
                continue;
            }
            let lead = text.len() - text.trim_start().len();
            out.push_str(&text[..lead]);
            out.push_str(&format!("{mark}{words}{mark}"));
            out.push_str(&text[lead + words.len()..]);
        }
        out.trim().to_owned()
    }
}
