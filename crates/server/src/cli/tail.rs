//! `dutiful tail`: follows what happens, and prints each task that has changed as it is then.

mod follow;
mod print;
mod seen;

use super::App;
use super::list::state;
use super::place::Place;
use crate::failure::{Exit, Failure};
use crate::signals::interrupted;
use crate::values;
use clap::Args;
use dutiful::{Change, State, Timestamp};
use follow::{Following, News};
use futures_util::{StreamExt, stream};
use seen::{Memory, Seen};
use std::time::{Duration, SystemTime};

/// Looking more often would keep a database busy that is far away.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Longer than this nobody waits at a terminal.
const INTERVAL_MAX: Duration = Duration::from_secs(60 * 60);

/// How many tasks are asked for at the same time.
const AT_ONCE: usize = 8;

/// The arguments of `tail`.
#[derive(Debug, Args)]
pub(super) struct TailArgs {
    /// Only tasks of this name
    #[arg(long, value_name = "NAME", value_parser = task_name)]
    name: Option<String>,
    /// Only tasks that have come into one of these states
    #[arg(long, value_name = "STATE,...", value_delimiter = ',', value_parser = state)]
    state: Vec<State>,
    /// How long to wait between two looks: 100ms to 1h
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = interval)]
    interval: Duration,
}

impl TailArgs {
    /// Ctrl-C is how one stops following: it is no failure.
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        tokio::select! {
            done = self.follow(app) => done,
            () = interrupted() => Ok(()),
        }
    }

    async fn follow(&self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let mut following = Following::begin(app, self.name.as_deref(), self.interval).await?;
        app.output.note("following what happens; Ctrl-C ends it");
        let mut memory = Memory::default();
        let mut away = false;
        loop {
            let told = match following.next().await {
                Ok(news) => {
                    self.take(app, &mut memory, news);
                    self.tell(app, &place, &mut memory).await
                }
                Err(failure) => Err(failure),
            };
            match told {
                Ok(()) => away = false,
                // It goes on by itself once the database or the server is there again.
                Err(failure) if failure.passes() => {
                    if !away {
                        let cause = &failure.cause;
                        app.output.note(&format!("{cause}; looking again"));
                    }
                    away = true;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn take(&self, app: &App, memory: &mut Memory, news: News) {
        if news.passed_over {
            app.output.note("some changes were passed over");
        }
        let wanted = |change: &Change| {
            let named = self.name.as_ref();
            named.is_none_or(|name| *name == change.task_name)
        };
        let changes: Vec<Change> = news.changes.into_iter().filter(wanted).collect();
        memory.take(&changes);
    }

    /// Tells of the tasks that have changed. Of those that cannot be asked for now it tells the next time.
    async fn tell(&self, app: &App, place: &Place, memory: &mut Memory) -> Result<(), Failure> {
        let ids = memory.changed();
        let looks = stream::iter(ids).map(async |id| (id, place.get(id).await));
        let mut tasks = looks.buffered(AT_ONCE);
        while let Some((id, task)) = tasks.next().await {
            let seen = match task {
                Ok(task) => memory.note(task),
                Err(failure) if failure.exit == Exit::NotFound => memory.gone(id),
                Err(failure) => return Err(failure),
            };
            if let Some(seen) = seen {
                self.print(app, seen)?;
            }
        }
        Ok(())
    }

    fn print(&self, app: &App, mut seen: Seen) -> Result<(), Failure> {
        if !self.state.is_empty() && !self.state.contains(&seen.task.state) {
            return Ok(());
        }
        let at = Timestamp::from_system_time(SystemTime::now());
        app.settings.redact.task(&mut seen.task);
        app.output
            .row(&print::json(at, &seen), || print::text(at, &seen))
    }
}

fn task_name(text: &str) -> Result<String, String> {
    match dutiful_core::check_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = values::duration(text)?;
    if (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
        Ok(interval)
    } else {
        Err("use 100ms to 1h".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::interval;
    use std::time::Duration;

    #[test]
    fn an_interval_is_neither_nothing_nor_for_ever() {
        assert_eq!(interval("100ms").unwrap(), Duration::from_millis(100));
        assert!(interval("0s").is_err() && interval("2h").is_err());
        assert!(interval("1").unwrap_err().contains("10s"));
    }
}
