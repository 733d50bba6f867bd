//! What a reader of a transcribed PDF should know: pages without text, unreadable pieces.

use pdfboss_output::{ExtractReport, TextSpan};

use crate::assemble::Assembly;

/// Share of a page's characters, in percent, that may be unknown before it is worth a warning.
const UNKNOWN_PERCENT: usize = 20;

/// Collected page by page; page numbers count from 1.
#[derive(Default)]
pub(super) struct Notes {
    without_text: Vec<usize>,
    unknown_glyphs: Vec<usize>,
    problems: Vec<String>,
}

impl Notes {
    pub(super) fn unreadable(&mut self, index: usize, cause: &str) {
        self.problems
            .push(format!("page {} cannot be read: {cause}", index + 1));
    }

    pub(super) fn look_at(&mut self, index: usize, spans: &[TextSpan], report: &ExtractReport) {
        let (mut known, mut unknown) = (0, 0);
        for c in spans.iter().flat_map(|span| span.text.chars()) {
            match c {
                '\u{fffd}' | '\u{e000}'..='\u{f8ff}' => unknown += 1,
                c if !c.is_whitespace() => known += 1,
                _ => {}
            }
        }
        if known + unknown == 0 {
            self.without_text.push(index + 1);
        } else if unknown * 100 > (known + unknown) * UNKNOWN_PERCENT {
            self.unknown_glyphs.push(index + 1);
        }
        for skipped in &report.skipped {
            let (what, why) = (&skipped.kind, &skipped.cause);
            self.problems
                .push(format!("page {}: {what} was left out: {why}", index + 1));
        }
    }

    pub(super) fn write(self, assembly: &mut Assembly) {
        if !self.without_text.is_empty() {
            assembly.warn(format!("no text on page {}", ranges(&self.without_text)));
        }
        if !self.unknown_glyphs.is_empty() {
            let pages = ranges(&self.unknown_glyphs);
            assembly.warn(format!("fonts without known characters on page {pages}"));
        }
        self.problems
            .into_iter()
            .for_each(|problem| assembly.warn(problem));
    }
}

/// `1-3, 7` for 1, 2, 3, 7.
fn ranges(pages: &[usize]) -> String {
    let runs = pages.chunk_by(|a, b| a + 1 == *b);
    let texts = runs.map(|run| match run {
        [only] => only.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// A title that a person gave, not the name of a file that a program put in its place.
pub(super) fn stated_title(title: &str) -> Option<&str> {
    let title = title.trim().trim_start_matches("Microsoft Word - ").trim();
    let file_endings = [
        ".doc", ".docx", ".dvi", ".tex", ".pdf", ".indd", ".odt", ".rtf",
    ];
    let lower = title.to_lowercase();
    let no_title = lower.is_empty()
        || lower.starts_with("untitled")
        || file_endings.iter().any(|ending| lower.ends_with(ending));
    (!no_title).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_pages_are_written_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3, 7, 9-10");
    }

    #[test]
    fn names_of_files_are_no_titles() {
        assert_eq!(stated_title(" A report "), Some("A report"));
        assert_eq!(stated_title("Microsoft Word - report.doc"), None);
        assert_eq!(stated_title("Untitled-1"), None);
        assert_eq!(stated_title(""), None);
    }
}
