//! `dutiful list`.

use super::{App, tasks};
use crate::failure::Failure;
use crate::output::count;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use dutiful::{Filter, State, Status};

/// The arguments of `list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only tasks of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only tasks in these states: held, scheduled, queued, running, retrying, succeeded, failed,
    /// invalid, discarded, cancelled, quarantined
    #[arg(long, value_name = "STATE,...", value_delimiter = ',', value_parser = state)]
    state: Vec<State>,
    /// Only tasks with this stored status: not_started, success, error
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<Status>,
    /// Only tasks with this text in their payload or error message
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// How many at most: 1 to 200
    #[arg(long, value_name = "N", default_value = "50",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=200))]
    limit: usize,
    /// Tell how many there are, up to 10,000, in place of a list
    #[arg(long, conflicts_with_all = ["limit", "after"])]
    count: bool,
    /// Go on where a page ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl ListArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        if self.count {
            let counted = place.count(&self.filter()).await?;
            let at_least = if counted.capped { "at least " } else { "" };
            return app
                .output
                .data(&counted, || format!("{at_least}{}\n", count(counted.count)));
        }
        let mut page = place.list(&self.filter()).await?;
        for task in &mut page.tasks {
            app.settings.redact.task(task);
        }
        app.output.data(&page, || tasks::table(&page.tasks))?;
        if let Some(next) = &page.next {
            app.output
                .note(&format!("there may be more: add --after {next}"));
        } else if page.tasks.is_empty() {
            app.output.note("no task fits");
        }
        Ok(())
    }

    fn filter(self) -> Filter {
        let mut filter = Filter::new().limit(self.limit);
        if let Some(name) = &self.name {
            filter = filter.task_name(name);
        }
        if !self.state.is_empty() {
            filter = filter.states(&self.state);
        }
        if let Some(status) = self.status {
            filter = filter.status(status);
        }
        if let Some(text) = &self.text {
            filter = filter.text(text);
        }
        if let Some(cursor) = &self.after {
            filter = filter.after(cursor);
        }
        filter
    }
}

pub(super) fn state(text: &str) -> Result<State, String> {
    text.parse::<State>().map_err(|error| error.to_string())
}

pub(super) fn status(text: &str) -> Result<Status, String> {
    text.parse::<Status>().map_err(|error| error.to_string())
}
