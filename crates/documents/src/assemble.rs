//! Puts pages together into a document, within the limits of the output.

use crate::error::Problem;
use crate::limits::{
    LINE_BYTES_MAX, OUTPUT_BYTES_MAX, OUTPUT_JSON_BYTES_MAX, PAGES_MAX, WARNINGS_MAX,
};
use crate::{Document, Format, Page, TranscribeError, clean};

/// A document that grows page by page.
pub(crate) struct Assembly {
    format: Format,
    title: Option<String>,
    markdown: String,
    pages: Vec<Page>,
    warnings: Vec<String>,
    warnings_left_out: usize,
    dropped_characters: bool,
}

impl Assembly {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            title: None,
            markdown: String::new(),
            pages: Vec::new(),
            warnings: Vec::new(),
            warnings_left_out: 0,
            dropped_characters: false,
        }
    }

    /// States the title; without this the first heading is taken.
    pub(crate) fn title(&mut self, title: &str) {
        self.title = clean::title(title);
    }

    /// Notes what was left out or guessed.
    pub(crate) fn warn(&mut self, warning: impl Into<String>) {
        if self.warnings.len() >= WARNINGS_MAX {
            self.warnings_left_out += 1;
            return;
        }
        let mut warning = warning.into();
        clean::shorten(&mut warning, LINE_BYTES_MAX);
        self.warnings.push(warning);
    }

    /// How many pages there are.
    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }

    /// Appends the next page. Pages stand a blank line apart.
    pub(crate) fn page(&mut self, markdown: &str) -> Result<(), TranscribeError> {
        if self.pages.len() >= PAGES_MAX {
            return Err(too_many_pages(self.pages.len() + 1));
        }
        let text = markdown.trim_matches(|c: char| c == '\n' || c == '\r');
        if !text.is_empty() && !self.markdown.is_empty() {
            self.markdown.push_str("\n\n");
        }
        let start = self.markdown.len();
        self.dropped_characters |= clean::push(&mut self.markdown, text);
        if self.markdown.len() > OUTPUT_BYTES_MAX {
            let most = OUTPUT_BYTES_MAX;
            let cause = format!("the Markdown has more than the {most} bytes that are allowed");
            return Err(TranscribeError::new(Problem::OutputTooLarge, cause));
        }
        let number = u32::try_from(self.pages.len() + 1).unwrap_or(u32::MAX);
        self.pages.push(Page {
            number,
            start,
            end: self.markdown.len(),
        });
        Ok(())
    }

    /// The finished document; refused when it has no text at all.
    pub(crate) fn finish(mut self) -> Result<Document, TranscribeError> {
        if self.markdown.trim().is_empty() {
            let cause = format!("the {} has no text in it", self.format);
            return Err(TranscribeError::new(Problem::NoText, cause));
        }
        let escaped = self
            .markdown
            .bytes()
            .filter(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\t'));
        let json_bytes = self.markdown.len() + escaped.count();
        if json_bytes > OUTPUT_JSON_BYTES_MAX {
            let cause = format!(
                "as JSON the Markdown has {json_bytes} bytes, {OUTPUT_JSON_BYTES_MAX} are allowed"
            );
            return Err(TranscribeError::new(Problem::OutputTooLarge, cause));
        }
        if self.dropped_characters {
            self.warn("control characters were left out");
        }
        if self.warnings_left_out > 0 {
            self.warnings.push(format!(
                "{} more warnings were left out",
                self.warnings_left_out
            ));
        }
        let title = self.title.or_else(|| first_heading(&self.markdown));
        Ok(Document {
            title,
            format: self.format,
            markdown: self.markdown,
            pages: self.pages,
            warnings: self.warnings,
        })
    }
}

/// The refusal of a document with that many pages.
pub(crate) fn too_many_pages(pages: usize) -> TranscribeError {
    let cause = format!("the document has at least {pages} pages, {PAGES_MAX} are allowed");
    TranscribeError::new(Problem::TooManyPages, cause)
}

/// The text of the first heading outside code: `# like this`, or underlined with `=` or `-`.
fn first_heading(markdown: &str) -> Option<String> {
    let mut in_code = false;
    let mut above = "";
    for line in markdown.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            in_code = !in_code;
        }
        if in_code {
            above = "";
            continue;
        }
        let level = line.bytes().take_while(|b| *b == b'#').count();
        if (1..=6).contains(&level) && line[level..].starts_with(' ') {
            return clean::title(line[level..].trim_end_matches('#'));
        }
        if is_underline(trimmed) && !above.is_empty() {
            return clean::title(above);
        }
        above = trimmed;
    }
    None
}

fn is_underline(line: &str) -> bool {
    line.len() >= 3 && (line.bytes().all(|b| b == b'=') || line.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_byte_ranges_of_the_markdown() {
        let mut assembly = Assembly::new(Format::Pdf);
        for page in ["# Één", "", "two\n"] {
            assembly.page(page).unwrap();
        }
        let document = assembly.finish().unwrap();
        assert_eq!(document.markdown, "# Één\n\ntwo");
        assert_eq!(document.title.as_deref(), Some("Één"));
        let texts: Vec<_> = (1..=4).map(|number| document.page_text(number)).collect();
        assert_eq!(texts, [Some("# Één"), Some(""), Some("two"), None]);
    }

    #[test]
    fn a_heading_in_code_is_no_title_and_an_underlined_one_is() {
        assert_eq!(
            first_heading("```\n# no\n```\n\nYes\n===\n").as_deref(),
            Some("Yes")
        );
        assert_eq!(first_heading("#no\n\n---\n"), None);
    }

    #[test]
    fn output_that_would_not_fit_its_row_is_refused() {
        let mut assembly = Assembly::new(Format::Text);
        assembly.page(&"\"".repeat(5 << 20)).unwrap();
        assert_eq!(assembly.finish().unwrap_err().code(), "output_too_large");
        let error = Assembly::new(Format::Text)
            .page(&"x".repeat(7 << 20))
            .unwrap_err();
        assert_eq!(error.code(), "output_too_large");
    }

    #[test]
    fn warnings_are_bounded_and_the_rest_is_counted() {
        let mut assembly = Assembly::new(Format::Text);
        assembly.page("x").unwrap();
        (0..60).for_each(|n| assembly.warn(n.to_string()));
        let warnings = assembly.finish().unwrap().warnings;
        assert_eq!(warnings.len(), 51);
        assert_eq!(warnings[50], "10 more warnings were left out");
    }
}
