//! The four measurements. Clocks begin and end where those of `dutiful bench` do.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::options::Options;
use crate::peer::{Peer, Purpose};
use crate::ran;
use crate::usage::{Usage, peak_memory_mb};

/// Tasks a call of submitting in bulk.
const BULK: u64 = 1_000;
/// How often it is looked whether the last outcomes are stored.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Outcomes that are not stored by then never will be.
const STORE_MAX: Duration = Duration::from_secs(60);
/// A worker is idle by then.
const SETTLE_IN: Duration = Duration::from_millis(1_500);
/// Between two submissions the worker becomes idle again.
const PAUSE: Duration = Duration::from_millis(15);
/// A task that has not started by then never will.
const PICK_UP_MAX: Duration = Duration::from_secs(30);

/// Takes the measurement of that name and prints its line.
pub(crate) async fn take<P: Peer>(
    url: &str,
    name: &str,
    tasks: u64,
    mut options: Options,
) -> Result<()> {
    let mut peer = P::connect(url, &mut options).await?;
    // Settings of the worker mean nothing where none is started.
    let is_worked = matches!(name, "drain" | "pick-up");
    let figures = match name {
        "submit-one" => submit_one(&mut peer, tasks).await?,
        "bulk" => bulk(&mut peer, tasks).await?,
        "drain" => drain(&mut peer, tasks, &mut options).await?,
        "pick-up" => pick_up(&mut peer, tasks, &mut options).await?,
        _ => bail!("nothing is called {name}: there are submit-one, bulk, drain, pick-up"),
    };
    if is_worked {
        options.check()?;
    }
    let mut line = Map::new();
    line.insert("peer".to_owned(), json!(P::NAME));
    line.insert("engine".to_owned(), json!(url.split(':').next()));
    line.insert("measure".to_owned(), json!(name));
    line.insert("settings".to_owned(), json!(options.told()));
    line.insert("tasks".to_owned(), json!(tasks));
    line.extend(figures);
    println!("{}", Value::Object(line));
    Ok(())
}

async fn submit_one<P: Peer>(peer: &mut P, tasks: u64) -> Result<Map<String, Value>> {
    let usage = Usage::begin()?;
    let begun = Instant::now();
    for number in 0..tasks {
        peer.submit(number).await?;
    }
    rate(tasks, begun.elapsed(), &usage)
}

async fn bulk<P: Peer>(peer: &mut P, tasks: u64) -> Result<Map<String, Value>> {
    let usage = Usage::begin()?;
    let begun = Instant::now();
    submit_all(peer, tasks).await?;
    rate(tasks, begun.elapsed(), &usage)
}

async fn submit_all<P: Peer>(peer: &mut P, tasks: u64) -> Result<()> {
    let mut first = 0;
    while first < tasks {
        let end = tasks.min(first + BULK);
        peer.submit_many(first..end).await?;
        first = end;
    }
    Ok(())
}

/// From the start of the first handler to the last stored outcome.
async fn drain<P: Peer>(
    peer: &mut P,
    tasks: u64,
    options: &mut Options,
) -> Result<Map<String, Value>> {
    submit_all(peer, tasks).await?;
    peer.before_drain().await?;
    ran::expect(tasks);
    let usage = Usage::begin()?;
    peer.work(Purpose::Drain, options).await?;
    let first = ran::all().await?;
    let all_ran = Instant::now();
    while !peer.all_finished(tasks).await? {
        if all_ran.elapsed() > STORE_MAX {
            bail!("all {tasks} tasks ran, but their outcomes are not stored");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    rate(tasks, first.elapsed(), &usage)
}

fn rate(tasks: u64, took: Duration, usage: &Usage) -> Result<Map<String, Value>> {
    let seconds = took.as_secs_f64().max(f64::EPSILON);
    let mut figures = resources(usage)?;
    figures.insert("seconds".to_owned(), json!(seconds));
    let per_second = (tasks as f64 / seconds).round();
    figures.insert("per_second".to_owned(), json!(per_second));
    Ok(figures)
}

fn resources(usage: &Usage) -> Result<Map<String, Value>> {
    let mut figures = Map::new();
    let hundredths = |value: f64| (value * 100.0).round() / 100.0;
    let memory = hundredths(peak_memory_mb()?);
    figures.insert("peak_memory_mb".to_owned(), json!(memory));
    let cores = hundredths(usage.cores()?);
    figures.insert("own_cores".to_owned(), json!(cores));
    Ok(figures)
}

/// From the return of the submitting call to the start of the handler, in the same process. A
/// handler that starts before has not kept anybody waiting.
async fn pick_up<P: Peer>(
    peer: &mut P,
    samples: u64,
    options: &mut Options,
) -> Result<Map<String, Value>> {
    let mut starts = ran::starts()?;
    let usage = Usage::begin()?;
    peer.work(Purpose::PickUp, options).await?;
    tokio::time::sleep(SETTLE_IN).await;
    let mut waits = Vec::new();
    // The first one finds the worker still starting and is not counted.
    for number in 0..=samples {
        tokio::time::sleep(PAUSE).await;
        peer.submit(number).await?;
        let stored = Instant::now();
        let start = tokio::time::timeout(PICK_UP_MAX, starts.recv()).await;
        let start = start.context("an idle worker did not start a task")?;
        let start = start.context("the worker is gone")?;
        if number > 0 {
            waits.push(start.saturating_duration_since(stored));
        }
    }
    waits.sort_unstable();
    let mut figures = resources(&usage)?;
    for (name, part) in [("p50_ms", 0.50), ("p99_ms", 0.99)] {
        figures.insert(name.to_owned(), json!(percentile_ms(&waits, part)));
    }
    Ok(figures)
}

/// The smallest wait that at least `part` of all waits do not exceed; they are sorted.
fn percentile_ms(sorted: &[Duration], part: f64) -> f64 {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    let wait = sorted.get(rank.saturating_sub(1)).copied();
    (wait.unwrap_or_default().as_secs_f64() * 1e6).round() / 1e3
}
