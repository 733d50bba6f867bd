//! A bar chart as SVG, readable on light and dark pages.

use std::fmt::Write;

use super::numbers::number;

const WIDTH: f64 = 860.0;
const MARGIN: f64 = 20.0;
/// Where bars begin, and how long the longest of a group is.
const BARS_AT: f64 = 330.0;
const BAR_LENGTH: f64 = 420.0;
const BAR_HEIGHT: f64 = 16.0;
const LINE_HEIGHT: f64 = 23.0;
const TITLE_HEIGHT: f64 = 40.0;

/// Colours of light pages, and those that replace them on dark ones.
const STYLE: &str = "
  <style>
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 15px; }
    .page { fill: #ffffff; }
    .ours { fill: #1a7f37; }
    .peer { fill: #8c959f; }
    .limit { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-dasharray: 4 3; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .page { fill: #0d1117; }
      .ours { fill: #3fb950; }
      .peer { fill: #6e7681; }
      .limit { stroke: #58a6ff; }
    }
  </style>
";

/// Whose bar it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Ours,
    Peer,
    Limit,
}

impl Kind {
    fn class(self) -> &'static str {
        match self {
            Kind::Ours => "ours",
            Kind::Peer => "peer",
            Kind::Limit => "limit",
        }
    }
}

/// One rate.
pub(crate) struct Bar {
    name: String,
    pub(crate) value: f64,
    kind: Kind,
}

impl Bar {
    pub(crate) fn new(name: &str, value: f64, kind: Kind) -> Bar {
        Bar {
            name: name.to_owned(),
            value,
            kind,
        }
    }
}

/// Bars of one scale.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) bars: Vec<Bar>,
}

/// The whole picture. Each group has its own scale.
pub(crate) fn draw(groups: &[Group]) -> String {
    let mut body = String::new();
    let mut top = MARGIN;
    for group in groups {
        top = draw_group(&mut body, group, top);
    }
    let height = top + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-label=\"Tasks drained a second\">{STYLE}  \
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n{body}</svg>\n"
    )
}

/// Draws a group below `top`; returns where it ends.
fn draw_group(body: &mut String, group: &Group, top: f64) -> f64 {
    let longest = group.bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    let title = escape(&format!("{}: tasks drained a second", group.title));
    let mut at = top + TITLE_HEIGHT;
    text(body, "title", "start", (MARGIN, at - 16.0), &title);
    for bar in &group.bars {
        let length = (bar.value / longest * BAR_LENGTH).max(1.0);
        let baseline = at + BAR_HEIGHT - 3.5;
        text(
            body,
            "name",
            "end",
            (BARS_AT - 10.0, baseline),
            &escape(&bar.name),
        );
        // Writing to a string cannot fail.
        let _ = writeln!(
            body,
            "  <rect class=\"{}\" x=\"{BARS_AT}\" y=\"{at}\" width=\"{length:.1}\" height=\"{BAR_HEIGHT}\" rx=\"2\"/>",
            bar.kind.class()
        );
        let beside = BARS_AT + length + 8.0;
        text(
            body,
            "value",
            "start",
            (beside, baseline),
            &number(bar.value),
        );
        at += LINE_HEIGHT;
    }
    at
}

fn text(body: &mut String, class: &str, anchor: &str, (x, y): (f64, f64), words: &str) {
    let _ = writeln!(
        body,
        "  <text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"
    );
}

fn escape(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_fills_its_group_and_names_are_escaped() {
        let group = Group {
            title: "A".to_owned(),
            bars: vec![
                Bar::new("x<y", 200.0, Kind::Ours),
                Bar::new("z", 100.0, Kind::Limit),
            ],
        };
        let picture = draw(&[group]);
        assert!(picture.contains("width=\"420.0\"") && picture.contains("width=\"210.0\""));
        assert!(picture.contains("x&lt;y") && picture.contains("class=\"limit\""));
    }
}
