//! Charts: title, axes, and the values that the chart shows as a table.

use std::collections::{BTreeMap, BTreeSet};

use crate::limits::{CHART_POINTS_MAX, CHART_SERIES_MAX};
use crate::package::xml::{self, Xml};
use crate::sheet::NumberFormat;
use crate::{TranscribeError, markdown};

type Done = Result<(), TranscribeError>;
type Points = BTreeMap<u64, String>;

/// A chart as it is read.
#[derive(Debug, Default)]
pub(super) struct Chart {
    title: String,
    axes: Vec<String>,
    series: Vec<Series>,
    /// Whether there were more series or points than are kept.
    pub(super) is_cut: bool,
}

#[derive(Debug, Default)]
struct Series {
    name: String,
    categories: Points,
    values: Points,
    /// What somebody wrote at points instead of their values.
    labels: String,
}

/// Reads the part of a chart.
pub(super) fn read(text: &str) -> Result<Chart, TranscribeError> {
    let mut chart = Chart::default();
    Xml::new(text).root(|xml, _| chart.read_inside(xml))?;
    Ok(chart)
}

impl Chart {
    fn read_inside(&mut self, xml: &mut Xml) -> Done {
        xml.children(|xml, element| {
            let name = xml::name(element);
            match name {
                "title" => self.title = words(xml)?,
                "ser" => self.read_series(xml)?,
                "chart" | "plotArea" => self.read_inside(xml)?,
                // The kinds of charts: `barChart`, `pieChart` and so on.
                _ if name.ends_with("Chart") => self.read_inside(xml)?,
                // The kinds of axes: `catAx`, `valAx` and so on.
                _ if name.ends_with("Ax") => self.read_axis(xml)?,
                _ => xml.skip()?,
            }
            Ok(())
        })
    }

    fn read_axis(&mut self, xml: &mut Xml) -> Done {
        xml.children(|xml, element| {
            match xml::name(element) {
                "title" => self.axes.push(words(xml)?),
                _ => xml.skip()?,
            }
            Ok(())
        })
    }

    fn read_series(&mut self, xml: &mut Xml) -> Done {
        if self.series.len() >= CHART_SERIES_MAX {
            self.is_cut = true;
            return xml.skip();
        }
        let mut series = Series::default();
        xml.children(|xml, element| {
            match xml::name(element) {
                "tx" => series.name = words(xml)?,
                "cat" | "xVal" => self.read_points(xml, &mut series.categories, &mut None)?,
                "dLbls" => series.labels = words(xml)?,
                "val" | "yVal" => self.read_points(xml, &mut series.values, &mut None)?,
                _ => xml.skip()?,
            }
            Ok(())
        })?;
        self.series.push(series);
        Ok(())
    }

    /// Points stand in a cache of what the cells had when the chart was last drawn.
    fn read_points(
        &mut self,
        xml: &mut Xml,
        points: &mut Points,
        format: &mut Option<NumberFormat>,
    ) -> Done {
        xml.children(|xml, element| {
            match xml::name(element) {
                "formatCode" => *format = Some(NumberFormat::of_code(&xml.text()?)),
                "pt" => {
                    let index = xml::attribute(element, "idx").and_then(|index| index.parse().ok());
                    let text = shown(words(xml)?, *format);
                    self.add(points, index.unwrap_or_default(), text);
                }
                "f" => xml.skip()?,
                _ => self.read_points(xml, points, format)?,
            }
            Ok(())
        })
    }

    /// Categories of several levels come level by level, the finest first.
    fn add(&mut self, points: &mut Points, index: u64, text: String) {
        if let Some(before) = points.get_mut(&index) {
            *before = format!("{text} {before}");
        } else if points.len() < CHART_POINTS_MAX {
            points.insert(index, text);
        } else {
            self.is_cut = true;
        }
    }

    /// The title in bold, the axes, and a table with a column for each series.
    pub(super) fn into_markdown(self) -> String {
        let mut blocks = Vec::new();
        let title = self.title.trim();
        if !title.is_empty() {
            blocks.push(format!("**{}**", title.replace('*', "\\*")));
        }
        let axes: Vec<String> = self
            .axes
            .into_iter()
            .filter(|axis| !axis.is_empty())
            .collect();
        if !axes.is_empty() {
            blocks.push(markdown::escape_start(&axes.join(", ")));
        }
        blocks.push(table(&self.series));
        let labels = self.series.iter().map(|series| &series.labels);
        blocks.extend(labels.map(|labels| markdown::escape_start(labels)));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n\n")
    }
}

fn table(series: &[Series]) -> String {
    let categories = series.iter().map(|series| &series.categories);
    let categories = categories.max_by_key(|points| points.len());
    let Some(categories) = categories else {
        return String::new();
    };
    let indices = series.iter().flat_map(|series| series.values.keys());
    let indices: BTreeSet<u64> = indices.chain(categories.keys()).copied().collect();
    let row = |first: &str, cell: &dyn Fn(&Series) -> String| -> Vec<String> {
        let named = (!categories.is_empty()).then(|| first.to_owned());
        named.into_iter().chain(series.iter().map(cell)).collect()
    };
    let mut rows = vec![row("", &|series| series.name.clone())];
    for index in indices.iter().take(CHART_POINTS_MAX) {
        let category = categories.get(index).map_or("", String::as_str);
        rows.push(row(category, &|series| {
            series.values.get(index).cloned().unwrap_or_default()
        }));
    }
    markdown::table(rows, false)
}

/// A number as its cell would show it; other text as it is.
fn shown(text: String, format: Option<NumberFormat>) -> String {
    match (format, text.trim().parse::<f64>()) {
        (Some(format), Ok(number)) => format.show(number, false),
        _ => text,
    }
}

/// The text of runs and values, with a space between them where they are paragraphs of their own.
fn words(xml: &mut Xml) -> Result<String, TranscribeError> {
    let mut text = String::new();
    collect_words(xml, &mut text)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn collect_words(xml: &mut Xml, text: &mut String) -> Done {
    xml.children(|xml, element| {
        match xml::name(element) {
            "t" => text.push_str(&xml.text()?),
            "v" => {
                text.push_str(&xml.text()?);
                text.push(' ');
            }
            "f" => xml.skip()?,
            "p" => {
                collect_words(xml, text)?;
                text.push(' ');
            }
            _ => collect_words(xml, text)?,
        }
        Ok(())
    })
}

/// Reads a chart of the newer kind (waterfall, funnel, tree map and so on): its texts and values,
/// one level's after the other's.
pub(super) fn read_extended(text: &str) -> Result<String, TranscribeError> {
    let mut texts = Vec::new();
    Xml::new(text).root(|xml, _| collect_texts(xml, &mut texts))?;
    texts.retain(|text: &String| !text.trim().is_empty());
    Ok(texts.join("\n\n"))
}

fn collect_texts(xml: &mut Xml, texts: &mut Vec<String>) -> Done {
    xml.children(|xml, element| {
        match xml::name(element) {
            "lvl" => {
                let mut points = Vec::new();
                collect_texts(xml, &mut points)?;
                texts.push(points.join(", "));
            }
            "pt" | "v" | "p" => texts.push(xml.text()?),
            "f" => xml.skip()?,
            _ => collect_texts(xml, texts)?,
        }
        Ok(())
    })
}
