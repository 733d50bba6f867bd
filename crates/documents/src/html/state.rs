//! What a page states about itself in its head.

use std::rc::Rc;

use htmd::Node;

use super::{Walk, attribute, find, is_element};
use crate::assemble::Assembly;

/// Names of metadata, and under which of ours they are kept.
const KEPT: &[(&str, &str)] = &[
    ("author", "author"),
    ("description", "description"),
    ("keywords", "keywords"),
    ("date", "published"),
    ("article:published_time", "published"),
    ("article:modified_time", "modified"),
    ("generator", "program"),
];

/// Reads language and metadata into the document.
pub(super) fn read(tree: &Rc<Node>, assembly: &mut Assembly) {
    let page = find(tree, &|node| is_element(node, "html"));
    if let Some(language) = page.and_then(|page| attribute(&page, "lang")) {
        assembly.language(&language);
    }
    let Some(head) = find(tree, &|node| is_element(node, "head")) else {
        return;
    };
    for meta in Walk::from(&head).filter(|node| is_element(node, "meta")) {
        let name = attribute(&meta, "name").or_else(|| attribute(&meta, "property"));
        let name = name.unwrap_or_default().to_ascii_lowercase();
        if let Some((_, key)) = KEPT.iter().find(|(stated, _)| *stated == name) {
            assembly.meta(key, &attribute(&meta, "content").unwrap_or_default());
        }
    }
}
