//! What holds for every text, every size and every tokenizer.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::check::{Bytes, Shifting, chunks, document, texts};
use dutiful_documents::tokenizer::{Estimate, Tokenizer};
use dutiful_documents::{ChunkOptions, Document, Page};

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-zA-Z]{1,12}",
        1 => "[0-9]{1,6}",
        1 => "[日本語中文字]{1,12}[。、]?",
        1 => "[a-zéöñ]{1,6}\u{301}?",
        1 => Just("👨‍👩‍👧🇩🇪".to_owned()),
        1 => "[\\[\\](){}*_`'\"|<>#&-]{1,4}",
        1 => "[x/+=A-Z0-9]{40,200}",
    ];
    let sentence = proptest::collection::vec((word, "[.!?]?[ \n]"), 1..25);
    sentence.prop_map(|words| words.into_iter().map(|(word, end)| word + &end).collect())
}

fn blocks() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (1_usize..7, "[A-Za-z *`]{0,30}").prop_map(|(n, text)| format!("{} {text}", "#".repeat(n))),
        6 => words(),
        2 => proptest::collection::vec(words(), 1..6).prop_map(|items| {
            items.iter().map(|item| format!("- {}\n", item.replace('\n', " "))).collect()
        }),
        1 => proptest::collection::vec(words(), 1..4).prop_map(|items| {
            items.iter().map(|item| format!("1. {}\n   - inner\n", item.replace('\n', "\n   "))).collect()
        }),
        1 => proptest::collection::vec("[a-z 0-9]{0,20}", 1..9).prop_map(|cells| {
            let rows = cells.iter().map(|cell| format!("| {cell} | x |\n"));
            format!("| a | b |\n| - | - |\n{}", rows.collect::<String>())
        }),
        1 => words().prop_map(|code| format!("```\n{code}\n```")),
        1 => words().prop_map(|text| format!("> {}", text.replace('\n', "\n> "))),
        1 => words().prop_map(|text| format!("<div>\n{text}\n</div>")),
        1 => "[ \t\n\u{3000}]{1,10}",
        1 => "\\PC{0,60}",
    ]
}

fn markdown() -> impl Strategy<Value = String> {
    let parts = proptest::collection::vec((blocks(), "\n{1,3}"), 0..14);
    parts.prop_map(|parts| parts.into_iter().map(|(text, end)| text + &end).collect())
}

fn options() -> impl Strategy<Value = ChunkOptions> {
    let parts = (34_u32..200, 0_u32..3, any::<bool>(), 0_u32..101, 0_u32..101);
    parts.prop_map(|(max_tokens, reserve_tokens, has_target, overlap, min)| {
        let limit = max_tokens - reserve_tokens;
        let target = if has_target {
            (limit * 3 / 4).max(32)
        } else {
            limit
        };
        ChunkOptions {
            max_tokens,
            reserve_tokens,
            target_tokens: has_target.then_some(target),
            overlap_tokens: target / 2 * overlap / 100,
            min_tokens: target / 2 * min / 100,
        }
    })
}

/// A document whose pages end wherever a line does.
fn paged(markdown: &str, every: usize) -> Document {
    let ends = markdown
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .step_by(every);
    let mut start = 0;
    let mut pages = Vec::new();
    for (end, number) in ends.chain([markdown.len()]).zip(1..) {
        pages.push(Page {
            number,
            start,
            end,
            ..Page::default()
        });
        start = end;
    }
    Document {
        pages,
        ..document(markdown)
    }
}

static TOKENIZERS: LazyLock<Vec<Box<dyn Tokenizer>>> = LazyLock::new(|| {
    let mut all = super::tokenizers::all();
    all.extend([
        Box::new(Bytes) as Box<dyn Tokenizer>,
        Box::new(Estimate),
        Box::new(Shifting),
    ]);
    all
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn chunks_of_any_document_are_exact_within_the_limit_and_whole(
        markdown in markdown(), options in options(), every in 1_usize..9,
    ) {
        let document = paged(&markdown, every);
        for tokenizer in TOKENIZERS.iter() {
            chunks(&document, &options, &**tokenizer);
        }
    }

    #[test]
    fn chunks_of_any_text_are_exact_within_the_limit_and_whole(
        text in "(\\PC|[\n #>|*`-]){0,400}", options in options(),
    ) {
        for tokenizer in TOKENIZERS.iter() {
            chunks(&document(&text), &options, &**tokenizer);
        }
    }

    #[test]
    fn what_is_repeated_fits_the_overlap_and_stays_in_its_section(
        markdown in markdown(), options in options(),
    ) {
        let found = chunks(&document(&markdown), &options, &Estimate);
        for pair in found.windows(2) {
            if pair[1].start < pair[0].end {
                let repeated = &markdown[pair[1].start..pair[0].end];
                let tokens = Estimate.count(repeated).unwrap();
                prop_assert!(tokens <= options.overlap_tokens as usize, "{:?}", repeated);
                let inner = ChunkOptions { overlap_tokens: 0, min_tokens: 0, ..options.clone() };
                let sections = chunks(&document(&markdown), &inner, &Estimate);
                let last = sections.iter().rfind(|chunk| chunk.start < pair[0].end).unwrap();
                let path = &last.heading_path;
                let at_start = sections.iter().rfind(|chunk| chunk.start <= pair[1].start).unwrap();
                prop_assert_eq!(path, &at_start.heading_path);
            }
        }
    }

    #[test]
    fn places_that_divide_a_text_change_no_token(
        text in "([a-zA-Z]{1,8}|\\PC|[ \n.,#|'-]){0,40}",
    ) {
        for tokenizer in TOKENIZERS.iter() {
            let starts = |text: &str| {
                let mut starts = Vec::new();
                tokenizer.encode(text, &mut starts).unwrap();
                starts
            };
            let whole = starts(&text);
            for (at, _) in text.char_indices().skip(1) {
                if tokenizer.is_apart(&text, at) {
                    let mut parts = starts(&text[..at]);
                    parts.extend(starts(&text[at..]).iter().map(|start| at + start));
                    prop_assert_eq!(&parts, &whole, "{} at {}", tokenizer.name(), at);
                }
            }
        }
    }

    #[test]
    fn the_same_document_gives_the_same_chunks(markdown in markdown(), options in options()) {
        let document = document(&markdown);
        let first = chunks(&document, &options, &Estimate);
        prop_assert_eq!(&first, &chunks(&document, &options, &Estimate));
        prop_assert_eq!(texts(&first).len(), first.len());
    }
}
