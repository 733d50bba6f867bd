//! The page and the picture that show what was measured.

use std::fmt::Write;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;

use super::all::table;
use super::base::Base;
use super::chart::{self, Bar, Group};
use super::figure::Figure;
use super::machine;
use super::numbers::{Spread, number};
use super::record::{self, Book, Record, Side};

/// The files of records in the folder of results.
pub(crate) const PEERS: &str = "peers.jsonl";
pub(crate) const LIMITS: &str = "limits.jsonl";
pub(crate) const ALL: &str = "all.jsonl";

const PAGE: &str = "benchmarks.md";
const PICTURE: &str = "benchmarks.svg";
const DUTIFUL: &str = "Dutiful";

/// Everything that was measured on one engine.
struct Chapter {
    engine: String,
    peers: Vec<Record>,
    limits: Vec<Record>,
}

/// Writes page and picture from all records of the folder of results.
pub(crate) fn write(folder: &Path, results: &Path) -> Result<()> {
    let peers = Book::open(results.join(PEERS))?.records;
    let limits = Book::open(results.join(LIMITS))?.records;
    let all = Book::open(results.join(ALL))?.records;
    let of = |records: &[Record], engine: &str| -> Vec<Record> {
        let mut all: Vec<Record> = records.to_vec();
        all.retain(|record| record.engine == engine);
        all.sort_by_key(|record| record.figure);
        all
    };
    let chapters = Base::value_variants().iter().map(|base| Chapter {
        peers: of(&peers, &base.name()),
        limits: of(&limits, &base.name()),
        engine: base.name(),
    });
    let mut chapters: Vec<Chapter> = chapters.collect();
    chapters.retain(|chapter| !chapter.peers.is_empty() || !chapter.limits.is_empty());
    let groups: Vec<Group> = chapters.iter().filter_map(group).collect();
    record::write(&folder.join(PICTURE), &chart::draw(&groups))?;
    let path = folder.join(PAGE);
    record::write(&path, &(text(&chapters)? + &table::section(&all)?))?;
    say!("written: {}", path.display());
    Ok(())
}

fn text(chapters: &[Chapter]) -> Result<String> {
    let mut text = format!(
        "# Benchmarks\n\n\
         <!-- Written by `cargo xtask bench`: run it again instead of editing. -->\n\n\
         ![Drain rates of Dutiful, its peers and the bare drivers]({PICTURE})\n\n\
         Dutiful runs with its defaults: results stored, finished tasks kept, dedup on, every commit on the disk. \
         Each peer\nhas the settings that were found best for it. Both sides did the same work in turn on the same \
         server, each on an empty\ndatabase; a value is the median (lowest to highest) of all runs, a ratio that of \
         the pairs. What is equal and what is not\nis told in [bench/README.md](../bench/README.md).\n\n\
         Machine: {}.\n\n\
         To repeat it (an hour or two; the servers are fetched and started by it):\n\n\
         ```sh\ncargo xtask bench peers\ncargo xtask bench limits\ncargo xtask bench all\n```\n",
        machine::told()?
    );
    for chapter in chapters {
        tell(&mut text, chapter)?;
    }
    Ok(text)
}

fn tell(text: &mut String, chapter: &Chapter) -> Result<()> {
    let all = || chapter.peers.iter().chain(&chapter.limits);
    let server = all().map(|record| record.server.as_str()).next();
    let last = all().map(|record| record.date.as_str()).max();
    write!(
        text,
        "\n## {}\n\nMeasured until {}, {}.\n",
        server.unwrap_or(&chapter.engine),
        last.unwrap_or_default(),
        pairs(all())
    )?;
    if !chapter.peers.is_empty() {
        text.push_str(
            "\n| measured | peer | the peer | Dutiful | Dutiful is better by | tasks (peer; Dutiful) |\n\
             |---|---|---|---|---|---|\n",
        );
        for record in &chapter.peers {
            writeln!(text, "{}", row(record, &record.rival, " times"))?;
        }
        memory(text, chapter)?;
    }
    if !chapter.limits.is_empty() {
        text.push_str(
            "\n| measured | the bare driver's statements | the bare driver | Dutiful | share of the limit \
             | tasks (driver; Dutiful) |\n|---|---|---|---|---|---|\n",
        );
        for record in &chapter.limits {
            let statements = format!("{}: {}", record.version, record.settings);
            writeln!(text, "{}", row(record, &statements, ""))?;
        }
    }
    Ok(())
}

