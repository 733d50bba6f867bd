//! `dutiful periodic next`: reckoned here, from the schedule in the row.

use super::App;
use crate::failure::{Exit, Failure};
use crate::nearest::nearest;
use crate::output::time;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use dutiful::{PeriodicInfo, Timestamp};
use dutiful_core::Schedule;
use serde_json::json;
use std::time::SystemTime;

/// The arguments of `periodic next`.
#[derive(Debug, Args)]
pub(super) struct NextArgs {
    /// The name of the periodic task
    name: String,
    /// How many runs to reckon: 1 to 100
    #[arg(long, value_name = "N", default_value = "5",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    count: usize,
}

impl NextArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let all = place.periodic().await?;
        let Some(found) = all.iter().find(|one| one.name == self.name) else {
            return Err(missing(&self.name, &all));
        };
        let schedule = Schedule::from_text(&found.schedule).map_err(|error| {
            Failure::new(Exit::Failure, "decode", error.to_string())
                .fix("a newer program may have written it: use the `dutiful` that goes with it")
        })?;
        let now = Timestamp::from_system_time(SystemTime::now());
        let ticks = ticks(&schedule, now, self.count);
        let json = json!({
            "name": found.name,
            "task_name": found.task_name,
            "schedule": found.schedule,
            "paused": found.paused,
            "next": ticks,
        });
        app.output.data(&json, || {
            ticks
                .iter()
                .map(|at| time(Some(*at)) + "\n")
                .collect::<String>()
        })?;
        if found.paused {
            app.output
                .note("it is paused: it runs at none of these times until somebody resumes it");
        } else if ticks.is_empty() {
            app.output.note("its schedule names no further time");
        }
        Ok(())
    }
}

fn missing(name: &str, all: &[PeriodicInfo]) -> Failure {
    let failure = Failure::new(
        Exit::NotFound,
        "not_found",
        format!("there is no periodic task named `{name}`"),
    );
    match nearest(name, all.iter().map(|one| one.name.as_str())) {
        Some(near) => failure.fix(format!("did you mean `{near}`?")),
        None => failure.fix("`dutiful periodic` lists those that there are"),
    }
}

/// The first ticks after `now`.
fn ticks(schedule: &Schedule, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let first = schedule.next_after(now);
    std::iter::successors(first, |at| schedule.next_after(*at))
        .take(count)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_follow_one_another_on_the_clocks_of_the_zone() {
        let schedule = Schedule::cron("30 2 * * *", "Europe/Berlin").unwrap();
        let ticks = ticks(&schedule, "2026-03-28T00:00:00Z".parse().unwrap(), 3);
        let texts: Vec<String> = ticks.iter().map(|at| time(Some(*at))).collect();
        // On the 29th the clocks go from 02:00 to 03:00.
        assert_eq!(
            texts,
            [
                "2026-03-28 01:30:00",
                "2026-03-29 01:00:00",
                "2026-03-30 00:30:00"
            ]
        );
    }
}
