//! Dutiful and a rival do the same work in turn.

use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::base::Base;
use super::figure::{Figure, Measure};
use super::machine::today;
use super::numbers::{Spread, number};
use super::programs::PATIENCE;
use super::record::{Record, Side, Sides};
use super::stage::Stage;

/// The figure of Dutiful's memory.
const PEAK_MEMORY: &str = "peak_memory";

/// Who measures what against whom.
pub(crate) struct Contest<'a> {
    pub(crate) base: Base,
    pub(crate) measure: &'a Measure,
    pub(crate) rival: &'a str,
    pub(crate) version: &'a str,
    /// How the rival is run on an empty database whose address it gets.
    pub(crate) command: &'a dyn Fn() -> Command,
    pub(crate) tasks: u64,
    pub(crate) pairs: usize,
}

impl Contest<'_> {
    /// Runs all pairs. Each side begins every second one: what a run leaves behind in caches and
    /// logs burdens both alike.
    pub(crate) fn hold(&self, stage: &Stage) -> Result<Vec<Record>> {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for pair in 0..self.pairs {
            let run_rival = |outcomes: &mut Vec<Value>| -> Result<()> {
                let url = stage.fresh(self.base)?;
                let mut command = (self.command)();
                outcomes.push(stage.programs.measure(&mut command, &url, PATIENCE)?);
                Ok(())
            };
            let run_dutiful = |outcomes: &mut Vec<Value>| -> Result<()> {
                let only = self.measure.dutiful;
                outcomes.push(stage.run_dutiful(self.base, self.tasks, only)?);
                Ok(())
            };
            if pair % 2 == 0 {
                run_rival(&mut theirs)?;
                run_dutiful(&mut ours)?;
            } else {
                run_dutiful(&mut ours)?;
                run_rival(&mut theirs)?;
            }
        }
        let server = stage.version(self.base)?;
        let figures = self.measure.figures.iter();
        let records = figures.map(|&(field, figure)| {
            let record = self.record(&server, figure, sides(&theirs, &ours, field, figure)?)?;
            tell(&record);
            Ok(record)
        });
        records.collect()
    }

    fn record(
        &self,
        server: &str,
        figure: Figure,
        (settings, sides): (String, Sides),
    ) -> Result<Record> {
        Ok(Record {
            engine: self.base.name(),
            server: server.to_owned(),
            figure,
            rival: self.rival.to_owned(),
            version: self.version.to_owned(),
            settings,
            date: today()?,
            sides,
        })
    }
}

/// The rival's settings, and the values of one figure.
fn sides(theirs: &[Value], ours: &[Value], field: &str, figure: Figure) -> Result<(String, Sides)> {
    let mut settings = String::new();
    let mut rival = Side::default();
    for line in theirs {
        let value = line[field].as_f64();
        let value = value.with_context(|| format!("no {field} in {line}"))?;
        rival.add(value, line["peak_memory_mb"].as_f64());
        rival.tasks = line["tasks"].as_u64().unwrap_or(0);
        let told = line["settings"].as_str().or(line["shape"].as_str());
        settings = told.unwrap_or_default().to_owned();
    }
    let mut dutiful = Side::default();
    for document in ours {
        let (value, tasks) = dutiful_figure(document, figure.id())?;
        let memory = dutiful_figure(document, PEAK_MEMORY).ok();
        dutiful.add(value, memory.map(|(value, _)| value));
        dutiful.tasks = tasks;
    }
    Ok((settings, Sides { rival, dutiful }))
}

impl Side {
    fn add(&mut self, value: f64, peak_memory_mb: Option<f64>) {
        self.values.push(value);
        self.peak_memory_mb = most(self.peak_memory_mb, peak_memory_mb);
    }
}

fn most(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => one.or(other),
    }
}

/// A figure of the document that `dutiful bench --json` prints, and over how many tasks it is.
fn dutiful_figure(document: &Value, id: &str) -> Result<(f64, u64)> {
    let figures = document["figures"].as_array();
    let figures = figures.with_context(|| format!("no figures in {document}"))?;
    let figure = figures.iter().find(|figure| figure["id"] == id);
    let figure = figure.with_context(|| format!("no figure {id} in {document}"))?;
    let value = figure["value"].as_f64();
    Ok((
        value.with_context(|| format!("no value in {figure}"))?,
        figure["over"].as_u64().unwrap_or(0),
    ))
}

fn tell(record: &Record) {
    let told = |side: &Side| Spread::of(&side.values).map(|spread| spread.told(number, ""));
    let sides = &record.sides;
    if let (Some(theirs), Some(ours), Some(advantage)) = (
        told(&sides.rival),
        told(&sides.dutiful),
        record.advantages(),
    ) {
        say!(
            "{}, {}: {} {theirs}, Dutiful {ours}: {}",
            record.engine,
            record.figure.told(),
            record.rival,
            advantage.told(number, " times")
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_sides_are_read_from_what_their_programs_print() {
        let theirs = [10.0, 30.0].map(|rate| {
            json!({"per_second": rate, "tasks": 7, "settings": "a=1", "peak_memory_mb": rate})
        });
        let ours = [90.0, 60.0]
            .map(|rate| json!({"figures": [{"id": "drain", "value": rate, "over": 9}]}));
        let (settings, sides) = sides(&theirs, &ours, "per_second", Figure::Drain).unwrap();
        assert_eq!(settings, "a=1");
        assert_eq!((sides.rival.tasks, sides.dutiful.tasks), (7, 9));
        assert_eq!(sides.rival.peak_memory_mb, Some(30.0));
        assert_eq!(sides.dutiful.values, [90.0, 60.0]);
    }

    #[test]
    fn a_figure_that_is_missing_is_named() {
        let ours = [json!({"figures": []})];
        let error = sides(&[], &ours, "per_second", Figure::Drain).unwrap_err();
        assert!(error.to_string().contains("no figure drain"), "{error}");
    }
}
