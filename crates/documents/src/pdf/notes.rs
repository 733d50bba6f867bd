//! What a reader of a transcribed PDF should know: pages without text, unreadable pieces.

use pdfboss_output::ExtractReport;

use super::routing::Worth;
use crate::assemble::Assembly;

/// Collected page by page; page numbers count from 1.
#[derive(Default)]
pub(super) struct Notes {
    without_text: Vec<usize>,
    unknown_glyphs: Vec<usize>,
    /// Pages that are pictures, by why they were not recognized.
    not_recognized: Vec<(String, Vec<usize>)>,
    problems: Vec<String>,
}

impl Notes {
    pub(super) fn unreadable(&mut self, index: usize, cause: &str) {
        self.problems
            .push(format!("page {} cannot be read: {cause}", index + 1));
    }

    /// What was left out of a page.
    pub(super) fn skipped(&mut self, index: usize, report: &ExtractReport) {
        for skipped in &report.skipped {
            let (what, why) = (&skipped.kind, &skipped.cause);
            self.problems
                .push(format!("page {}: {what} was left out: {why}", index + 1));
        }
    }

    /// A page whose own text is what there is.
    pub(super) fn own_text(&mut self, index: usize, worth: Worth) {
        if worth.is_nothing() {
            self.without_text.push(index + 1);
        } else if worth.is_garbled() {
            self.unknown_glyphs.push(index + 1);
        }
    }

    /// A page that may be a picture.
    pub(super) fn not_recognized(&mut self, index: usize, cause: &str) {
        let same = self.not_recognized.iter_mut().find(|(why, _)| why == cause);
        match same {
            Some((_, pages)) => pages.push(index + 1),
            None => self
                .not_recognized
                .push((cause.to_owned(), vec![index + 1])),
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
        for (cause, pages) in &self.not_recognized {
            let pages = ranges(pages);
            assembly.warn(format!(
                "text recognition did not run on page {pages}: {cause}"
            ));
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
