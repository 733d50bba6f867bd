//! Tables: pipes without padding, or plain blocks where a table is only layout.
//!
//! The library's own handler pads each column to its longest cell, which makes a small page with
//! one long cell a very large text, and gives up on tables without header cells.

use std::rc::Rc;

use htmd::element_handler::{HandlerResult, Handlers};
use htmd::{Element, Node};

use super::is_element;
use crate::markdown;

/// Converts one `<table>`.
pub(super) fn convert(handlers: &dyn Handlers, element: Element) -> Option<HandlerResult> {
    let mut captions = Vec::new();
    let mut rows = Vec::new();
    let mut has_headers = false;
    let mut open: Vec<Rc<Node>> = vec![Rc::clone(element.node)];
    while let Some(node) = open.pop() {
        if is_element(&node, "tr") {
            has_headers |= node
                .children
                .borrow()
                .iter()
                .any(|cell| is_element(cell, "th"));
            rows.push(cells(handlers, &node));
        } else if is_element(&node, "caption") {
            captions.push(content(handlers, &node));
        } else if Rc::ptr_eq(&node, element.node) || is_row_group(&node) {
            open.extend(node.children.borrow().iter().rev().cloned());
        }
    }
    let has_blocks = rows
        .iter()
        .flatten()
        .any(|cell: &String| cell.contains("\n\n"));
    captions.push(markdown::table(rows, has_blocks && !has_headers));
    captions.retain(|part| !part.is_empty());
    Some(format!("\n\n{}\n\n", captions.join("\n\n")).into())
}

fn is_row_group(node: &Node) -> bool {
    ["thead", "tbody", "tfoot"]
        .iter()
        .any(|tag| is_element(node, tag))
}

fn cells(handlers: &dyn Handlers, row: &Rc<Node>) -> Vec<String> {
    let children = row.children.borrow();
    let cells = children
        .iter()
        .filter(|node| is_element(node, "td") || is_element(node, "th"));
    cells.map(|cell| content(handlers, cell)).collect()
}

fn content(handlers: &dyn Handlers, node: &Rc<Node>) -> String {
    handlers.walk_children(node).content.trim().to_owned()
}
