//! What is measured, one function for each situation.

use anyhow::{Context, Result};

use super::notes::{Notes, figures};
use super::sizes::{Sizes, patience};
use super::talker::Talker;
use super::{cost, idle, settings};
use crate::bench::base::{Base, Family};
use crate::bench::numbers::number;
use crate::bench::stage::Stage;

/// A situation.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Scene, &mut Notes) -> Result<()>,
}

/// Where it is measured, and with how much.
pub(crate) struct Scene<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) base: Base,
    pub(crate) sizes: Sizes,
}

/// In the order of the table.
pub(crate) const ALL: &[Scenario] = &[
    Scenario {
        name: BASE,
        run: base,
    },
    Scenario {
        name: "payloads",
        run: payloads,
    },
    Scenario {
        name: "backlog",
        run: backlog,
    },
    Scenario {
        name: "finished",
        run: finished,
    },
    Scenario {
        name: "waiting",
        run: waiting,
    },
    Scenario {
        name: "snapshot",
        run: snapshot,
    },
    Scenario {
        name: "names",
        run: names,
    },
    Scenario {
        name: "processes",
        run: processes,
    },
    Scenario {
        name: "idle",
        run: idle::measure,
    },
    Scenario {
        name: "cost",
        run: cost::measure,
    },
    Scenario {
        name: "settings",
        run: settings::measure,
    },
];

/// The scenario that others are held against.
pub(super) const BASE: &str = "base";
const DRAIN: &str = "drain";
/// Each stands or falls alone: under load a busy machine may not keep up.
const BASE_MEASURES: [&str; 3] = [
    "submit-one,submit-at-once,submit-bulk,submit-bulk-without-dedup,drain",
    "pick-up,pick-up-other-process",
    "load",
];
/// The memory of a bench is mostly that of its submitting; that of a worker is measured apart.
const PEAK_MEMORY: &str = "peak_memory";
const PAYLOADS: [u64; 3] = [100, 10_000, 200_000];

impl Scene<'_> {
    /// Measures in tables that the bench makes and drops.
    fn on_empty(&self, tasks: u64, only: &str, more: &[&str]) -> Result<serde_json::Value> {
        let url = self.stage.fresh(self.base)?;
        self.bench(&url, tasks, only, more)
    }

    pub(crate) fn bench(
        &self,
        url: &str,
        tasks: u64,
        only: &str,
        more: &[&str],
    ) -> Result<serde_json::Value> {
        let count = tasks.to_string();
        let mut words = vec!["--only", only, "--tasks", &count];
        words.extend(more);
        let outcome = self.stage.bench(url, &words, patience(tasks));
        outcome.with_context(|| format!("dutiful bench {}", words.join(" ")))
    }

    /// Notes all figures of what was measured but the memory, each against the one of the same id in the
    /// base run.
    fn note(
        &self,
        notes: &mut Notes,
        scenario: &str,
        told: &str,
        document: &serde_json::Value,
    ) -> Result<()> {
        for mut figure in figures(document)? {
            if figure.id == PEAK_MEMORY {
                continue;
            }
            figure.told = format!("{told}: {}", figure.told);
            let id = figure.id.clone();
            notes.add(scenario, figure, Some((BASE, &id)))?;
        }
        Ok(())
    }
}

