//! What a task costs a server: statements, round trips, log and versions of rows, by its own counters.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use super::notes::{Figure, Notes, figures};
use super::scenarios::Scene;
use super::sizes::patience;
use super::talker::Talker;
use crate::bench::base::Family;
use crate::runner::interrupted;

const SCENARIO: &str = "cost";
/// PostgreSQL's sessions tell what they have counted when they have ended, a moment later.
const TOLD_IN: Duration = Duration::from_millis(1_500);
/// Everything that any engine counts, in the order of the table.
const COUNTS: [&str; 9] = [
    "statements",
    "prepared_executed",
    "transactions",
    "round_trips",
    "log_bytes",
    "rows_inserted",
    "rows_updated",
    "rows_updated_hot",
    "rows_deleted",
];
/// Fewer changed rows a task than this are not the tasks'.
const OF_ITS_OWN: f64 = 0.01;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Counts on the way to a database.
pub(super) struct Meter<'a> {
    scene: &'a Scene<'a>,
    url: String,
    /// None on SQLite, which has no round trips.
    turns: Option<Talker>,
    /// The address of the counted way.
    pub(super) by_turns: String,
    /// On SQLite a reader from before, so that the log only grows.
    _held: Option<Talker>,
}

impl<'a> Meter<'a> {
    /// Counts on tables that are there.
    pub(super) fn begin(scene: &'a Scene<'a>, url: String) -> Result<Meter<'a>> {
        let start = |word| Talker::start(&mut scene.stage.limits_command(&url, &[word]));
        let (mut turns, mut held, mut by_turns) = (None, None, url.clone());
        if scene.base.family() == Family::Sqlite {
            held = Some(start("hold")?.0);
        } else {
            let (talker, ready) = start("turns")?;
            by_turns = ready["url"].as_str().unwrap_or_default().to_owned();
            turns = Some(talker);
        }
        Ok(Meter {
            scene,
            url,
            turns,
            by_turns,
            _held: held,
        })
    }

    /// All counts, by name.
    pub(super) fn read(&mut self) -> Result<Vec<(String, f64)>> {
        let limits = |words: &[&str]| self.scene.stage.limits(&self.url, words, patience(0));
        let mut counts = numbers(&limits(&["counters"])?);
        if let Some(turns) = &mut self.turns {
            counts.extend(numbers(&turns.ask()?));
        }
        Ok(counts)
    }
}

pub(super) fn numbers(object: &Value) -> Vec<(String, f64)> {
    let fields = object.as_object().into_iter().flatten();
    fields
        .filter_map(|(name, value)| Some((name.clone(), value.as_f64()?)))
        .collect()
}

pub(super) fn measure(scene: &Scene, notes: &mut Notes) -> Result<()> {
    one_by_one(scene, notes)?;
    in_bulk_and_drained(scene, notes)
}

fn one_by_one(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let mut meter = Meter::begin(scene, scene.stage.tables(scene.base)?)?;
    let before = meter.read()?;
    let over = submit(scene, &meter.by_turns, "submit-one")?;
    sleep(TOLD_IN);
    let done = Done {
        id: "submit_one",
        told: "submitted, one by one",
        over,
        order: 0,
    };
    note(notes, &done, &before, &meter.read()?)
}

fn in_bulk_and_drained(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let mut meter = Meter::begin(scene, scene.stage.tables(scene.base)?)?;
    let before = meter.read()?;
    let over = submit(scene, &meter.by_turns, "submit-bulk")?;
    sleep(TOLD_IN);
    let submitted = meter.read()?;
    let done = Done {
        id: "submit_bulk",
        told: "submitted, 1,000 in a call",
        over,
        order: 1,
    };
    note(notes, &done, &before, &submitted)?;
    drain(scene, &meter.by_turns, over)?;
    sleep(TOLD_IN);
    let done = Done {
        id: "drain",
        told: "drained",
        over,
        order: 2,
    };
    note(notes, &done, &submitted, &meter.read()?)
}

/// Submits, and leaves the tasks; tells how many.
fn submit(scene: &Scene, url: &str, measure: &str) -> Result<u64> {
    let document = scene.bench(url, scene.sizes.tasks, measure, &["--on-existing"])?;
    let over = figures(&document)?.first().map_or(0, |figure| figure.over);
    ensure!(over > 0, "nothing was submitted");
    Ok(over)
}

/// A worker of its own runs what waits, and has ended before the server is asked what it has counted.
fn drain(scene: &Scene, url: &str, tasks: u64) -> Result<()> {
    let (mut worker, _) = Talker::start(&mut scene.stage.worker(url, "one"))?;
    let (begun, most) = (Instant::now(), patience(tasks));
    while worker.ask()?["succeeded"].as_u64() < Some(tasks) {
        if interrupted() || begun.elapsed() > most {
            bail!("the worker has not drained {tasks} tasks");
        }
        sleep(LOOK_EVERY);
    }
    Ok(())
}

/// What was done to tasks, and to how many.
struct Done {
    id: &'static str,
    told: &'static str,
    over: u64,
    /// Where its rows stand among those of the others.
    order: usize,
}

/// Notes what each count grew by, for each task.
fn note(
    notes: &mut Notes,
    done: &Done,
    before: &[(String, f64)],
    after: &[(String, f64)],
) -> Result<()> {
    let grown = grown(before, after);
    for (index, name) in COUNTS.into_iter().enumerate() {
        let Some((_, value)) = grown.iter().find(|(grown, _)| grown == name) else {
            continue;
        };
        notes.part(done.order * COUNTS.len() + index);
        let value = value / done.over as f64;
        // What the worker writes about itself.
        if name.starts_with("rows") && value < OF_ITS_OWN {
            continue;
        }
        let what = name.replace('_', " ");
        let figure = Figure {
            id: format!("{}_{name}", done.id),
            told: format!("{what} for each task {}", done.told),
            value,
            unit: String::new(),
            over: done.over,
        };
        notes.add(SCENARIO, figure, None)?;
    }
    Ok(())
}

/// By how much each count grew.
pub(super) fn grown(before: &[(String, f64)], after: &[(String, f64)]) -> Vec<(String, f64)> {
    let find = |name: &str| before.iter().find(|(before, _)| before == name);
    after
        .iter()
        .filter_map(|(name, after)| Some((name.clone(), after - find(name)?.1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn counts_are_told_by_how_much_they_grew() {
        let before = numbers(&json!({ "log_bytes": 10, "gone": 1 }));
        let after = numbers(&json!({ "log_bytes": 25, "new": 1, "text": "a" }));
        assert_eq!(grown(&before, &after), [("log_bytes".to_owned(), 15.0)]);
    }
}
