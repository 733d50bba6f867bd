//! `dutiful pause` and `dutiful resume`.

use super::App;
use super::place::{Place, TaskNames};
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::output::{Column, Rows, Table, Tone, time};
use clap::Args;
use dutiful::PausedName;
use serde_json::json;

const COLUMNS: [Column; 3] = [
    Column::text("TASK"),
    Column::word("PAUSED (UTC)"),
    Column::text("BY"),
];

/// The arguments of `pause`.
#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    /// The task names; without one, those that are paused are listed
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// The arguments of `resume`.
#[derive(Debug, Args)]
pub(super) struct ResumeArgs {
    /// The task names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

impl PauseArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        for name in &self.names {
            place.pause(name).await?;
        }
        let TaskNames { who, known, .. } = tell(app, &place, &self.names).await?;
        for name in self.names.iter().filter(|name| !known.contains(name)) {
            let near = nearest(name, known.iter().map(String::as_str));
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            app.output
                .note(&format!("{who} does not know `{name}`{near}"));
        }
        Ok(())
    }
}

impl ResumeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        for name in &self.names {
            place.resume(name).await?;
        }
        tell(app, &place, &self.names).await.map(drop)
    }
}

/// Tells what is paused now.
async fn tell(app: &App, place: &Place, done: &[String]) -> Result<TaskNames, Failure> {
    let names = place.task_names(app).await;
    let names = names.map_err(|failure| match done {
        [] => failure,
        // A token may be good for the one and not for the other.
        _ => failure.at("it is done, and what is paused now cannot be told"),
    })?;
    let paused = &names.paused;
    app.output
        .data(&json!({ "paused": paused }), || table(paused))?;
    if paused.is_empty() {
        app.output.note("no task name is paused");
    }
    Ok(names)
}

fn table(paused: &[PausedName]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for one in paused {
        table.row([
            (one.task_name.clone(), Tone::Plain),
            (time(Some(one.paused_at)), Tone::Dim),
            (one.paused_by.clone(), Tone::Plain),
        ]);
    }
    table.text()
}
