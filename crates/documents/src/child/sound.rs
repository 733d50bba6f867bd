//! Whether what a child says is what a reader can have said: a document that has taken it over
//! must not reach further than its own text.

use std::collections::BTreeSet;

use crate::limits::{
    LANGUAGE_BYTES_MAX, LINE_BYTES_MAX, METADATA_MAX, OUTPUT_BYTES_MAX, PAGES_MAX, WARNINGS_MAX,
};
use crate::{Document, RecognizedPage, Told};

/// What was told so far.
#[derive(Debug, Default)]
pub(super) struct Sound {
    total: Option<u32>,
    recognized: BTreeSet<u32>,
}

/// What is wrong with it.
type Wrong = &'static str;

impl Sound {
    pub(super) fn told(&mut self, told: &Told) -> Result<(), Wrong> {
        match told {
            Told::Pages { total } if self.total.is_some() || !is_number(*total) => {
                Err("a number of pages that cannot be")
            }
            Told::Pages { total } => {
                self.total = Some(*total);
                Ok(())
            }
            Told::Recognized(page) => self.recognized(page),
        }
    }

    fn recognized(&mut self, page: &RecognizedPage) -> Result<(), Wrong> {
        let last = self.total.unwrap_or(PAGES_MAX as u32);
        if !is_number(page.number) || page.number > last {
            return Err("a page that is not there");
        }
        if page.markdown.len() > OUTPUT_BYTES_MAX || !is_share(page.confidence) {
            return Err("a page that cannot be");
        }
        lines(&page.warnings)?;
        if self.recognized.insert(page.number) {
            Ok(())
        } else {
            Err("a page twice")
        }
    }

    pub(super) fn document(&self, document: &Document) -> Result<(), Wrong> {
        let text = &document.markdown;
        if text.len() > OUTPUT_BYTES_MAX {
            return Err("more Markdown than there may be");
        }
        if document.pages.is_empty() || document.pages.len() > PAGES_MAX {
            return Err("a number of pages that cannot be");
        }
        let stand = document.pages.iter().all(|page| {
            is_number(page.number)
                && is_share(page.confidence)
                && text.get(page.start..page.end).is_some()
        });
        if !stand {
            return Err("a page that does not stand in the text");
        }
        lines(&document.warnings)?;
        let is_short = |line: &Option<String>, most: usize| {
            line.as_ref().is_none_or(|line| line.len() <= most)
        };
        if !is_short(&document.title, LINE_BYTES_MAX)
            || !is_short(&document.language, LANGUAGE_BYTES_MAX)
        {
            return Err("a title or language that is too long");
        }
        let fits = |(key, value): (&String, &String)| {
            key.len() <= LINE_BYTES_MAX && value.len() <= LINE_BYTES_MAX
        };
        if document.metadata.len() > METADATA_MAX || !document.metadata.iter().all(fits) {
            return Err("more metadata than there may be");
        }
        Ok(())
    }
}

fn is_number(page: u32) -> bool {
    (1..=PAGES_MAX as u32).contains(&page)
}

fn is_share(confidence: Option<f32>) -> bool {
    confidence.is_none_or(|share| (0.0..=1.0).contains(&share))
}

/// The last of them counts those that were left out.
fn lines(warnings: &[String]) -> Result<(), Wrong> {
    let fit = warnings.iter().all(|line| line.len() <= LINE_BYTES_MAX);
    if fit && warnings.len() <= WARNINGS_MAX + 1 {
        Ok(())
    } else {
        Err("more warnings than there may be")
    }
}
