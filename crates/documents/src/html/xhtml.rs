//! What XHTML writes shorter than HTML knows it: `<a id="x"/>` is an element without content there,
//! and one that is never closed here.

/// Elements that are written without an end in HTML too.
const NEVER_CLOSED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// The same text with an end for each element that has none.
pub(super) fn expand(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some(end) = end_of_tag(rest) else {
            break;
        };
        let (tag, after) = rest.split_at(end);
        rest = after;
        if let Some(characters) = characters_of(tag) {
            out.push_str(&characters.replace('&', "&amp;").replace('<', "&lt;"));
            continue;
        }
        let name = tag[1..]
            .split(|c: char| c.is_whitespace() || "/>".contains(c))
            .next();
        let name = name.unwrap_or_default();
        match tag.strip_suffix("/>") {
            Some(open) if is_element(name) && !NEVER_CLOSED.contains(&name) => {
                out.push_str(&format!("{open}></{name}>"));
            }
            _ => out.push_str(tag),
        }
    }
    out.push_str(rest);
    out
}

fn is_element(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The text between `<![CDATA[` and `]]>`, which HTML knows only in pictures.
fn characters_of(tag: &str) -> Option<&str> {
    tag.strip_prefix("<![CDATA[")?.strip_suffix("]]>")
}

/// The length of what begins with `<`, with a `>` in quotes as part of it.
fn end_of_tag(text: &str) -> Option<usize> {
    for (begin, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if text.starts_with(begin) {
            return text.find(end).map(|at| at + end.len());
        }
    }
    let is_tag = text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!');
    if !is_tag {
        return Some(1);
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_without_content_get_an_end() {
        for (text, expected) in [
            ("<title/>x", "<title></title>x"),
            ("<a id=\"b>c\" />d<br/>", "<a id=\"b>c\" ></a>d<br/>"),
            (
                "<!-- <p/> --><?x <p/> ?><p/>",
                "<!-- <p/> --><?x <p/> ?><p></p>",
            ),
            ("a < b/> c", "a < b/> c"),
            ("<![CDATA[1 < 2]]>", "1 &lt; 2"),
            ("<p title='unclosed/>", "<p title='unclosed/>"),
            ("</p>é<", "</p>é<"),
        ] {
            assert_eq!(expand(text), expected);
        }
    }
}
