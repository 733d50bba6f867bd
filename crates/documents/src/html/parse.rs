//! HTML text to a tree whose size and depth are bounded while it grows.

use std::rc::Rc;

use htmd::Node;
use html5ever::tendril::TendrilSink;
use html5ever::{ParseOpts, parse_document};

use super::sink::{CountingSink, tree_builder_options};
use crate::error::Problem;
use crate::limits::{HTML_NODES_MAX, HTML_PIECE_BYTES, MARKUP_DEPTH_MAX};
use crate::watch::Watch;
use crate::{TranscribeError, clean};

/// Parses piece by piece; the limits are looked at after each one.
pub(super) fn parse(text: &str, watch: &Watch) -> Result<Rc<Node>, TranscribeError> {
    let options = ParseOpts {
        tree_builder: tree_builder_options(),
        ..ParseOpts::default()
    };
    let mut parser = parse_document(CountingSink::default(), options);
    let mut rest = text;
    while !rest.is_empty() {
        let end = clean::boundary(rest, HTML_PIECE_BYTES);
        parser.process(rest[..end].into());
        rest = &rest[end..];
        let sink = &parser.tokenizer.sink.sink;
        check_nodes(sink.nodes())?;
        check_depth(open_depth(&sink.tree()))?;
        watch.check()?;
    }
    let tree = parser.finish();
    check_depth(full_depth(&tree))?;
    Ok(tree)
}

fn check_nodes(nodes: usize) -> Result<(), TranscribeError> {
    if nodes <= HTML_NODES_MAX {
        return Ok(());
    }
    let cause = format!("the HTML has more than the {HTML_NODES_MAX} nodes that are allowed");
    Err(TranscribeError::new(Problem::MarkupLimit, cause))
}

fn check_depth(depth: usize) -> Result<(), TranscribeError> {
    if depth <= MARKUP_DEPTH_MAX {
        return Ok(());
    }
    let cause =
        format!("the HTML nests deeper than the {MARKUP_DEPTH_MAX} levels that are allowed");
    Err(TranscribeError::new(Problem::MarkupLimit, cause))
}

/// Depth of the newest branch, which is where the parser is; followed no further than the limit.
fn open_depth(tree: &Rc<Node>) -> usize {
    let mut node = Rc::clone(tree);
    for depth in 0..=MARKUP_DEPTH_MAX {
        let last = node.children.borrow().last().cloned();
        match last {
            Some(child) => node = child,
            None => return depth,
        }
    }
    MARKUP_DEPTH_MAX + 1
}

fn full_depth(tree: &Rc<Node>) -> usize {
    let mut deepest = 0;
    let mut open = vec![(Rc::clone(tree), 0)];
    while let Some((node, depth)) = open.pop() {
        deepest = deepest.max(depth);
        open.extend(
            node.children
                .borrow()
                .iter()
                .map(|child| (Rc::clone(child), depth + 1)),
        );
    }
    deepest
}