fn base(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let mut failure = None;
    for (part, only) in BASE_MEASURES.into_iter().enumerate() {
        notes.part(part);
        match scene.on_empty(scene.sizes.tasks, only, &[]) {
            Ok(document) => {
                let mut all = figures(&document)?;
                all.retain(|figure| figure.id != PEAK_MEMORY);
                for mut figure in all {
                    figure.told = without_rate(&figure.told);
                    notes.add(BASE, figure, None)?;
                }
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), Err)
}

/// "wait at 25 % load (4,884/s), p50" without the rate, which differs from engine to engine.
fn without_rate(told: &str) -> String {
    let found = || {
        let (before, rest) = told.split_once(" (")?;
        let (_, after) = rest.split_once("/s)")?;
        Some(format!("{before}{after}"))
    };
    found().unwrap_or_else(|| told.to_owned())
}

fn payloads(scene: &Scene, notes: &mut Notes) -> Result<()> {
    for bytes in PAYLOADS {
        let tasks = scene.sizes.with_payload(bytes);
        let size = bytes.to_string();
        let document = scene.on_empty(tasks, "submit-bulk,drain", &["--payload-bytes", &size])?;
        let told = format!("payloads of {} bytes", number(bytes as f64));
        scene.note(notes, &format!("payload_{bytes}"), &told, &document)?;
    }
    Ok(())
}

fn backlog(scene: &Scene, notes: &mut Notes) -> Result<()> {
    for tasks in scene.sizes.backlogs() {
        let document = scene.on_empty(tasks, DRAIN, &[])?;
        let told = format!("{} tasks", number(tasks as f64));
        scene.note(notes, &format!("backlog_{tasks}"), &told, &document)?;
    }
    Ok(())
}

fn finished(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let rows = scene.sizes.finished;
    let told = format!("beside {} finished tasks", number(rows as f64));
    among(
        scene,
        notes,
        &format!("finished_{rows}"),
        &told,
        &[("finished", rows)],
    )
}

fn waiting(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let rows = scene.sizes.waiting;
    let count = number(rows as f64);
    let told = format!("beside {count} tasks for later and {count} of another name");
    let filled = [("later", rows), ("other", rows)];
    among(scene, notes, &format!("waiting_{rows}"), &told, &filled)
}

/// Drains in a table that holds other rows.
fn among(
    scene: &Scene,
    notes: &mut Notes,
    name: &str,
    told: &str,
    filled: &[(&str, u64)],
) -> Result<()> {
    let url = scene.stage.tables(scene.base)?;
    for (kind, rows) in filled {
        say!("{}: filling in {rows} rows: {kind}", scene.base.name());
        let words = ["fill", kind, &rows.to_string()];
        scene.stage.limits(&url, &words, patience(*rows))?;
    }
    let document = scene.bench(&url, scene.sizes.tasks, DRAIN, &["--on-existing"])?;
    scene.note(notes, name, told, &document)
}

/// A snapshot that is older than the tasks keeps all their versions.
fn snapshot(scene: &Scene, notes: &mut Notes) -> Result<()> {
    if scene.base.family() == Family::Sqlite {
        return Ok(());
    }
    let tasks = scene.sizes.under_snapshot();
    let count = number(tasks as f64);
    let free = format!("drain_{tasks}");
    let document = scene.on_empty(tasks, DRAIN, &[])?;
    scene.note(notes, &free, &format!("{count} tasks"), &document)?;

    let url = scene.stage.fresh(scene.base)?;
    let (_held, _) = Talker::start(&mut scene.stage.limits_command(&url, &["hold"]))?;
    let document = scene.bench(&url, tasks, DRAIN, &[])?;
    for mut figure in figures(&document)? {
        if figure.id == DRAIN {
            figure.told = format!(
                "{count} tasks while an old snapshot is held: {}",
                figure.told
            );
            notes.add(&format!("snapshot_{tasks}"), figure, Some((&free, DRAIN)))?;
        }
    }
    Ok(())
}

fn names(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let document = scene.on_empty(scene.sizes.tasks, "drain-100-names", &[])?;
    for figure in figures(&document)? {
        if figure.id != PEAK_MEMORY {
            notes.add("names", figure, Some((BASE, DRAIN)))?;
        }
    }
    Ok(())
}

fn processes(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let document = scene.on_empty(scene.sizes.tasks, "drain-4-processes", &[])?;
    for figure in figures(&document)? {
        let against = match figure.id.as_str() {
            PEAK_MEMORY => continue,
            "drain_1_process" => Some((BASE, DRAIN)),
            "drain_4_processes" => Some(("processes", "drain_1_process")),
            _ => None,
        };
        notes.add("processes", figure, against)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_scenarios_apart() {
        for (index, scenario) in ALL.iter().enumerate() {
            let same = |other: &Scenario| other.name == scenario.name;
            assert_eq!(ALL.iter().position(same), Some(index));
        }
    }

    #[test]
    fn rows_are_told_without_the_rate_of_an_engine() {
        let told = without_rate("wait at 25 % load (4884/s), p50");
        assert_eq!(told, "wait at 25 % load, p50");
        assert_eq!(without_rate("drain (no-op)"), "drain (no-op)");
    }
}
