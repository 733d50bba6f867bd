//! `dutiful periodic next`: reckoned by its schedule, from the database's time on.

use super::{App, failed, missing};
use crate::failure::Failure;
use crate::output::time;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::json;

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
        let ticks = match place.periodic_next(&self.name, self.count).await {
            Ok(ticks) => ticks,
            Err(failure) => return Err(failed(&place, &self.name, failure).await),
        };
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
