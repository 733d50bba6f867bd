//! `dutiful pause` and `dutiful resume`.

use super::{App, actor};
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, time};
use clap::Args;
use dutiful::{Client, PausedName};
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
        let client = app.settings.connect().await?;
        for name in &self.names {
            client.pause(name, &actor()).await?;
            if app.tasks.named(name).is_none() {
                let near = app.tasks.nearest(name);
                let near =
                    near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                app.output
                    .note(&format!("this binary does not know `{name}`{near}"));
            }
        }
        tell(app, &client).await
    }
}

impl ResumeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        for name in &self.names {
            client.resume(name).await?;
        }
        tell(app, &client).await
    }
}

/// What is paused now.
async fn tell(app: &App, client: &Client) -> Result<(), Failure> {
    let paused = client.paused().await?;
    app.output
        .data(&json!({ "paused": &paused }), || table(&paused))?;
    if paused.is_empty() {
        app.output.note("no task name is paused");
    }
    Ok(())
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
