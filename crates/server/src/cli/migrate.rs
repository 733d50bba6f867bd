//! `dutiful migrate up|down|status|sql|adopt`.

mod adopt;

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, time};
use clap::{Args, Subcommand};
use dutiful::migrate::{Direction, Engine, Migration, MigrationState, Migrator, SchemaStatus};
use serde_json::json;

const DEFAULT_PREFIX: &str = "dutiful_";
const COLUMNS: [Column; 5] = [
    Column::number("VERSION"),
    Column::text("NAME"),
    Column::word("STATE"),
    Column::word("APPLIED (UTC)"),
    Column::word("TEXT"),
];

/// What is done with the tables.
#[derive(Debug, Subcommand)]
pub(super) enum MigrateCommand {
    /// Make the tables, or bring them up to date
    Up,
    /// Roll back to a version; the tables of later ones are dropped with everything in them
    Down(DownArgs),
    /// Show which migrations the database has
    Status,
    /// Print the migrations as SQL, for a migration tool of your own
    Sql(SqlArgs),
    /// Take over the tasks of a home-made queue in the same database, MySQL or MariaDB
    Adopt(adopt::AdoptArgs),
}

/// The arguments of `migrate down`.
#[derive(Debug, Args)]
pub(super) struct DownArgs {
    /// The version that stays; 0 drops everything
    #[arg(long, value_name = "VERSION")]
    to: u32,
}

/// The arguments of `migrate sql`.
#[derive(Debug, Args)]
pub(super) struct SqlArgs {
    /// sqlite, mysql or postgres [default: that of the database URL]
    #[arg(long, value_name = "ENGINE")]
    engine: Option<String>,
    /// Print what rolls everything back
    #[arg(long)]
    down: bool,
}

impl MigrateCommand {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            MigrateCommand::Sql(args) => args.run(app),
            MigrateCommand::Adopt(args) => args.run(app).await,
            MigrateCommand::Up => {
                let client = app.settings.connect().await?;
                changed(app, "applied", &client.migrate().await?)
            }
            MigrateCommand::Down(args) => {
                let client = app.settings.connect().await?;
                changed(app, "rolled back", &client.migrator().down(args.to).await?)
            }
            MigrateCommand::Status => {
                let client = app.settings.connect().await?;
                let status = client.migrator().status().await?;
                tell(app, &status)
            }
        }
    }
}

impl SqlArgs {
    fn run(&self, app: &App) -> Result<(), Failure> {
        let engine: Engine = match &self.engine {
            Some(name) => name.parse()?,
            None => scheme(&app.settings.database_url).parse()?,
        };
        let direction = if self.down {
            Direction::Down
        } else {
            Direction::Up
        };
        let prefix = app
            .settings
            .table_prefix
            .as_deref()
            .unwrap_or(DEFAULT_PREFIX);
        let sql = Migrator::sql(engine, direction, prefix)?;
        app.output.data(
            &json!({ "engine": engine.to_string(), "sql": &sql }),
            || sql.clone(),
        )
    }
}

fn scheme(url: &str) -> &str {
    url.split_once(':').map_or(url, |(scheme, _)| scheme)
}

fn changed(app: &App, verb: &str, migrations: &[Migration]) -> Result<(), Failure> {
    let json = json!({ verb.replace(' ', "_"): migrations });
    app.output.data(&json, || {
        if migrations.is_empty() {
            return "nothing to do: the tables are as asked".to_owned();
        }
        migrations
            .iter()
            .map(|one| format!("{verb} {} {}\n", one.version, one.name))
            .collect()
    })
}

fn tell(app: &App, status: &SchemaStatus) -> Result<(), Failure> {
    let json = json!({
        "current": status.is_current(),
        "needed": status.needed,
        "found": status.found,
        "migrations": status.migrations,
    });
    app.output.data(&json, || table(status))?;
    if !status.is_current() {
        app.output
            .note("the tables are not what this program needs: run `dutiful migrate up`");
    }
    Ok(())
}

fn table(status: &SchemaStatus) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for one in &status.migrations {
        let (state, tone) = match one.state {
            MigrationState::Applied => ("applied", Tone::Good),
            MigrationState::Pending => ("pending", Tone::Busy),
            MigrationState::Applying => ("applying", Tone::Busy),
            MigrationState::RollingBack => ("rolling back", Tone::Busy),
            _ => ("unknown", Tone::Bad),
        };
        let text = match one.checksum_ok {
            Some(true) => ("same", Tone::Plain),
            Some(false) => ("differs", Tone::Bad),
            None => ("", Tone::Plain),
        };
        table.row([
            (one.version.to_string(), Tone::Plain),
            (one.name.clone(), Tone::Plain),
            (state.to_owned(), tone),
            (time(one.applied_at), Tone::Dim),
            (text.0.to_owned(), text.1),
        ]);
    }
    table.text()
}
