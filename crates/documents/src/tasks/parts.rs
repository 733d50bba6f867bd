//! Between the words of this crate and those of what is stored.

use dutiful::documents::{GenerationId, StoredChunk, StoredPage};
use dutiful::{Client, Context, TaskError};
use sha2::{Digest, Sha256};

use crate::{Chunk, Document, Format, Method, Page, RecognizedPage};

/// Pages that are read at once.
const PAGES: u32 = 100;

/// A page as it is kept while its document is being read.
pub(super) fn kept(page: &RecognizedPage) -> StoredPage {
    StoredPage {
        number: page.number,
        method: page.method.to_string(),
        confidence: page.confidence,
        place: None,
        warnings: page.warnings.clone(),
        markdown: page.markdown.clone(),
    }
}

/// The pages that an earlier attempt has recognized.
pub(super) async fn known(
    client: &Client,
    generation: GenerationId,
) -> Result<Vec<RecognizedPage>, TaskError> {
    let pages = all_pages(client, generation).await?;
    let recognized = pages.into_iter().filter_map(|page| {
        Some(RecognizedPage {
            number: page.number,
            method: match page.method.as_str() {
                "ocr" => Method::Ocr,
                "vision" => Method::Vision,
                _ => return None,
            },
            confidence: page.confidence,
            markdown: page.markdown,
            warnings: page.warnings,
        })
    });
    Ok(recognized.collect())
}

/// All pages of a generation.
pub(super) async fn all_pages(
    client: &Client,
    generation: GenerationId,
) -> Result<Vec<StoredPage>, TaskError> {
    let mut all = Vec::new();
    let mut from = 1;
    loop {
        let pages = client.documents().pages(generation, from, PAGES).await?;
        let Some(last) = pages.last() else {
            return Ok(all);
        };
        from = last.number + 1;
        all.extend(pages);
    }
}

/// The pages of a document that is read.
pub(super) fn pages_of(document: &Document) -> Vec<StoredPage> {
    let page = |page: &Page| StoredPage {
        number: page.number,
        method: page.method.to_string(),
        confidence: page.confidence,
        place: Some((page.start as u64, page.end as u64)),
        warnings: Vec::new(),
        markdown: document.markdown[page.start..page.end].to_owned(),
    };
    document.pages.iter().map(page).collect()
}

/// What came of a step, with the generation told that nothing more comes of it if that is so.
pub(super) async fn told<T>(
    cx: &Context,
    id: GenerationId,
    came: Result<T, TaskError>,
) -> Result<T, TaskError> {
    match came {
        Err(error) if cx.is_final(&error) => {
            let why = error.to_string();
            let told = cx.client()?.documents().failed(id, &why).await;
            // Where another run is possible it tells it; either way both causes are kept.
            told.map_err(|untold| {
                TaskError::failed(format!("{why}; its document was not told: {untold}"))
            })?;
            Err(error)
        }
        came => came,
    }
}

/// The document that stored pages are: every page in its place, blank lines between.
pub(super) fn document_of(pages: &[StoredPage]) -> Result<Document, TaskError> {
    let mut markdown = String::new();
    let mut placed = Vec::with_capacity(pages.len());
    for page in pages {
        let (start, end) = page
            .place
            .and_then(|(start, end)| Some((start.try_into().ok()?, end.try_into().ok()?)))
            .unwrap_or((usize::MAX, 0));
        let between = usize::wrapping_sub(start, markdown.len());
        let fits = between <= 2 && start.checked_add(page.markdown.len()) == Some(end);
        if !fits {
            let text = format!("page {} is not where it should be", page.number);
            return Err(TaskError::failed(text));
        }
        markdown.push_str(&"\n\n"[..between]);
        markdown.push_str(&page.markdown);
        placed.push(Page {
            number: page.number,
            start,
            end,
            method: Method::Text,
            confidence: page.confidence,
        });
    }
    Ok(Document {
        title: None,
        format: Format::Markdown,
        markdown,
        pages: placed,
        warnings: Vec::new(),
        language: None,
        metadata: Default::default(),
    })
}

/// A chunk as it is stored.
pub(super) fn stored(chunk: Chunk, generation: GenerationId) -> StoredChunk {
    StoredChunk {
        id: 0,
        generation,
        number: chunk.ordinal,
        start: chunk.start as u64,
        end: chunk.end as u64,
        first_page: chunk.page_first,
        last_page: chunk.page_last,
        tokens: chunk.token_count,
        content_hash: Sha256::digest(&chunk.text).into(),
        heading_path: chunk.heading_path,
        text: chunk.text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guides;

    #[test]
    fn a_document_comes_back_from_its_pages() {
        for guide in guides::all() {
            let document = crate::transcribe(guide.bytes, Some(guide.file_name)).unwrap();
            let again = document_of(&pages_of(&document)).unwrap();
            assert_eq!(again.markdown, document.markdown, "{}", guide.file_name);
        }
    }

    #[test]
    fn pages_that_do_not_fit_are_no_document() {
        let page = |place, markdown: &str| StoredPage {
            number: 1,
            method: "text".into(),
            confidence: None,
            place,
            warnings: Vec::new(),
            markdown: markdown.into(),
        };
        for (place, markdown) in [
            (None, "x"),
            (Some((5, 6)), "x"),
            (Some((0, 2)), "x"),
            (Some((u64::MAX, u64::MAX)), ""),
        ] {
            assert!(document_of(&[page(place, markdown)]).is_err());
        }
    }
}
