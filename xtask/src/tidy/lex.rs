//! Taking Rust source apart into code, comments and string literals.

/// A string literal.
#[derive(Debug, PartialEq)]
pub(crate) struct Literal {
    /// The line it begins on.
    pub(crate) line: usize,
    /// Where it begins in the text, its prefix included.
    pub(crate) at: usize,
    /// Where it ends in the text.
    pub(crate) end: usize,
    /// Its content, escapes of white space made plain.
    pub(crate) text: String,
}

/// Source taken apart; `code` and `comments` have the length and the lines of the source.
pub(crate) struct Parts {
    pub(crate) code: String,
    pub(crate) comments: String,
    pub(crate) literals: Vec<Literal>,
}

enum Kind {
    Code,
    Comment,
    Text {
        content: std::ops::Range<usize>,
        raw: bool,
    },
    Character,
}

/// Takes source apart.
pub(crate) fn lex(source: &str) -> Parts {
    let bytes = source.as_bytes();
    let (mut code, mut comments) = (blank(bytes), blank(bytes));
    let mut literals = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let (kind, end) = next(bytes, at);
        match kind {
            Kind::Code => code[at..end].copy_from_slice(&bytes[at..end]),
            Kind::Comment => comments[at..end].copy_from_slice(&bytes[at..end]),
            Kind::Text { content, raw } => {
                let text = &source[content];
                let text = if raw { text.to_owned() } else { plain(text) };
                literals.push(Literal {
                    line,
                    at,
                    end,
                    text,
                });
            }
            Kind::Character => {}
        }
        line += bytes[at..end].iter().filter(|&&byte| byte == b'\n').count();
        at = end;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Parts {
        code: text(code),
        comments: text(comments),
        literals,
    }
}

fn blank(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .map(|&byte| if byte == b'\n' { b'\n' } else { b' ' })
        .collect()
}

/// What begins at `at`, and where it ends.
fn next(bytes: &[u8], at: usize) -> (Kind, usize) {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        return (
            Kind::Comment,
            at + rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()),
        );
    }
    if rest.starts_with(b"/*") {
        return (Kind::Comment, at + block_comment(rest));
    }
    let in_word = at > 0 && is_word(bytes[at - 1]);
    let prefix = if in_word {
        0
    } else {
        rest.iter()
            .take(2)
            .take_while(|b| b"brc".contains(b))
            .count()
    };
    if rest[..prefix].contains(&b'r')
        && let Some((content, end)) = raw_string(bytes, at + prefix)
    {
        return (Kind::Text { content, raw: true }, end);
    }
    if rest.get(prefix) == Some(&b'"') {
        let end = quoted(bytes, at + prefix, b'"');
        return (
            Kind::Text {
                content: at + prefix + 1..end.max(at + prefix + 2) - 1,
                raw: false,
            },
            end,
        );
    }
    if rest[0] == b'\'' && is_character(rest) {
        return (Kind::Character, quoted(bytes, at, b'\''));
    }
    (Kind::Code, at + 1)
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The content and the end of `#*"..."#*`, when that begins at `at`.
fn raw_string(bytes: &[u8], at: usize) -> Option<(std::ops::Range<usize>, usize)> {
    let hashes = bytes[at..].iter().take_while(|&&b| b == b'#').count();
    let begin = at + hashes;
    if bytes.get(begin) != Some(&b'"') {
        return None;
    }
    let close = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
    let content = &bytes[begin + 1..];
    let length = content
        .windows(close.len())
        .position(|w| w == close)
        .unwrap_or(content.len());
    let end = begin + 1 + length;
    Some((begin + 1..end, (end + close.len()).min(bytes.len())))
}

/// Where a literal ends whose opening quote is at `at`.
fn quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

/// A quote begins a character (`'x'`, `'\n'`) or a lifetime (`'a`).
fn is_character(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[..rest.len().min(8)]);
    let mut characters = text.chars().skip(1);
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

/// Removes line continuations and turns escaped white space into spaces.
fn plain(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let mut joined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        joined.push_str(part.trim_start());
    }
    joined.replace("\\n", " ").replace("\\t", " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        lex(source)
            .literals
            .into_iter()
            .map(|literal| literal.text)
            .collect()
    }

    #[test]
    fn literals_of_every_form_are_found() {
        assert_eq!(
            texts(r#"f("a", b"b", r"c\", 'd', "e\"f")"#),
            ["a", "b", "c\\", "e\\\"f"]
        );
        assert_eq!(
            texts("r#\"x \"y\" z\"# br##\"q\"#r\"##"),
            ["x \"y\" z", "q\"#r"]
        );
        assert_eq!(texts("\"one \\\n    line\""), ["one line"]);
    }

    #[test]
    fn quotes_in_characters_lifetimes_and_comments_begin_no_literal() {
        let source = "fn f<'a>(x: &'a str) { g('\"', '\\'', 'é'); /* \" /* */ \" */ } // \" it's\n";
        assert_eq!(texts(source), Vec::<String>::new());
    }

    #[test]
    fn code_and_comments_keep_their_places() {
        let parts = lex("let a = \"b\"; // c\nd\n");
        assert_eq!(parts.code, "let a =    ;     \nd\n");
        assert_eq!(parts.comments, "             // c\n \n");
    }

    #[test]
    fn a_literal_knows_its_line() {
        let literals = lex("a\n  \"b\n\"\n\"c\"").literals;
        let lines: Vec<usize> = literals.iter().map(|literal| literal.line).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn unfinished_source_is_read_to_its_end() {
        for source in ["\"", "\"a", "'", "/* a", "r#\"a", "b", "\"a\\", "'\\"] {
            assert_eq!(lex(source).code.len(), source.len(), "{source}");
        }
    }
}
