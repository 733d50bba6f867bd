//! Diagrams (SmartArt): the texts of their points as a list, nested as the points are.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::TranscribeError;
use crate::limits::MARKUP_DEPTH_MAX;
use crate::package::xml::{self, Xml};

type Done = Result<(), TranscribeError>;

/// The points of a diagram, and which of them hang below which.
#[derive(Debug, Default)]
struct Diagram {
    /// Id and text, in the order of the file.
    points: Vec<(String, String)>,
    root: Option<String>,
    below: HashMap<String, BTreeMap<(u64, usize), String>>,
}

/// Reads the data of a diagram.
pub(super) fn read(text: &str) -> Result<String, TranscribeError> {
    let mut diagram = Diagram::default();
    Xml::new(text).root(|xml, _| {
        xml.children(|xml, element| match xml::name(element) {
            "ptLst" => diagram.read_points(xml),
            "cxnLst" => diagram.read_connections(xml),
            _ => xml.skip(),
        })
    })?;
    Ok(diagram.into_markdown())
}

impl Diagram {
    fn read_points(&mut self, xml: &mut Xml) -> Done {
        xml.children(|xml, element| {
            let id = xml::attribute(element, "modelId").unwrap_or_default();
            match xml::attribute(element, "type").as_deref() {
                Some("doc") => {
                    self.root = Some(id);
                    xml.skip()
                }
                None | Some("node" | "asst") => {
                    let mut text = String::new();
                    read_text(xml, &mut text)?;
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    self.points.push((id, text));
                    Ok(())
                }
                // Arrows between points, and how points are drawn.
                Some(_) => xml.skip(),
            }
        })
    }

    fn read_connections(&mut self, xml: &mut Xml) -> Done {
        let mut number = 0;
        xml.children(|xml, element| {
            let get = |name| xml::attribute(element, name);
            let kind = get("type").unwrap_or_else(|| "parOf".to_owned());
            if let ("parOf", Some(from), Some(to)) = (&*kind, get("srcId"), get("destId")) {
                let order = get("srcOrd").and_then(|order| order.parse().ok());
                number += 1;
                let below = self.below.entry(from).or_default();
                below.insert((order.unwrap_or_default(), number), to);
            }
            xml.skip()
        })
    }

    fn into_markdown(self) -> String {
        let texts: HashMap<&str, &str> = self
            .points
            .iter()
            .map(|(id, text)| (id.as_str(), text.as_str()))
            .collect();
        let mut seen = HashSet::new();
        let mut lines = Vec::new();
        // Points that hang on nothing come last, in the order of the file.
        let roots = self.root.iter().chain(self.points.iter().map(|(id, _)| id));
        for root in roots {
            let mut open = vec![(root.as_str(), 0)];
            while let Some((id, level)) = open.pop() {
                if !seen.insert(id) || level > MARKUP_DEPTH_MAX {
                    continue;
                }
                let text = texts.get(id).copied().unwrap_or_default();
                let shown = !text.is_empty();
                if shown {
                    lines.push(format!("{}- {text}", "    ".repeat(level)));
                }
                let below = self.below.get(id).into_iter().flat_map(BTreeMap::values);
                let level = level + usize::from(shown);
                open.extend(below.rev().map(|id| (id.as_str(), level)));
            }
        }
        lines.join("\n")
    }
}

/// The paragraphs of a point, with a space between them.
fn read_text(xml: &mut Xml, text: &mut String) -> Done {
    xml.children(|xml, element| {
        match xml::name(element) {
            "p" => {
                text.push_str(&xml.text()?);
                text.push(' ');
            }
            "prSet" | "spPr" => xml.skip()?,
            _ => read_text(xml, text)?,
        }
        Ok(())
    })
}
