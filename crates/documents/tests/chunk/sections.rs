//! Headings: which ones a chunk stands below, and which sections share a chunk.

use super::check::{Bytes, chunks, document, plain};
use dutiful_documents::{Chunk, limits};

fn split(markdown: &str, tokens: u32, min: u32) -> Vec<(String, String)> {
    let mut options = plain(tokens);
    options.min_tokens = min;
    let found = chunks(&document(markdown), &options, &Bytes);
    let path = |chunk: &Chunk| chunk.heading_path.join(" > ");
    found.iter().map(|c| (path(c), c.text.clone())).collect()
}

fn pairs<'a>(found: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
    let pair = |(path, text): &'a (String, String)| (path.as_str(), text.as_str());
    found.iter().map(pair).collect()
}

#[test]
fn a_chunk_knows_the_headings_above_it() {
    let text = "before\n\n# A\n\na\n\n### B *very* `bold`\n\nb\n\n## C\n\nc\n\nD\n===\n\nd\n";
    assert_eq!(
        pairs(&split(text, 64, 0)),
        [
            ("", "before"),
            ("A", "# A\n\na"),
            ("A > B very bold", "### B *very* `bold`\n\nb"),
            ("A > C", "## C\n\nc"),
            ("D", "D\n===\n\nd"),
        ]
    );
}

#[test]
fn every_chunk_of_a_long_section_has_its_path() {
    let text = format!("# A\n\n## B\n\n{}", "A sentence. ".repeat(20));
    let found = split(&text, 64, 0);
    assert!(found.len() > 3);
    assert!(found.iter().all(|(path, _)| path == "A > B"));
}

#[test]
fn headings_without_text_go_with_what_follows() {
    let text = "# A\n\n## B\n\nb\n\n# C\n\n# D\n\nd\n";
    assert_eq!(
        pairs(&split(text, 64, 0)),
        [("A > B", "# A\n\n## B\n\nb"), ("D", "# C\n\n# D\n\nd")]
    );
    assert_eq!(
        pairs(&split("# A\n\n## B\n", 64, 0)),
        [("A > B", "# A\n\n## B")]
    );
}

#[test]
fn small_sections_take_the_next_one_of_their_level_or_below() {
    let text = "# A\n\na\n\n## B\n\nb\n\n## C\n\nc\n\n# D\n\nd\n";
    assert_eq!(
        pairs(&split(text, 64, 12)),
        [
            ("A", "# A\n\na\n\n## B\n\nb"),
            ("A > C", "## C\n\nc"),
            ("D", "# D\n\nd"),
        ]
    );
    assert_eq!(
        pairs(&split("## B\n\nb\n\n## C\n\nc\n", 64, 32)),
        [("", "## B\n\nb\n\n## C\n\nc")]
    );
}

#[test]
fn a_heading_is_not_left_at_the_end_of_a_small_section() {
    let long = "Words that fill it. ".repeat(3);
    let text = format!("# A\n\na\n\n## B\n\n{long}\n");
    assert_eq!(
        pairs(&split(&text, 64, 16)),
        [
            ("A", "# A\n\na"),
            ("A > B", "## B\n\nWords that fill it. Words that fill it."),
            ("A > B", "Words that fill it."),
        ]
    );
}

#[test]
fn text_before_the_first_heading_does_not_take_the_path_away() {
    assert_eq!(
        pairs(&split("x\n\n# A\n\na\n", 64, 16)),
        [("A", "x\n\n# A\n\na")]
    );
}

#[test]
fn headings_inside_of_others_begin_no_section() {
    let text = "# A\n\n> # quoted\n\n- # listed\n\na\n";
    assert_eq!(split(text, 64, 0).len(), 1);
}

#[test]
fn long_headings_are_cut_in_the_path_and_whole_in_the_text() {
    let heading = format!("# {}", "é".repeat(3_000));
    let found = split(&format!("{heading}\n\ntext\n"), 128, 0);
    let all: String = found.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(all.matches('é').count(), 3_000);
    let path = &found.last().unwrap().0;
    assert!(path.len() <= limits::HEADING_BYTES_MAX && path.ends_with('…'));
}
