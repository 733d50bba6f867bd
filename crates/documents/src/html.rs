//! HTML to Markdown: the tree is parsed within limits, cut down to the main content, converted.

mod parse;
mod pre;
mod prune;
mod sink;
mod state;
mod table;
mod xhtml;

use std::rc::Rc;

use htmd::options::{BulletListMarker, HrStyle, Options};
use htmd::{HtmlToMarkdown, Node};
use markup5ever_rcdom::NodeData;

use crate::assemble::Assembly;
use crate::text::Decoded;
use crate::watch::Watch;
use crate::{Document, Format, TranscribeError};

/// Reads a page of HTML.
pub(crate) fn read(decoded: Decoded, watch: &Watch) -> Result<Document, TranscribeError> {
    let tree = parse::parse(&decoded.text, watch)?;
    let mut assembly = Assembly::new(Format::Html);
    if let Some(title) = find(&tree, &|node| is_element(node, "title")) {
        assembly.title(&text_of(&title));
    }
    state::read(&tree, &mut assembly);
    decoded
        .warnings
        .into_iter()
        .for_each(|warning| assembly.warn(warning));
    prune::prune(&tree, prune::Keep::Content);
    watch.check()?;
    assembly.page(&converter().tree_to_markdown(&main_content(&tree)))?;
    assembly.finish()
}

/// Reads a chapter of a book: all of it, because nothing of a site stands around it. Links and
/// pictures inside of the book lead nowhere once the text has left it.
pub(crate) fn read_chapter(
    text: &str,
    is_navigation: bool,
    watch: &Watch,
) -> Result<String, TranscribeError> {
    let tree = parse::parse(&xhtml::expand(text), watch)?;
    let keep = if is_navigation {
        prune::Keep::Navigation
    } else {
        prune::Keep::Chapter
    };
    prune::prune(&tree, keep);
    watch.check()?;
    Ok(converter().tree_to_markdown(&tree))
}

fn converter() -> HtmlToMarkdown {
    let options = Options {
        bullet_list_marker: BulletListMarker::Dash,
        hr_style: HrStyle::Dashes,
        ul_bullet_spacing: 1,
        ol_number_spacing: 1,
        ..Options::default()
    };
    HtmlToMarkdown::builder()
        .options(options)
        .skip_tags(vec!["head"])
        .add_handler(vec!["table"], table::convert)
        .add_handler(vec!["pre"], pre::convert)
        .build()
}

/// The part that the page says is its main one, or its only article, or else all of it.
fn main_content(tree: &Rc<Node>) -> Rc<Node> {
    let states_main = |node: &Node| {
        is_element(node, "main") || attribute(node, "role").as_deref() == Some("main")
    };
    if let Some(main) = find(tree, &states_main) {
        return main;
    }
    let mut articles = Walk::from(tree).filter(|node| is_element(node, "article"));
    match (articles.next(), articles.next()) {
        (Some(article), None) => article,
        _ => Rc::clone(tree),
    }
}

/// All nodes below one, in document order, without recursion.
struct Walk(Vec<Rc<Node>>);

impl Walk {
    fn from(root: &Rc<Node>) -> Self {
        Self(vec![Rc::clone(root)])
    }
}

impl Iterator for Walk {
    type Item = Rc<Node>;

    fn next(&mut self) -> Option<Rc<Node>> {
        let node = self.0.pop()?;
        self.0.extend(node.children.borrow().iter().rev().cloned());
        Some(node)
    }
}

fn find(tree: &Rc<Node>, wanted: &dyn Fn(&Node) -> bool) -> Option<Rc<Node>> {
    Walk::from(tree).find(|node| wanted(node))
}

fn text_of(root: &Rc<Node>) -> String {
    let mut text = String::new();
    for node in Walk::from(root) {
        if let NodeData::Text { contents } = &node.data {
            text.push_str(&contents.borrow());
        }
    }
    text
}

fn is_element(node: &Node, tag: &str) -> bool {
    matches!(&node.data, NodeData::Element { name, .. } if &*name.local == tag)
}

fn attribute(node: &Node, wanted: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else {
        return None;
    };
    let attrs = attrs.borrow();
    let found = attrs.iter().find(|attr| &*attr.name.local == wanted)?;
    Some(found.value.to_string())
}
