//! The figures of a bench.

use super::usage::Usage;
use crate::output::{Column, Rows, Table, Tone, count};
use serde::Serialize;
use std::time::Duration;

const COLUMNS: [Column; 4] = [
    Column::text("MEASURED"),
    Column::number("FIGURE"),
    Column::word("UNIT"),
    Column::number("OVER"),
];

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    database: String,
    tasks: u64,
    figures: Vec<Figure>,
}

/// One measured value.
#[derive(Debug, Serialize)]
struct Figure {
    /// Its name for programs, which stays.
    id: String,
    /// Its name for people.
    measured: String,
    value: f64,
    unit: &'static str,
    /// How many tasks it was measured with.
    over: u64,
}

impl Report {
    pub(super) fn new(database: String, tasks: u64) -> Report {
        Report {
            database,
            tasks,
            figures: Vec::new(),
        }
    }

    /// Adds `tasks` done in `took` as a rate.
    pub(super) fn rate(&mut self, id: &str, measured: &str, tasks: u64, took: Duration) {
        let value = tasks as f64 / took.as_secs_f64().max(f64::EPSILON);
        self.add(id, measured.to_owned(), value.round(), "tasks/s", tasks);
    }

    /// Adds percentiles of some waits; the last one only where there are samples enough.
    pub(super) fn waits(&mut self, id: &str, measured: &str, mut samples: Vec<Duration>) {
        samples.sort_unstable();
        for (name, part, samples_min) in
            [("p50", 0.50, 0), ("p99", 0.99, 0), ("p999", 0.999, 1_000)]
        {
            if samples.len() < samples_min {
                continue;
            }
            let millis = percentile(&samples, part).as_secs_f64() * 1e3;
            let value = (millis * 1e3).round() / 1e3;
            self.add(
                &format!("{id}_{name}"),
                format!("{measured}, {name}"),
                value,
                "ms",
                samples.len() as u64,
            );
        }
    }

    /// Adds the median and the 95th percentile of looks.
    pub(super) fn looks(&mut self, id: &str, measured: &str, mut samples: Vec<Duration>) {
        samples.sort_unstable();
        for (name, part) in [("p50", 0.50), ("p95", 0.95)] {
            let millis = percentile(&samples, part).as_secs_f64() * 1e3;
            self.add(
                &format!("{id}_{name}"),
                format!("{measured}, {name}"),
                (millis * 1e3).round() / 1e3,
                "ms",
                self.tasks,
            );
        }
    }

    /// Adds the most memory that this process has used, where the system tells.
    pub(super) fn memory(&mut self) {
        if let Some(mib) = Usage::now().peak_memory_mib {
            self.mebibytes("peak_memory", "peak memory", mib);
        }
    }

    pub(super) fn mebibytes(&mut self, id: &str, measured: &str, mib: f64) {
        self.add(id, measured.to_owned(), mib.round(), "MiB", self.tasks);
    }

    /// Adds a share of one core that was used although there were no tasks.
    pub(super) fn percent(&mut self, id: &str, measured: &str, percent: f64) {
        let value = (percent * 1e3).round() / 1e3;
        self.add(id, measured.to_owned(), value, "%", 0);
    }

    fn add(&mut self, id: &str, measured: String, value: f64, unit: &'static str, over: u64) {
        self.figures.push(Figure {
            id: id.to_owned(),
            measured,
            value,
            unit,
            over,
        });
    }

    pub(super) fn text(&self) -> String {
        let mut table = Table::new(&COLUMNS, Rows::Cut);
        for figure in &self.figures {
            let value = match figure.unit {
                "ms" | "%" => format!("{:.3}", figure.value),
                _ => count(figure.value as u64),
            };
            table.row([
                (figure.measured.clone(), Tone::Plain),
                (value, Tone::Good),
                (figure.unit.to_owned(), Tone::Dim),
                (count(figure.over), Tone::Dim),
            ]);
        }
        format!("{}\n\n{}", self.database, table.text())
    }
}

/// The smallest sample that at least `part` of all samples do not exceed; they are sorted.
fn percentile(sorted: &[Duration], part: f64) -> Duration {
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_sample_that_was_seen() {
        let samples: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&samples, 0.50), Duration::from_millis(50));
        assert_eq!(percentile(&samples, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&samples[..1], 0.99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
