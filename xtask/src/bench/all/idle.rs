//! What a worker costs that has nothing to do: its processor time, and what it asks of the server.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::cost::{Meter, grown};
use super::notes::{Figure, Notes, figures};
use super::scenarios::Scene;
use super::talker::Talker;
use crate::bench::base::Family;
use crate::runner::interrupted;

const SCENARIO: &str = "idle";
/// When a worker has just started it looks around more often.
const SETTLES_IN: Duration = Duration::from_secs(2);
const SECONDS: u64 = 20;
/// What tells of traffic; an idle worker hardly changes rows.
const ASKED: [&str; 3] = ["statements", "transactions", "round_trips"];

pub(super) fn measure(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let url = scene.stage.fresh(scene.base)?;
    let document = scene.bench(&url, scene.sizes.tasks, "idle-cpu", &[])?;
    let mut all = figures(&document)?;
    all.retain(|figure| figure.id == "idle_cpu");
    for figure in all {
        notes.add(SCENARIO, figure, None)?;
    }
    if scene.base.family() == Family::Sqlite {
        return Ok(());
    }
    traffic(scene, notes)
}

fn traffic(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let mut meter = Meter::begin(scene, scene.stage.tables(scene.base)?)?;
    let (_worker, _) = Talker::start(&mut scene.stage.worker(&meter.by_turns, "hundred"))?;
    sleep(SETTLES_IN);
    // Reading costs something too: what it costs is known from two readings in a row.
    let first = meter.read()?;
    let (second, begun) = (meter.read()?, Instant::now());
    for _ in 0..SECONDS {
        sleep(Duration::from_secs(1));
        ensure!(!interrupted(), "interrupted");
    }
    let (third, seconds) = (meter.read()?, begun.elapsed().as_secs_f64());
    let reading = grown(&first, &second);
    for (name, count) in grown(&second, &third) {
        let own = reading.iter().find(|(other, _)| *other == name);
        if !ASKED.contains(&name.as_str()) {
            continue;
        }
        let what = name.replace('_', " ");
        let figure = Figure {
            id: format!("idle_{name}"),
            told: format!("{what} a second of an idle worker, 100 names"),
            value: (count - own.map_or(0.0, |(_, own)| *own)).max(0.0) / seconds,
            unit: String::new(),
            over: 0,
        };
        notes.add(SCENARIO, figure, None)?;
    }
    Ok(())
}
