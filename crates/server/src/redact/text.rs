//! Secrets in a text, by what stands before them.

use super::MARK;

/// What every secret of our own tokens begins with, and how long the rest is at least to be one.
const OWN: &str = "dutiful_";
const OWN_REST_MIN: usize = 32;
/// What follows one of these words is what lets somebody in.
const SCHEMES: [&str; 2] = ["bearer", "basic"];
const CREDENTIAL_MIN: usize = 6;

/// The text with a mark in place of each secret; `is_secret` knows the keys.
pub(super) fn redact(text: &str, is_secret: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(is_word) {
        out.push_str(&rest[..begin]);
        rest = &rest[begin..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if is_own(word) {
            out.push_str(OWN);
            out.push_str(MARK);
            continue;
        }
        out.push_str(word);
        let found = if after.starts_with("://") {
            in_address(after)
        } else if SCHEMES
            .iter()
            .any(|scheme| word.eq_ignore_ascii_case(scheme))
        {
            credential(after)
        } else if is_secret(word) {
            value(after)
        } else {
            None
        };
        if let Some(Found {
            before,
            mark,
            secret,
        }) = found
        {
            out.push_str(&after[..before]);
            out.push_str(mark);
            rest = &after[before + secret..];
        }
    }
    out.push_str(rest);
    out
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn is_own(word: &str) -> bool {
    word.strip_prefix(OWN).is_some_and(|rest| {
        rest.len() >= OWN_REST_MIN && rest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A secret behind a word.
struct Found {
    /// Bytes between the two, which stay.
    before: usize,
    mark: &'static str,
    /// Bytes that go.
    secret: usize,
}

/// The password in `://user:password@host`.
fn in_address(after: &str) -> Option<Found> {
    let ends = |c: char| c.is_whitespace() || "/?#\"'`<>".contains(c);
    let authority = &after[3..];
    let authority = &authority[..authority.find(ends).unwrap_or(authority.len())];
    let user = &authority[..authority.rfind('@')?];
    let colon = user.find(':')?;
    Some(Found {
        before: 3 + colon + 1,
        mark: MARK,
        secret: user.len() - colon - 1,
    })
}

/// What follows `Bearer`.
fn credential(after: &str) -> Option<Found> {
    let secret = after.strip_prefix(' ')?;
    let ends = |c: char| c.is_whitespace() || "\"'`,;".contains(c);
    let secret = secret.find(ends).unwrap_or(secret.len());
    (secret >= CREDENTIAL_MIN).then_some(Found {
        before: 1,
        mark: MARK,
        secret,
    })
}

/// What follows `key=`, `key: `, `"key": ` and the like, also inside a text that is itself quoted.
fn value(after: &str) -> Option<Found> {
    let quote = ["\\\"", "\"", "'"]
        .into_iter()
        .find(|quote| after.starts_with(quote))
        .unwrap_or_default();
    let rest = after[quote.len()..].trim_start_matches(' ');
    let rest = rest.strip_prefix(['=', ':'])?.trim_start_matches(' ');
    let before = after.len() - rest.len();
    // The word that says what kind of secret follows stays.
    for scheme in SCHEMES {
        let named = rest.get(..scheme.len());
        if named.is_some_and(|named| named.eq_ignore_ascii_case(scheme))
            && let Some(found) = credential(&rest[scheme.len()..])
        {
            let before = before + scheme.len() + found.before;
            return Some(Found { before, ..found });
        }
    }
    for opening in ["\\\"", "\"", "'"] {
        if let Some(inner) = rest.strip_prefix(opening) {
            return Some(Found {
                before: before + opening.len(),
                mark: MARK,
                secret: quoted(inner, opening),
            });
        }
    }
    let ends = |c: char| c.is_whitespace() || ",;&)}]\"'<>\\".contains(c);
    let secret = match rest.starts_with(['{', '[']) {
        true => bracketed(rest),
        false => rest.find(ends).unwrap_or(rest.len()),
    };
    // What stood where JSON wants a value must be one.
    let mark = match quote {
        "\"" => "\"***\"",
        "\\\"" => "\\\"***\\\"",
        _ => MARK,
    };
    (secret > 0).then_some(Found {
        before,
        mark,
        secret,
    })
}

/// How long a text is up to the mark that closes it.
fn quoted(text: &str, closing: &str) -> usize {
    let mut from = 0;
    while let Some(at) = text[from..].find(closing) {
        let at = from + at;
        // Inside plain quotes a quote may be written with a backslash.
        let escaped = closing != "\\\"" && text[..at].ends_with('\\');
        if !escaped {
            return at;
        }
        from = at + closing.len();
    }
    text.len()
}

/// How long a list or an object is, its brackets with it.
fn bracketed(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use crate::redact::Redact;

    #[test]
    fn secrets_in_texts_are_found_by_what_stands_before_them() {
        let own = format!("dutiful_{}", "0a".repeat(32));
        let cases = [
            (
                "nothing here: a=1, token of love",
                "nothing here: a=1, token of love",
            ),
            ("password=hunter2, next", "password=***, next"),
            ("PASSWORD : hunter2", "PASSWORD : ***"),
            ("?api_key=abc&b=1", "?api_key=***&b=1"),
            (
                "mysql://root:p%40w@db:3306/x?a=1",
                "mysql://root:***@db:3306/x?a=1",
            ),
            ("postgres://db/x and a@b", "postgres://db/x and a@b"),
            ("http://host:80/@x", "http://host:80/@x"),
            (
                "Authorization: Bearer abcdefgh",
                "Authorization: Bearer ***",
            ),
            ("bearer of news", "bearer of news"),
            ("a token 'dutiful_x'", "a token 'dutiful_x'"),
            (
                r#"{"password": "hun\"ter", "b": 1}"#,
                r#"{"password": "***", "b": 1}"#,
            ),
            (r#"{"token": 12, "b": 1}"#, r#"{"token": "***", "b": 1}"#),
            (
                r#"{"secret": {"a": [1]}, "b": 1}"#,
                r#"{"secret": "***", "b": 1}"#,
            ),
            (
                r#""{\"secret\":\"x\",\"b\":1}""#,
                r#""{\"secret\":\"***\",\"b\":1}""#,
            ),
            ("secret='x y' z", "secret='***' z"),
            ("password", "password"),
            ("password=", "password="),
            ("päßword ü password=ü", "päßword ü password=***"),
        ];
        for (text, wanted) in cases {
            assert_eq!(Redact::default().text(text), wanted);
        }
        let told = Redact::default().text(&format!("no token `{own}`"));
        assert_eq!(told, "no token `dutiful_***`");
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "\"password\":\"",
            "secret=\\",
            "token:{[",
            "://",
            "x://@",
            "x://:@",
            "Bearer ",
            "secret=\"\\\"",
        ] {
            let once = Redact::default().text(text);
            assert_eq!(Redact::default().text(&once), once, "{text}");
        }
    }
}
