//! `dutiful types` and `dutiful types check`.

mod check;

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, elapsed};
use crate::tasks::TaskType;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::time::Duration;

const COLUMNS: [Column; 6] = [
    Column::text("TASK"),
    Column::number("VERSION"),
    Column::number("PRIORITY"),
    Column::number("RETRIES"),
    Column::number("AT ONCE"),
    Column::word("TIMEOUT"),
];

/// The arguments of `types`.
#[derive(Debug, Args)]
pub(super) struct TypesArgs {
    #[command(subcommand)]
    command: Option<TypesCommand>,
}

/// What else can be done with types.
#[derive(Debug, Subcommand)]
enum TypesCommand {
    /// Look for stored tasks that this binary could not run, before it is deployed
    Check(check::CheckArgs),
}

impl TypesArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        match self.command {
            Some(TypesCommand::Check(args)) => args.run(app).await,
            None => run(app).await,
        }
    }
}

/// The task types that this binary knows, or the server; their schemas are in the JSON.
async fn run(app: &App) -> Result<(), Failure> {
    let types = match app.remote()? {
        Some(remote) => remote.task_types().await?.task_types,
        None => app.tasks.all().iter().map(described).collect(),
    };
    app.output
        .data(&json!({ "task_types": types }), || table(&types))
}

fn described(known: &TaskType) -> Value {
    json!({
        "task_name": known.name,
        "emoji": known.emoji,
        "payload_schema": known.schema(),
        "payload_version": known.version,
        "priority": known.priority,
        "max_retries": known.max_retries,
        "batch_size": known.batch_size,
        "timeout": known.timeout.as_secs_f64(),
    })
}

fn table(types: &[Value]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for known in types {
        let word = |name: &str| known[name].as_str().unwrap_or_default().to_owned();
        let timeout = known["timeout"].as_f64().unwrap_or_default();
        let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
        table.row([
            (
                format!("{} {}", word("emoji"), word("task_name")),
                Tone::Plain,
            ),
            (known["payload_version"].to_string(), Tone::Plain),
            (known["priority"].to_string(), Tone::Plain),
            (known["max_retries"].to_string(), Tone::Plain),
            (known["batch_size"].to_string(), Tone::Plain),
            (elapsed(timeout), Tone::Plain),
        ]);
    }
    table.text()
}
