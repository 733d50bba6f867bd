//! Puts pages together into a document, within the limits of the output.

use std::collections::BTreeMap;

use crate::error::Problem;
use crate::limits::{
    LANGUAGE_BYTES_MAX, LINE_BYTES_MAX, METADATA_MAX, OUTPUT_BYTES_MAX, OUTPUT_JSON_BYTES_MAX,
    PAGES_MAX, WARNINGS_MAX,
};
use crate::{Document, Format, Method, Page, RecognizedPage, TranscribeError, clean};

/// A document that grows page by page.
pub(crate) struct Assembly {
    format: Format,
    title: Option<String>,
    markdown: String,
    json_bytes: usize,
    pages: Vec<Page>,
    warnings: Vec<String>,
    warnings_left_out: usize,
    dropped_characters: bool,
    language: Option<String>,
    metadata: BTreeMap<String, String>,
}

impl Assembly {
    pub(crate) fn new(format: Format) -> Self {
        Self {
            format,
            title: None,
            markdown: String::new(),
            json_bytes: 0,
            pages: Vec::new(),
            warnings: Vec::new(),
            warnings_left_out: 0,
            dropped_characters: false,
            language: None,
            metadata: BTreeMap::new(),
        }
    }

    /// States the title; without this the first heading is taken.
    pub(crate) fn title(&mut self, title: &str) {
        self.title = clean::title(title);
    }

    /// States the language, unless it is none that a tag can name. The last one stands.
    pub(crate) fn language(&mut self, stated: &str) {
        let tag = stated.trim().replace('_', "-");
        let named = tag.len() <= LANGUAGE_BYTES_MAX
            && tag.starts_with(|c: char| c.is_ascii_alphabetic())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if named {
            self.language = Some(tag);
        }
    }

    /// Keeps what the document states about itself. Values of one key are joined.
    pub(crate) fn meta(&mut self, key: &str, stated: &str) {
        let Some(value) = clean::title(stated) else {
            return;
        };
        if let Some(before) = self.metadata.get_mut(key) {
            before.push_str("; ");
            before.push_str(&value);
            clean::shorten(before, LINE_BYTES_MAX);
        } else if self.metadata.len() < METADATA_MAX {
            self.metadata.insert(key.to_owned(), value);
        }
    }

    /// Bytes that still fit, where a quote, backslash, tab or line end counts twice.
    pub(crate) fn room(&self) -> usize {
        let whole = OUTPUT_BYTES_MAX.saturating_sub(self.markdown.len());
        let as_json = OUTPUT_JSON_BYTES_MAX.saturating_sub(self.json_bytes);
        // What begins a page, and what ends a document.
        whole.min(as_json).saturating_sub(8)
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
        self.page_by(markdown, Method::Text, None)
    }

    /// Appends the next page, whose text was recognized.
    pub(crate) fn recognized(&mut self, page: &RecognizedPage) -> Result<(), TranscribeError> {
        self.page_by(&page.markdown, page.method, page.confidence)?;
        page.warnings.iter().for_each(|warning| self.warn(warning));
        Ok(())
    }

    fn page_by(
        &mut self,
        markdown: &str,
        method: Method,
        confidence: Option<f32>,
    ) -> Result<(), TranscribeError> {
        if self.pages.len() >= PAGES_MAX {
            return Err(too_many_pages(self.pages.len() + 1));
        }
        let text = markdown.trim_matches(|c: char| c == '\n' || c == '\r');
        let before = self.markdown.len();
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
        self.json_bytes += json_bytes(&self.markdown[before..]);
        let number = u32::try_from(self.pages.len() + 1).unwrap_or(u32::MAX);
        self.pages.push(Page {
            number,
            start,
            end: self.markdown.len(),
            method,
            confidence,
        });
        Ok(())
    }

    /// The finished document; refused when it has no text at all.
    pub(crate) fn finish(mut self) -> Result<Document, TranscribeError> {
        if self.markdown.trim().is_empty() {
            let cause = format!("the {} has no text in it", self.format);
            return Err(TranscribeError::new(Problem::NoText, cause));
        }
        let json_bytes = self.json_bytes;
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
            language: self.language,
            metadata: self.metadata,
        })
    }
}

/// Bytes of a text within a JSON string.
pub(crate) fn json_bytes(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|b| matches!(b, b'"' | b'\\' | b'\n' | b'\t'));
    text.len() + escaped.count()
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
    fn languages_are_tags_and_metadata_is_bounded() {
        let mut assembly = Assembly::new(Format::Text);
        assembly.page("x").unwrap();
        for stated in ["de_CH", "<none>", "", "x".repeat(100).as_str()] {
            assembly.language(stated);
        }
        assembly.meta("author", " A. One ");
        assembly.meta("author", "B. Two");
        (0..100).for_each(|n| assembly.meta(&n.to_string(), &"v".repeat(1_000)));
        let document = assembly.finish().unwrap();
        assert_eq!(document.language.as_deref(), Some("de-CH"));
        assert_eq!(document.metadata["author"], "A. One; B. Two");
        assert_eq!(document.metadata.len(), METADATA_MAX);
        assert!(
            document
                .metadata
                .values()
                .all(|v| v.len() <= LINE_BYTES_MAX)
        );
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
