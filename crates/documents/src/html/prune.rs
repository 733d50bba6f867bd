//! Takes out of a page what is not its content: scripts, navigation, controls, inline pictures.

use std::rc::Rc;

use htmd::Node;
use markup5ever_rcdom::NodeData;

use super::{Walk, attribute, is_element, text_of};

/// Elements that hold no text.
const NO_TEXT: &[&str] = &[
    "script", "style", "template", "iframe", "object", "svg", "canvas", "button", "select",
    "input", "textarea", "link", "meta",
];

/// Elements around the content of a page.
const NO_CONTENT: &[&str] = &["nav", "footer"];

/// Roles of what surrounds the content.
const NO_CONTENT_ROLES: &[&str] = &["navigation", "search", "banner", "contentinfo"];

/// What of a tree is its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Of a page of a site.
    Content,
    /// Of a chapter of a book, which has no site around it.
    Chapter,
    /// Of the table of contents of a book.
    Navigation,
}

/// Removes everything else from the tree in place.
pub(super) fn prune(tree: &Rc<Node>, keep: Keep) {
    for node in Walk::from(tree) {
        node.children
            .borrow_mut()
            .retain(|child| is_kept(child, keep));
        for child in node.children.borrow_mut().iter_mut() {
            if keep != Keep::Content {
                drop_inner_link(child);
            }
            if let Some(alt) = lost_picture(child, keep) {
                *child = Node::new(NodeData::Text {
                    contents: std::cell::RefCell::new(alt),
                });
            }
        }
    }
}

fn is_kept(node: &Rc<Node>, keep: Keep) -> bool {
    let NodeData::Element { name, .. } = &node.data else {
        return !matches!(node.data, NodeData::Comment { .. });
    };
    let name = &*name.local;
    let role = attribute(node, "role").unwrap_or_default();
    let around = match keep {
        Keep::Content => NO_CONTENT.contains(&name) || NO_CONTENT_ROLES.contains(&role.as_str()),
        Keep::Chapter => name == "nav",
        Keep::Navigation => false,
    };
    let hidden = attribute(node, "hidden").is_some();
    !(NO_TEXT.contains(&name) || around || hidden || is_heading_mark(node))
}

/// The paragraph sign beside a heading that links to the heading itself.
fn is_heading_mark(node: &Rc<Node>) -> bool {
    is_element(node, "a")
        && attribute(node, "href").is_some_and(|href| href.starts_with('#'))
        && matches!(text_of(node).trim(), "¶" | "#" | "§" | "🔗")
}

/// Makes plain text of a link to another place of the book.
fn drop_inner_link(node: &Rc<Node>) {
    if let NodeData::Element { attrs, .. } = &node.data
        && is_element(node, "a")
        && attribute(node, "href").is_some_and(|href| !has_scheme(&href))
    {
        attrs
            .borrow_mut()
            .retain(|attr| &*attr.name.local != "href");
    }
}

/// Whether a reference leads somewhere by itself, as `https://...` and `mailto:...` do.
fn has_scheme(reference: &str) -> bool {
    let scheme = reference
        .trim_start()
        .split_once(':')
        .map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The alternative text of a picture that nobody can follow: one that is carried in the page itself,
/// which as a link would be many bytes that say nothing, and one that is another file of the book.
fn lost_picture(node: &Rc<Node>, keep: Keep) -> Option<html5ever::tendril::StrTendril> {
    let source = is_element(node, "img").then(|| attribute(node, "src").unwrap_or_default())?;
    let inline = source.trim_start().starts_with("data:");
    let inside = keep != Keep::Content && !has_scheme(&source);
    (inline || inside).then(|| attribute(node, "alt").unwrap_or_default().into())
}
