//! Takes out of a page what is not its content: scripts, navigation, controls, inline pictures.

use std::rc::Rc;

use htmd::Node;
use markup5ever_rcdom::NodeData;

use super::{Walk, attribute, is_element, text_of};

/// Elements that hold no text of the page.
const NO_CONTENT: &[&str] = &[
    "script", "style", "template", "nav", "footer", "iframe", "object", "svg", "canvas", "button",
    "select", "input", "textarea", "link", "meta",
];

/// Roles of what surrounds the content.
const NO_CONTENT_ROLES: &[&str] = &["navigation", "search", "banner", "contentinfo"];

/// Removes it from the tree in place.
pub(super) fn prune(tree: &Rc<Node>) {
    for node in Walk::from(tree) {
        node.children.borrow_mut().retain(is_content);
        for child in node.children.borrow_mut().iter_mut() {
            if let Some(alt) = inline_picture(child) {
                *child = Node::new(NodeData::Text {
                    contents: std::cell::RefCell::new(alt),
                });
            }
        }
    }
}

fn is_content(node: &Rc<Node>) -> bool {
    let NodeData::Element { name, .. } = &node.data else {
        return !matches!(node.data, NodeData::Comment { .. });
    };
    let role = attribute(node, "role").unwrap_or_default();
    let hidden = attribute(node, "hidden").is_some();
    !(NO_CONTENT.contains(&&*name.local)
        || NO_CONTENT_ROLES.contains(&role.as_str())
        || hidden
        || is_heading_mark(node))
}

/// The paragraph sign beside a heading that links to the heading itself.
fn is_heading_mark(node: &Rc<Node>) -> bool {
    is_element(node, "a")
        && attribute(node, "href").is_some_and(|href| href.starts_with('#'))
        && matches!(text_of(node).trim(), "¶" | "#" | "§" | "🔗")
}

/// The alternative text of a picture that is carried in the page itself, which as a link would be
/// many bytes that say nothing.
fn inline_picture(node: &Rc<Node>) -> Option<html5ever::tendril::StrTendril> {
    let inline = is_element(node, "img")
        && attribute(node, "src").is_some_and(|source| source.trim_start().starts_with("data:"));
    inline.then(|| attribute(node, "alt").unwrap_or_default().into())
}
