//! Text that means harm: it ends soon, and everything that always holds does.

use std::time::{Duration, Instant};

use super::check::{Shifting, chunks, document};
use dutiful_documents::ChunkOptions;
use dutiful_documents::tokenizer::{Estimate, Tokenizer};

/// Far above what a case needs without optimising, far below what quadratic work takes.
const SOON: Duration = Duration::from_secs(60);
const MEGABYTE: usize = 1 << 20;

fn survives(what: &str, text: &str) {
    let tokenizers: [&dyn Tokenizer; 2] = [&Estimate, &Shifting];
    for tokenizer in tokenizers {
        let started = Instant::now();
        let options = ChunkOptions::default();
        let found = chunks(&document(text), &options, tokenizer);
        assert!(!found.is_empty(), "{what}");
        let took = started.elapsed();
        assert!(took < SOON, "{what}, {}: {took:?}", tokenizer.name());
    }
}

fn megabyte_of(pattern: &str) -> String {
    pattern.repeat(MEGABYTE / pattern.len())
}

#[test]
fn a_line_of_a_megabyte_is_split() {
    for pattern in [
        "x",
        "word ",
        "A sentence. ",
        "語",
        "🦀",
        "é",
        "e\u{301}",
        "\u{200d}a",
    ] {
        survives(pattern, &megabyte_of(pattern));
    }
}

#[test]
fn a_megabyte_of_blank_space_around_a_word_is_left_out() {
    for blank in [" ", "\n", "\t", "\u{3000}"] {
        let space = megabyte_of(blank);
        survives("blank", &format!("a{space}b{space}"));
    }
}

#[test]
fn very_many_marks_of_combination_are_split_between_characters() {
    survives("marks", &format!("a{}", megabyte_of("\u{301}")));
    survives("joiners", &megabyte_of("👨\u{200d}"));
}

#[test]
fn a_hundred_thousand_headings_are_packed() {
    survives("one level", &"# h\n".repeat(100_000));
    survives("all levels", &"# a\n## b\n### c\n#### d\n".repeat(25_000));
    survives("empty ones", &"#\n".repeat(100_000));
    survives("with text", &"# h\n\ntext\n\n".repeat(100_000));
}

#[test]
fn deep_nesting_is_split_as_text() {
    for (what, pattern) in [("quotes", "> "), ("lists", "- "), ("mixed", "> - ")] {
        survives(what, &format!("{}deep", pattern.repeat(5_000)));
    }
    let indented: String = (0..500)
        .map(|n| format!("{}- item\n", "  ".repeat(n)))
        .collect();
    survives("indented lists", &indented);
}

#[test]
fn markup_that_never_ends_is_text() {
    for pattern in [
        "[", "![", "*", "a**b", "_a ", "`", "<", "<a ", "&", "\\", "~", "[a](", "|", "[a]: b\n",
    ] {
        survives(pattern, &megabyte_of(pattern)[..MEGABYTE / 8]);
    }
    survives("a fence", &format!("```\n{}", megabyte_of("line\n")));
    survives("a comment", &format!("<!-- {}", megabyte_of("line\n")));
}

#[test]
fn wide_and_long_tables_are_split() {
    let cells = "| a ".repeat(20_000);
    let line = "| - ".repeat(20_000);
    survives("wide", &format!("{cells}|\n{line}|\n{cells}|\n"));
    survives(
        "long",
        &format!("| a | b |\n| - | - |\n{}", "| c | d |\n".repeat(50_000)),
    );
}
