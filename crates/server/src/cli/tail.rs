//! `dutiful tail`: looks again and again, and prints what has changed between two looks.

mod look;
mod print;
mod seen;

use super::App;
use super::list::state;
use crate::failure::Failure;
use crate::signals::interrupted;
use crate::values;
use clap::Args;
use dutiful::{State, Timestamp};
use look::Looker;
use seen::Change;
use std::time::{Duration, SystemTime};

/// Looking more often would keep a database busy that is far away.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// Longer than this nobody waits at a terminal.
const INTERVAL_MAX: Duration = Duration::from_secs(60 * 60);

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
        let client = app.settings.connect().await?;
        let mut looker = Looker::new(client, self.name.clone(), self.interval);
        // How things are is no news yet.
        looker.look().await?;
        app.output.note("following what happens; Ctrl-C ends it");
        let mut away = false;
        loop {
            tokio::time::sleep(self.interval).await;
            match looker.look().await {
                Ok(news) => {
                    away = false;
                    self.tell(app, &news.changes)?;
                    if news.passed_over {
                        let text = "more tasks came than one look shows; some were passed over";
                        app.output.note(text);
                    }
                }
                // It goes on by itself once the database is there again.
                Err(error) if error.is_transient() => {
                    if !away {
                        app.output.note(&format!("{error}; looking again"));
                    }
                    away = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn tell(&self, app: &App, changes: &[Change]) -> Result<(), Failure> {
        let at = Timestamp::from_system_time(SystemTime::now());
        let wanted =
            |change: &&Change| self.state.is_empty() || self.state.contains(&change.task.state);
        for change in changes.iter().filter(wanted) {
            app.output
                .row(&print::json(at, change), || print::text(at, change))?;
        }
        Ok(())
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
