//! `dutiful token`.

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, confirm, line, time};
use crate::values;
use clap::{Args, Subcommand};
use dutiful::{CreatedToken, NewToken, Scope, TokenInfo};
use serde_json::json;
use std::time::Duration;

const COLUMNS: [Column; 6] = [
    Column::text("NAME"),
    Column::word("IN FORCE"),
    Column::text("SCOPES"),
    Column::text("TASKS"),
    Column::word("EXPIRES (UTC)"),
    Column::word("LAST USED (UTC)"),
];

/// What is done to tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token and show its secret, this once
    Create(CreateArgs),
    /// List the tokens; secrets are stored nowhere
    List,
    /// Give a token another secret; the old one goes on for a while
    Rotate(RotateArgs),
    /// End a token at once
    Revoke(RevokeArgs),
}

/// The arguments of `token create`.
#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// Its name, under which the audit knows its bearer
    name: String,
    /// What its bearer may do: enqueue, read, read_payload, manage, admin
    #[arg(long, value_name = "SCOPE,...", value_delimiter = ',', required = true, value_parser = scope)]
    scope: Vec<Scope>,
    /// Only for tasks of these names; a `*` at the end stands for any ending
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    task_name: Vec<String>,
    /// It ends by itself after this time: 12h, 30d
    #[arg(long, value_name = "DURATION", value_parser = values::duration)]
    expires: Option<Duration>,
}

/// The arguments of `token rotate`.
#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// Its name
    name: String,
    /// How long the old secret goes on
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::duration)]
    overlap: Duration,
}

/// The arguments of `token revoke`.
#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Its name
    name: String,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

impl TokenCommand {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let client = app.settings.connect().await?;
        match self {
            TokenCommand::Create(args) => {
                let created = client.create_token(args.token()).await?;
                tell_secret(app, &created)
            }
            TokenCommand::List => {
                let tokens = client.tokens().await?;
                app.output
                    .data(&json!({ "tokens": &tokens }), || table(&tokens))
            }
            TokenCommand::Rotate(args) => {
                let created = client.rotate_token(&args.name, args.overlap).await?;
                tell_secret(app, &created)
            }
            TokenCommand::Revoke(args) => {
                if !args.yes {
                    confirm(&format!("end the token {} for ever?", line(&args.name))).await?;
                }
                let token = client.revoke_token(&args.name).await?;
                app.output
                    .data(&token, || format!("the token {} is revoked", token.name))
            }
        }
    }
}

impl CreateArgs {
    fn token(self) -> NewToken {
        let mut token = NewToken::new(self.name, self.scope);
        if !self.task_name.is_empty() {
            token = token.task_names(self.task_name);
        }
        match self.expires {
            Some(time) => token.expires_in(time),
            None => token,
        }
    }
}

fn scope(text: &str) -> Result<Scope, String> {
    text.parse::<Scope>().map_err(|error| error.to_string())
}

fn tell_secret(app: &App, created: &CreatedToken) -> Result<(), Failure> {
    let data = json!({ "secret": created.secret, "token": created.info });
    app.output.data(&data, || created.secret.clone())?;
    app.output
        .note("this is the only time that it is shown: keep it where others cannot read it");
    Ok(())
}

fn table(tokens: &[TokenInfo]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for token in tokens {
        let (active, tone) = match token.active {
            true => ("yes", Tone::Good),
            false => ("no", Tone::Dim),
        };
        let scopes: Vec<String> = token.scopes.iter().map(ToString::to_string).collect();
        let names = token.task_names.as_ref().map(|names| names.join(","));
        table.row([
            (token.name.clone(), Tone::Plain),
            (active.to_owned(), tone),
            (scopes.join(","), Tone::Plain),
            (names.unwrap_or_else(|| "all".to_owned()), Tone::Plain),
            (time(token.expires_at), Tone::Dim),
            (time(token.last_used_at), Tone::Dim),
        ]);
    }
    table.text()
}
