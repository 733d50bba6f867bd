//! The figures of scenarios, kept in a file of JSON lines.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bench::base::Base;
use crate::bench::machine::today;
use crate::bench::record::{Book, Kept};

/// More parts than any scenario has, and more figures than any part, so that rows keep their order although
/// not every engine has all of them.
const PARTS_MAX: u64 = 100;
const FIGURES_MAX: u64 = 20;

/// One figure of one scenario on one engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) engine: String,
    /// The server's name and version.
    pub(crate) server: String,
    pub(crate) scenario: String,
    /// Its id; with the scenario it makes a row of the table.
    pub(crate) figure: String,
    /// For people.
    pub(crate) told: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    /// How many tasks it was measured with.
    pub(crate) over: u64,
    /// Scenario and figure of the same session that it is held against.
    pub(crate) against: Option<(String, String)>,
    /// Where its row stands.
    pub(crate) place: u64,
    /// The run that measured it, so that no ratio is made of figures from different days.
    pub(crate) session: u64,
    pub(crate) date: String,
}

impl Kept for Note {
    fn is_of(&self, other: &Note) -> bool {
        (&self.engine, &self.scenario, &self.figure)
            == (&other.engine, &other.scenario, &other.figure)
    }
}

/// A value that was measured, before it is known where.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) id: String,
    pub(crate) told: String,
    pub(crate) value: f64,
    pub(crate) unit: String,
    pub(crate) over: u64,
}

/// Notes the figures of one engine.
pub(crate) struct Notes<'a> {
    book: &'a mut Book<Note>,
    base: Base,
    server: String,
    session: u64,
    date: String,
    scenario: u64,
    place: u64,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(
        book: &'a mut Book<Note>,
        base: Base,
        server: String,
        session: u64,
    ) -> Result<Notes<'a>> {
        Ok(Notes {
            book,
            base,
            server,
            session,
            date: today()?,
            scenario: 0,
            place: 0,
        })
    }

    /// A scenario begins.
    pub(crate) fn begin(&mut self, name: &str) {
        let index = super::ALL.iter().position(|scenario| scenario.name == name);
        self.scenario = index.unwrap_or(super::ALL.len()) as u64;
        self.part(0);
    }

    /// A part of a scenario begins, the same one on each engine.
    pub(crate) fn part(&mut self, part: usize) {
        self.place = (self.scenario * PARTS_MAX + part as u64) * FIGURES_MAX;
    }

    /// Notes a figure and tells it.
    pub(crate) fn add(
        &mut self,
        scenario: &str,
        figure: Figure,
        against: Option<(&str, &str)>,
    ) -> Result<()> {
        let engine = self.base.name();
        let shown = super::table::shown(figure.value, &figure.unit);
        say!("{engine}, {scenario}: {}: {shown}", figure.told);
        self.place += 1;
        self.book.add(Note {
            engine,
            server: self.server.clone(),
            scenario: scenario.to_owned(),
            figure: figure.id,
            told: figure.told,
            value: figure.value,
            unit: figure.unit,
            over: figure.over,
            against: against.map(|(scenario, figure)| (scenario.to_owned(), figure.to_owned())),
            place: self.place,
            session: self.session,
            date: self.date.clone(),
        })
    }
}

/// The number of this run.
pub(crate) fn session() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

/// The figures of the document that `dutiful bench --json` prints.
pub(crate) fn figures(document: &Value) -> Result<Vec<Figure>> {
    let figures = document["figures"].as_array();
    let figures = figures.with_context(|| format!("no figures in {document}"))?;
    let read = |figure| read(figure).with_context(|| format!("no figure: {figure}"));
    figures.iter().map(read).collect()
}

fn read(figure: &Value) -> Option<Figure> {
    let text = |field: &str| figure[field].as_str().map(str::to_owned);
    Some(Figure {
        id: text("id")?,
        told: text("measured")?,
        value: figure["value"].as_f64()?,
        unit: text("unit")?,
        over: figure["over"].as_u64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn figures_are_read_from_what_the_bench_prints() {
        let figure = json!({
            "id": "drain", "measured": "drain, no-op", "value": 7.0, "unit": "tasks/s", "over": 9,
        });
        let read = figures(&json!({ "figures": [figure] })).unwrap();
        assert_eq!(
            (read[0].id.as_str(), read[0].value, read[0].over),
            ("drain", 7.0, 9)
        );
        let error = figures(&json!({ "figures": [{ "id": "drain" }] })).unwrap_err();
        assert!(error.to_string().contains("drain"), "{error}");
    }
}