/// "5 pairs", or "1 to 5 pairs" where runs of different length are shown together.
fn pairs<'a>(records: impl Iterator<Item = &'a Record>) -> String {
    let counts: Vec<usize> = records
        .map(|record| record.sides.rival.values.len())
        .collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(min), Some(max)) if min != max => format!("{min} to {max} pairs"),
        (Some(1), _) => "1 pair".to_owned(),
        (Some(count), _) => format!("{count} pairs"),
        _ => "no pairs".to_owned(),
    }
}

fn row(record: &Record, rival: &str, unit_of_ratio: &str) -> String {
    let (unit, write): (_, fn(f64) -> String) = if record.figure.is_rate() {
        ("/s", number)
    } else {
        (" ms", |value| format!("{value:.2}"))
    };
    let value = |side: &Side| {
        let spread = Spread::of(&side.values).map(|spread| spread.told(write, unit));
        spread.unwrap_or_default()
    };
    let advantage = record
        .advantages()
        .map(|spread| spread.told(number, unit_of_ratio));
    let sides = &record.sides;
    format!(
        "| {} | {rival} | {} | {} | {} | {}; {} |",
        record.figure.told(),
        value(&sides.rival),
        value(&sides.dutiful),
        advantage.unwrap_or_default(),
        number(sides.rival.tasks as f64),
        number(sides.dutiful.tasks as f64),
    )
}

/// Versions and settings of the peers, and the memory of all who drain.
fn memory(text: &mut String, chapter: &Chapter) -> Result<()> {
    text.push_str(
        "\n| while draining | version | settings | peak memory of the worker, MB |\n|---|---|---|---|\n",
    );
    let told = |memory: Option<f64>| memory.map_or_else(|| "unknown".to_owned(), number);
    let drains = || {
        chapter
            .peers
            .iter()
            .filter(|record| record.figure == Figure::Drain)
    };
    let ours = drains().filter_map(|record| record.sides.dutiful.peak_memory_mb);
    let ours = ours.reduce(f64::max);
    writeln!(
        text,
        "| {DUTIFUL} | {} | defaults | {} |",
        env!("CARGO_PKG_VERSION"),
        told(ours)
    )?;
    for record in drains() {
        let memory = told(record.sides.rival.peak_memory_mb);
        let (rival, version, settings) = (&record.rival, &record.version, &record.settings);
        writeln!(text, "| {rival} | {version} | {settings} | {memory} |")?;
    }
    Ok(())
}

/// The bars of an engine, the longest first.
fn group(chapter: &Chapter) -> Option<Group> {
    let drains = |records: &[Record]| -> Vec<Record> {
        let mut drains = records.to_vec();
        drains.retain(|record| record.figure == Figure::Drain);
        drains
    };
    let (peers, limits) = (drains(&chapter.peers), drains(&chapter.limits));
    let all = || peers.iter().chain(&limits);
    let ours: Vec<f64> = all()
        .flat_map(|record| record.sides.dutiful.values.clone())
        .collect();
    let mut bars = vec![Bar::new(
        DUTIFUL,
        Spread::of(&ours)?.median,
        chart::Kind::Ours,
    )];
    let mut add = |name: &str, values: &[f64], kind| {
        bars.extend(Spread::of(values).map(|spread| Bar::new(name, spread.median, kind)));
    };
    for record in &peers {
        add(&record.rival, &record.sides.rival.values, chart::Kind::Peer);
    }
    for record in &limits {
        let name = format!("bare driver, {}", record.rival);
        add(&name, &record.sides.rival.values, chart::Kind::Limit);
    }
    bars.sort_by(|one, other| other.value.total_cmp(&one.value));
    let title = all().next()?.server.clone();
    Some(Group { title, bars })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::Sides;

    #[test]
    fn a_row_tells_both_sides_and_the_ratio_of_the_pairs() {
        let side = |tasks, values: &[f64]| Side {
            tasks,
            values: values.to_vec(),
            peak_memory_mb: None,
        };
        let record = Record {
            engine: "sqlite".to_owned(),
            server: "SQLite 3".to_owned(),
            figure: Figure::Drain,
            rival: "one".to_owned(),
            version: "1.0".to_owned(),
            settings: String::new(),
            date: "2025-01-01".to_owned(),
            sides: Sides {
                rival: side(5_000, &[1_000.0, 2_000.0, 4_000.0]),
                dutiful: side(50_000, &[3_000.0, 8_000.0, 4_000.0]),
            },
        };
        assert_eq!(
            row(&record, &record.rival, " times"),
            "| drain | one | 2,000/s (1,000 to 4,000) | 4,000/s (3,000 to 8,000) \
             | 3.00 times (1.00 to 4.00) | 5,000; 50,000 |"
        );
        assert_eq!(pairs([&record].into_iter()), "3 pairs");
    }
}
