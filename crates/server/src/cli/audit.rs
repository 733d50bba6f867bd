//! `dutiful audit`.

use super::App;
use super::place::AuditWishes;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, time};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use dutiful::AuditEntry;

const COLUMNS: [Column; 5] = [
    Column::word("WHEN (UTC)"),
    Column::text("WHO"),
    Column::word("DID"),
    Column::text("TO"),
    Column::text("DETAIL"),
];

/// The arguments of `audit`.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Only what the bearer of this token did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only what was done to this: `task 7`
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// How many at most: 1 to 200
    #[arg(long, value_name = "N", default_value = "50",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=200))]
    limit: usize,
    /// Go on where a page ended
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

impl AuditArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let wishes = AuditWishes {
            actor: self.actor,
            target: self.target,
            limit: self.limit,
            after: self.after,
        };
        let page = place.audit(wishes).await?;
        app.output.data(&page, || table(&page.entries))?;
        if let Some(next) = &page.next {
            app.output
                .note(&format!("there may be more: add --after {next}"));
        }
        Ok(())
    }
}

fn table(entries: &[AuditEntry]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for entry in entries {
        table.row([
            (time(Some(entry.at)), Tone::Dim),
            (entry.actor.clone(), Tone::Plain),
            (entry.action.clone(), Tone::Plain),
            (entry.target.clone().unwrap_or_default(), Tone::Plain),
            (entry.detail.clone().unwrap_or_default(), Tone::Plain),
        ]);
    }
    table.text()
}
