//! Preformatted text: always a fenced block, also where no `<code>` is in it.

use htmd::Element;
use htmd::element_handler::{HandlerResult, Handlers};

use super::{Walk, attribute, text_of};

/// Converts one `<pre>`; its language is what a class names as `language-...`.
pub(super) fn convert(_: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let text = text_of(element.node);
    let text = text.trim_matches('\n').trim_end();
    if text.is_empty() {
        return None;
    }
    let classes = Walk::from(element.node).filter_map(|node| attribute(&node, "class"));
    let languages = classes.filter_map(|class| language(&class));
    let language = languages.take(1).collect::<String>();
    // A fence is longer than any that stands in the text.
    let inside = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(inside.max(2) + 1);
    Some(format!("\n\n{fence}{language}\n{text}\n{fence}\n\n").into())
}

fn language(class: &str) -> Option<String> {
    let name = class
        .split_whitespace()
        .find_map(|name| name.strip_prefix("language-"))?;
    Some(
        name.chars()
            .filter(|c| c.is_alphanumeric() || "+-#_".contains(*c))
            .collect(),
    )
}
