//! What neighbours share, and pages.

use super::check::{Bytes, chunks, document, plain, texts};
use dutiful_documents::{ChunkOptions, Document, Page};

fn overlapping(tokens: u32, overlap: u32) -> ChunkOptions {
    ChunkOptions {
        overlap_tokens: overlap,
        ..plain(tokens)
    }
}

#[test]
fn the_last_sentence_is_repeated_where_it_fits_in_the_overlap() {
    let text = "Number one. Number two. Number three. Number four.";
    let found = chunks(&document(text), &overlapping(40, 16), &Bytes);
    assert_eq!(
        texts(&found),
        [
            "Number one. Number two. Number three.",
            "Number three. Number four."
        ]
    );
}

#[test]
fn words_are_repeated_where_no_sentence_begins() {
    let text = "one two three four five six seven eight nine ten";
    let found = chunks(&document(text), &overlapping(32, 10), &Bytes);
    assert_eq!(
        texts(&found),
        [
            "one two three four five six",
            "five six seven eight nine ten"
        ]
    );
}

#[test]
fn lines_of_code_are_repeated_whole() {
    let text = "```\nlet a = 1;\nlet b = 2;\nlet c = 3;\n```";
    let found = chunks(&document(text), &overlapping(32, 14), &Bytes);
    assert_eq!(
        texts(&found),
        ["```\nlet a = 1;\nlet b = 2;", "let b = 2;\nlet c = 3;\n```"]
    );
}

#[test]
fn nothing_is_repeated_across_a_heading() {
    let text = "# A\n\nFirst text. Second text.\n\n# B\n\nThird text. Fourth.\n";
    let found = chunks(&document(text), &overlapping(40, 20), &Bytes);
    assert_eq!(
        texts(&found),
        [
            "# A\n\nFirst text. Second text.",
            "# B\n\nThird text. Fourth."
        ]
    );
}

#[test]
fn the_overlap_gives_way_to_a_block_that_fits_without_it() {
    let text = format!("Short one. Short two.\n\n{}", "x".repeat(32));
    let found = chunks(&document(&text), &overlapping(32, 16), &Bytes);
    assert_eq!(texts(&found), ["Short one. Short two.", &"x".repeat(32)]);
}

#[test]
fn chunks_know_the_pages_that_they_begin_and_end_on() {
    let pages = ["First page.", "", "It goes on.", "The last page."];
    let mut markdown = String::new();
    let mut places = Vec::new();
    for (text, number) in pages.iter().zip(1..) {
        if !text.is_empty() && !markdown.is_empty() {
            markdown.push_str("\n\n");
        }
        let start = markdown.len();
        markdown.push_str(text);
        let end = markdown.len();
        places.push(Page {
            number,
            start,
            end,
            ..Page::default()
        });
    }
    let document = Document {
        pages: places,
        ..document(&markdown)
    };
    let pages = |tokens| {
        let found = chunks(&document, &plain(tokens), &Bytes);
        let of = found
            .iter()
            .map(|chunk| (chunk.page_first, chunk.page_last));
        of.collect::<Vec<_>>()
    };
    assert_eq!(pages(36), [(1, 3), (4, 4)]);
    assert_eq!(pages(64), [(1, 4)]);
}
