//! Every construct of Markdown stays whole where it fits, and is split at its own joints where not.

use super::check::{Bytes, chunks, document, plain, texts};

fn split(markdown: &str, tokens: u32) -> Vec<String> {
    let found = chunks(&document(markdown), &plain(tokens), &Bytes);
    found.into_iter().map(|chunk| chunk.text).collect()
}

#[test]
fn blocks_are_packed_up_to_the_target() {
    let text = "aaaaaaaaaa\n\nbbbbbbbbbb\n\ncccccccccc\n\ndddddddddd\n";
    assert_eq!(
        split(text, 34),
        ["aaaaaaaaaa\n\nbbbbbbbbbb\n\ncccccccccc", "dddddddddd"]
    );
}

#[test]
fn a_paragraph_is_split_at_sentences() {
    let text = "The first one is here. The second one is there. A third.";
    assert_eq!(
        split(text, 40),
        [
            "The first one is here.",
            "The second one is there. A third."
        ]
    );
}

#[test]
fn a_sentence_is_split_between_words_and_a_word_between_characters() {
    assert_eq!(
        split("one two three four five six seven eight nine ten", 32),
        ["one two three four five six", "seven eight nine ten"]
    );
    let word = "x".repeat(70);
    assert_eq!(split(&word, 32), [&word[..32], &word[32..64], &word[64..]]);
}

#[test]
fn characters_as_readers_see_them_stay_whole() {
    let flag = "🇩🇪";
    assert_eq!(
        split(&flag.repeat(10), 36),
        [flag.repeat(4), flag.repeat(4), flag.repeat(2)]
    );
    let accent = "e\u{301}\u{302}";
    for part in split(&accent.repeat(40), 32) {
        assert!(part.starts_with('e') && part.len() % accent.len() == 0);
    }
}

#[test]
fn text_without_spaces_is_split_at_its_sentences_and_pauses() {
    let first = "これは文です。";
    let second = "これも文です。";
    assert_eq!(
        split(&format!("{first}{second}"), 40),
        [first, second],
        "at the end of a sentence"
    );
    let text = "一二三四五六、七八九十百千万";
    assert_eq!(
        split(text, 32),
        ["一二三四五六、", "七八九十百千万"],
        "at a pause"
    );
}

#[test]
fn a_heading_stays_with_what_follows_it() {
    let text = "# Heading\n\nA first sentence. A second sentence.\n\nA paragraph.\n";
    assert_eq!(
        split(text, 40),
        [
            "# Heading\n\nA first sentence.",
            "A second sentence.\n\nA paragraph."
        ]
    );
}

#[test]
fn a_list_is_split_at_its_items() {
    let text = "- one two three\n- four five six\n- seven eight nine\n";
    assert_eq!(
        split(text, 36),
        ["- one two three\n- four five six", "- seven eight nine"]
    );
}

#[test]
fn an_item_keeps_what_is_nested_in_it_where_that_fits() {
    let text = "1. one\n   - inner a\n   - inner b\n2. two\n   - inner c\n   - inner d\n";
    assert_eq!(
        split(text, 36),
        [
            "1. one\n   - inner a\n   - inner b",
            "2. two\n   - inner c\n   - inner d"
        ]
    );
    let long = "- outer item text\n  - inner item number one\n  - inner item number two\n";
    assert_eq!(
        split(long, 45),
        [
            "- outer item text\n  - inner item number one",
            "- inner item number two"
        ]
    );
}

const TABLE: &str = "| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n";

#[test]
fn a_table_stays_whole_where_it_fits() {
    let text = format!("A paragraph before it.\n\n{TABLE}\nAnd one after.\n");
    assert_eq!(
        split(&text, 52),
        ["A paragraph before it.", TABLE.trim_end(), "And one after."]
    );
}

#[test]
fn a_table_may_go_beyond_the_target_but_not_beyond_the_limit() {
    let mut options = plain(64);
    options.target_tokens = Some(32);
    let found = chunks(&document(TABLE), &options, &Bytes);
    assert_eq!(texts(&found), [TABLE.trim_end()]);
}

#[test]
fn a_table_that_does_not_fit_is_split_at_its_rows() {
    assert_eq!(
        split(TABLE, 45),
        ["| a | b |\n| - | - |\n| 1 | 2 |\n| 3 | 4 |", "| 5 | 6 |"]
    );
}

#[test]
fn the_head_of_a_table_is_not_left_behind_on_its_own() {
    let text = format!("A paragraph.\n\n{TABLE}");
    assert_eq!(
        split(&text, 36),
        [
            "A paragraph.",
            "| a | b |\n| - | - |\n| 1 | 2 |",
            "| 3 | 4 |\n| 5 | 6 |"
        ]
    );
}

#[test]
fn code_stays_whole_where_it_fits_and_is_split_at_its_lines() {
    let code = "```rust\nfn a() {}\n\n# no heading\nfn b() {}\n```";
    let text = format!("Some words.\n\n{code}\n\nMore words.\n");
    assert_eq!(split(&text, 48), ["Some words.", code, "More words."]);
    assert_eq!(
        split(code, 32),
        ["```rust\nfn a() {}\n\n# no heading", "fn b() {}\n```"]
    );
}

#[test]
fn indented_code_and_html_are_split_at_their_lines() {
    let code = "    first line of it\n    second line of it\n";
    assert_eq!(split(code, 32), ["first line of it", "second line of it"]);
    let html = "<div>\n<p>First. Second.</p>\n<p>Third. Fourth.</p>\n</div>\n";
    assert_eq!(
        split(html, 32),
        [
            "<div>\n<p>First. Second.</p>",
            "<p>Third. Fourth.</p>\n</div>"
        ]
    );
}

#[test]
fn a_block_quote_is_split_at_what_is_in_it() {
    let text = "> A first paragraph here.\n>\n> - an item\n> - another item\n";
    assert_eq!(
        split(text, 36),
        [
            "> A first paragraph here.\n>",
            "> - an item\n> - another item"
        ]
    );
}

#[test]
fn front_matter_rules_footnotes_and_definitions_of_links_are_kept() {
    let front = "---\ntitle: x\n---";
    let text = "# H\n\nText[^1] [a].\n\n***\n\n[^1]: Note.\n\n[a]: http://example.org";
    assert_eq!(split(&format!("{front}\n\n{text}\n"), 256), [front, text]);
}

#[test]
fn a_document_of_nothing_but_blank_space_has_no_chunks() {
    for text in ["", " ", "\n\n \t\n", "\u{a0}\u{2003}\u{3000}"] {
        assert!(split(text, 32).is_empty());
    }
}
