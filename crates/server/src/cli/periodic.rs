//! `dutiful periodic`.

mod next;
mod operate;

use super::App;
use super::place::{PeriodicVerb, Place};
use crate::failure::{Exit, Failure};
use crate::nearest::nearest;
use crate::output::{Column, Rows, Table, Tone, count, time};
use clap::{Args, Subcommand};
use dutiful::{ErrorKind, PeriodicInfo};
use dutiful_core::Schedule;
use serde_json::json;

const COLUMNS: [Column; 10] = [
    Column::text("NAME"),
    Column::text("TASK"),
    Column::text("SCHEDULE"),
    Column::text("ZONE"),
    Column::text("CHANGED BY"),
    Column::word("NEXT (UTC)"),
    Column::word("LAST (UTC)"),
    Column::number("LAST TASK"),
    Column::number("FIRED"),
    Column::number("SKIPPED"),
];

/// The arguments of `periodic`.
#[derive(Debug, Args)]
pub(super) struct PeriodicArgs {
    #[command(subcommand)]
    command: Option<PeriodicCommand>,
}

#[derive(Debug, Subcommand)]
enum PeriodicCommand {
    /// List the periodic tasks; so does `periodic` alone
    List,
    /// Reckon when one runs next
    Next(next::NextArgs),
    /// Submit a task of one now; its schedule does not move
    Run(operate::RunArgs),
    /// Let one rest until it is resumed
    Pause(operate::NameArgs),
    /// Let a paused one go on
    Resume(operate::NameArgs),
    /// Give one another schedule, time zone or payload; it stays when programs start that say something else
    Change(operate::ChangeArgs),
    /// Take back what was changed: it is again as its program says
    Reset(operate::NameArgs),
}

impl PeriodicArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        match self.command {
            None | Some(PeriodicCommand::List) => list(app).await,
            Some(PeriodicCommand::Next(args)) => args.run(app).await,
            Some(PeriodicCommand::Run(args)) => args.run(app).await,
            Some(PeriodicCommand::Pause(args)) => args.run(app, PeriodicVerb::Pause).await,
            Some(PeriodicCommand::Resume(args)) => args.run(app, PeriodicVerb::Resume).await,
            Some(PeriodicCommand::Change(args)) => args.run(app).await,
            Some(PeriodicCommand::Reset(args)) => args.run(app, PeriodicVerb::Reset).await,
        }
    }
}

async fn list(app: &App) -> Result<(), Failure> {
    let place = app.place().await?;
    let mut periodic = place.periodic().await?;
    for one in &mut periodic {
        app.settings.redact.periodic(one);
    }
    app.output
        .data(&json!({ "periodic": &periodic }), || table(&periodic))?;
    if periodic.is_empty() {
        app.output
            .note("there is no periodic task: workers make their rows when they start");
    }
    Ok(())
}

fn table(periodic: &[PeriodicInfo]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for one in periodic {
        let (schedule, zone) = words(&one.schedule);
        let next = if one.paused {
            ("paused".to_owned(), Tone::Busy)
        } else {
            (time(one.next_at), Tone::Plain)
        };
        let changed = one.changed.as_ref().map(|changed| changed.by.clone());
        let last_task = one.last_task_id.map(|id| id.to_string());
        table.row([
            (one.name.clone(), Tone::Plain),
            (one.task_name.clone(), Tone::Plain),
            (schedule, Tone::Plain),
            (zone, Tone::Plain),
            (changed.unwrap_or_default(), Tone::Busy),
            next,
            (time(one.last_at), Tone::Dim),
            (last_task.unwrap_or_default(), Tone::Dim),
            (number(one.fired), Tone::Plain),
            (number(one.skipped), Tone::Plain),
        ]);
    }
    table.text()
}

/// Why it was not done; where there is none of the name, with the nearest that there is.
async fn failed(place: &Place, name: &str, failure: Failure) -> Failure {
    if failure.exit == Exit::NotFound {
        return missing(name, &place.periodic().await.unwrap_or_default());
    }
    let is = |kind: ErrorKind| failure.code == kind.code();
    if is(ErrorKind::Decode) {
        failure.fix("a newer program may have written it: use the `dutiful` that goes with it")
    } else if is(ErrorKind::Conflict) {
        failure.fix("`--anyway` runs it beside that one")
    } else {
        failure
    }
}

/// There is none of the name; these there are.
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

fn number(value: i64) -> String {
    count(u64::try_from(value).unwrap_or(0))
}

/// A stored schedule as people write it, and its time zone. One that cannot be read is shown as it is.
fn words(stored: &str) -> (String, String) {
    match Schedule::from_text(stored) {
        Ok(Schedule::Every(interval)) => {
            let length = humantime::format_duration(interval);
            (format!("every {length}"), String::new())
        }
        Ok(Schedule::Cron {
            expression,
            time_zone,
        }) => (expression, time_zone),
        Err(_) => (stored.to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_stored_schedule_reads_as_it_was_written() {
        let pair = |stored| {
            let (schedule, zone) = words(stored);
            format!("{schedule}|{zone}")
        };
        assert_eq!(pair("every 90000000"), "every 1m 30s|");
        assert_eq!(
            pair("cron Europe/Berlin 0 9 * * MON-FRI"),
            "0 9 * * MON-FRI|Europe/Berlin"
        );
        assert_eq!(pair("now and then"), "now and then|");
    }
}
