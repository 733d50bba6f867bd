//! `retry`, `cancel`, `run-now` and `delete` on all tasks that fit a filter: a preview, a question, an operation.

use super::list::{state, status};
use super::{App, operations, tasks};
use crate::failure::Failure;
use crate::output::{confirm, count};
use crate::remote::Preview;
use crate::values;
use clap::Args;
use dutiful::{BulkAction, Filter, State, Status, Timestamp};
use serde_json::json;
use std::time::SystemTime;

/// Which tasks, in place of ids.
#[derive(Debug, Args)]
#[command(next_help_heading = "In place of ids")]
#[group(id = "where", multiple = true)]
pub(super) struct WhereArgs {
    /// All tasks
    #[arg(long)]
    all: bool,
    /// Only tasks of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only tasks in these states
    #[arg(long, value_name = "STATE,...", value_delimiter = ',', value_parser = state)]
    state: Vec<State>,
    /// Only tasks with this stored status: not_started, success, error
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<Status>,
    /// Only tasks with this text in their payload or error message
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only tasks that were created at this time or later
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    created_after: Option<SystemTime>,
    /// Only tasks that were created before this time
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    created_before: Option<SystemTime>,
    /// Only tasks that ended at this time or later
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    finished_after: Option<SystemTime>,
    /// Only tasks that ended before this time
    #[arg(long, value_name = "TIME", value_parser = values::time)]
    finished_before: Option<SystemTime>,
}

impl WhereArgs {
    fn filter(&self) -> Filter {
        let time = |time: Option<SystemTime>| time.map(Timestamp::from_system_time);
        let mut filter = Filter::new().states(&self.state);
        if let Some(name) = &self.name {
            filter = filter.task_name(name);
        }
        if let Some(status) = self.status {
            filter = filter.status(status);
        }
        if let Some(text) = &self.text {
            filter = filter.text(text);
        }
        if let Some(time) = time(self.created_after) {
            filter = filter.created_after(time);
        }
        if let Some(time) = time(self.created_before) {
            filter = filter.created_before(time);
        }
        if let Some(time) = time(self.finished_after) {
            filter = filter.finished_after(time);
        }
        match time(self.finished_before) {
            Some(time) => filter.finished_before(time),
            None => filter,
        }
    }

    /// Previews, asks, starts the operation and works on it until it has ended.
    pub(super) async fn run(
        &self,
        app: &App,
        action: BulkAction,
        dry_run: bool,
        yes: bool,
    ) -> Result<(), Failure> {
        let place = app.place().await?;
        let mut preview = place.bulk_preview(action, &self.filter()).await?;
        for task in &mut preview.tasks {
            app.settings.redact.task(task);
        }
        if dry_run || (preview.exact && preview.count == 0) {
            return tell(app, action, &preview, dry_run);
        }
        let question = format!("{action} {}?", how_many(&preview));
        if !yes {
            app.output.note(&tasks::table(&preview.tasks));
            confirm(&question).await?;
        }
        let operation = place.bulk(&preview.token).await?;
        operations::follow(app, &place, operation).await
    }
}

/// What would be done, and that nothing was.
fn tell(app: &App, action: BulkAction, preview: &Preview, dry_run: bool) -> Result<(), Failure> {
    let data = json!({
        "action": action.name(),
        "count": preview.count,
        "exact": preview.exact,
        "tasks": preview.tasks,
        "dry_run": dry_run,
    });
    app.output.data(&data, || match preview.count {
        0 if preview.exact => "no task fits\n".to_owned(),
        _ => {
            let table = tasks::table(&preview.tasks);
            format!(
                "{action} {}, the newest of them:\n{table}",
                how_many(preview)
            )
        }
    })
}

fn how_many(preview: &Preview) -> String {
    let more = if preview.exact { "" } else { "more than " };
    let plural = if preview.count == 1 { "" } else { "s" };
    format!("{more}{} task{plural}", count(preview.count))
}
