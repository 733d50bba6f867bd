//! `dutiful migrate adopt`.

use super::super::App;
use crate::failure::{Exit, Failure};
use crate::output::{Column, Progress, Rows, Table, Tone, count, line};
use crate::values;
use clap::Args;
use dutiful::migrate::AdoptionReport;
use dutiful::{DedupScope, Told};

const COLUMNS: [Column; 3] = [
    Column::number("ROWS"),
    Column::word("WHAT"),
    Column::text("FIRST"),
];
/// How many ids a row of the table shows.
const IDS_SHOWN: usize = 5;

/// The arguments of `migrate adopt`.
#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// The table of the other queue
    #[arg(long, value_name = "TABLE")]
    from: String,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Most rows in one transaction
    #[arg(long, value_name = "ROWS", default_value_t = dutiful::limits::ADOPT_BATCH)]
    batch: usize,
    /// Give tasks of a name another one here; may be repeated
    #[arg(long = "map-name", value_name = "OLD=NEW", value_parser = pair)]
    map_names: Vec<(String, String)>,
    /// Only tasks of these names, as they are in the other table
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    only: Vec<String>,
    /// Hold what may still run, while the other queue still runs it; a run without this lets it go
    #[arg(long)]
    hold: bool,
    /// The zone of DATETIME columns: UTC, Europe/Berlin, +02:00
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,
    /// How long the tasks keep their dedup slot: always, as there, or until_success, as new tasks here
    #[arg(long, value_name = "SCOPE", default_value = "always", value_parser = values::dedup_scope)]
    dedup: DedupScope,
}

/// `OLD=NEW`; no task name here holds `=`, an old one may.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok((old.to_owned(), new.to_owned()))
        }
        _ => Err("write it as OLD=NEW".to_owned()),
    }
}

impl AdoptArgs {
    pub(crate) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        let mut adoption = client
            .migrator()
            .adopt(&self.from)
            .batch(self.batch)
            .dry_run(self.dry_run)
            .hold(self.hold)
            .only(self.only)
            .time_zone(&self.time_zone)
            .dedup(self.dedup);
        for (old, new) in &self.map_names {
            adoption = adoption.map_name(old, new);
        }
        let progress = Progress::new(app.output, 0);
        progress.begin("rows", 0);
        let report = adoption
            .run_with(|done, about| progress.reach(done, about))
            .await;
        drop(progress);
        let report = report?;
        app.output.data(&report, || text(&report))?;
        if report.is_complete() {
            return Ok(());
        }
        let left = count(report.conflicts.tasks + report.refused.tasks);
        let cause = format!("{left} rows of `{}` were not copied", report.table);
        Err(Failure::new(Exit::Conflict, "rows_left_behind", cause).fix(
            "`--map-name OLD=NEW` for a name that is refused; a task here that has the id of another: \
             `dutiful duplicate` and `delete` it, then run this again",
        ))
    }
}

fn text(report: &AdoptionReport) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    let did = |done: &'static str, would: &'static str| match report.dry_run {
        true => would,
        false => done,
    };
    let mut number = |rows: u64, what: &str| {
        table.row([
            (count(rows), Tone::Plain),
            (what.to_owned(), Tone::Plain),
            (String::new(), Tone::Plain),
        ]);
    };
    number(report.looked_at, "looked at");
    number(report.copied, did("copied", "would be copied"));
    number(report.already_there, "already there");
    number(report.refreshed, did("refreshed", "would be refreshed"));
    let merged = &report.merged;
    for (told, what, tone) in [
        (&report.conflicts, "not copied: the id is taken", Tone::Bad),
        (&report.refused, "not copied: no task here", Tone::Bad),
        (&report.changed_here, "changed on both sides", Tone::Busy),
        (&report.invalid, "invalid payload", Tone::Busy),
        (&report.odd_status, "status means nothing", Tone::Busy),
        (&report.held, "held: would not have run", Tone::Busy),
        (&report.without_slot, "same payload as another", Tone::Busy),
        (&report.results_left, "result too large", Tone::Busy),
        (
            &merged.beyond_the_key,
            "merged, perhaps of another payload",
            Tone::Bad,
        ),
        (
            &merged.within_the_key,
            "merged",
            if merged.insensitive {
                Tone::Busy
            } else {
                Tone::Dim
            },
        ),
    ] {
        if told.tasks > 0 {
            table.row([
                (count(told.tasks), Tone::Plain),
                (what.to_owned(), tone),
                (first(told), Tone::Dim),
            ]);
        }
    }
    let mut text = table.text();
    for sentence in sentences(report) {
        text += &line(&sentence);
        text.push('\n');
    }
    text
}

fn first(told: &Told) -> String {
    let shown = told.examples.iter().take(IDS_SHOWN);
    let ids: Vec<String> = shown.map(|one| one.id.to_string()).collect();
    let more = if told.tasks > IDS_SHOWN as u64 {
        " …"
    } else {
        ""
    };
    let why = told.examples.first().map_or("", |one| &one.why);
    format!("{}{more}: {why}", ids.join(" "))
}

/// What numbers alone do not tell.
fn sentences(report: &AdoptionReport) -> Vec<String> {
    let mut said = Vec::new();
    if !report.states.is_empty() {
        let states = report.states.iter();
        let states: Vec<String> = states
            .map(|(state, tasks)| format!("{} {state}", count(*tasks)))
            .collect();
        said.push(format!("states: {}", states.join(", ")));
    }
    let merged = &report.merged;
    match merged.characters {
        Some(characters) => {
            let mut text = format!(
                "the other table's unique key sees the first {characters} characters of a payload"
            );
            if merged.insensitive {
                text += " and takes upper and lower case, or letters and accents, for the same";
                text += &format!(" ({})", merged.collations.join(", "));
            }
            text += "; a resubmission that it merged may have been of another payload, whose work was never done";
            said.push(text);
        }
        None => said.push("the other table has no unique key over name and payload".to_owned()),
    }
    said.push(format!(
        "times without a zone were read as {}",
        report.time_zone
    ));
    if report.ahead > 0 {
        said.push(format!(
            "{} rows have times that lie ahead: the zone is probably another; say --time-zone",
            count(report.ahead)
        ));
    }
    if !report.missing_columns.is_empty() {
        said.push(format!(
            "the other table has no column {}",
            report.missing_columns.join(", ")
        ));
    }
    if let Some(last) = report.ids_left_up_to {
        said.push(format!(
            "new tasks here get ids above {}",
            count(last.unsigned_abs())
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::pair;

    #[test]
    fn a_pair_of_names_is_read_from_its_last_sign() {
        let read = |text| pair(text).ok();
        let names = |old: &str, new: &str| Some((old.to_owned(), new.to_owned()));
        assert_eq!(read("Old=New"), names("Old", "New"));
        assert_eq!(read("a=b=C"), names("a=b", "C"));
        for text in ["Old", "=New", "Old=", "="] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
