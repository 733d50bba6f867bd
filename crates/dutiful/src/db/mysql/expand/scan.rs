//! Finding one's way in a text: past quotes and comments.

/// The text without leading spaces and comments.
pub(super) fn code(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("--") || rest.starts_with('#') || rest.starts_with("/*") {
        rest = rest
            .get(skip(rest.as_bytes())..)
            .unwrap_or_default()
            .trim_start();
    }
    rest
}

/// Where the placeholders stand: each `?` outside of quotes and comments.
pub(super) fn placeholders(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'?' {
            found.push(at);
        }
        at += skip(&bytes[at..]);
    }
    found
}

/// How many bytes belong to what begins here: a quoted text, a comment, or one byte.
fn skip(bytes: &[u8]) -> usize {
    let until = |end: &[u8], from: usize| {
        let found = bytes[from..]
            .windows(end.len())
            .position(|window| window == end);
        found.map_or(bytes.len(), |at| from + at + end.len())
    };
    match bytes {
        [quote @ (b'\'' | b'"' | b'`'), ..] => quoted(bytes, *quote),
        [b'-', b'-', b' ' | b'\t' | b'\n', ..] => until(b"\n", 2),
        [b'#', ..] => until(b"\n", 1),
        [b'/', b'*', ..] => until(b"*/", 2),
        _ => 1,
    }
}

/// The length of a quoted text. One that is doubled inside ends it and begins another, which is fine.
fn quoted(bytes: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote != b'`' => at += 1,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
