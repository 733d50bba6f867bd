//! What a command works on: flags, then the environment, then `dutiful.toml`, then defaults.

pub(crate) mod environment;
mod file;

use crate::failure::Failure;
use crate::http::Rate;
use crate::redact::Redact;
use clap::{Args, ValueEnum};
use file::SettingsFile;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;

/// Used when nothing names a database.
const DEFAULT_DATABASE_URL: &str = "sqlite:dutiful.db";

/// How logs are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The flags that every command has.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalArgs {
    /// sqlite:FILE, mysql://... or postgres://...; better in the environment when it holds a password
    /// [default: sqlite:dutiful.db]
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) database_url: Option<String>,

    /// Work on a server of the HTTP API in place of a database: https://queue.example.org
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_SERVER",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub(crate) server: Option<String>,

    /// The file with the token for the server
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_TOKEN_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// The certificate authorities that the server is checked by, as PEM, in place of the public ones
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_CA_FILE",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) ca_file: Option<PathBuf>,

    /// What the names of the tables begin with [default: dutiful_]
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_TABLE_PREFIX",
        hide_env_values = true,
        value_name = "PREFIX"
    )]
    pub(crate) table_prefix: Option<String>,

    /// The file of settings [default: dutiful.toml, if there is one]
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub(crate) config: Option<PathBuf>,

    /// Print data and errors as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Keys of payloads and results whose values are secrets, by their last words; `none` for no key
    /// [default: password, passwd, passphrase, secret, secret_key, token, api_key, access_key,
    /// private_key, authorization, credentials, cookie]
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_REDACT",
        hide_env_values = true,
        value_name = "KEY,...",
        value_delimiter = ','
    )]
    pub(crate) redact: Vec<String>,

    /// Show their values to nobody: not where one task is shown either, nor to who may see payloads
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_REDACT_EVERYWHERE",
        hide_env_values = true
    )]
    pub(crate) redact_everywhere: bool,

    /// How logs are written [default: text]
    #[arg(
        long,
        global = true,
        env = "DUTIFUL_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT"
    )]
    pub(crate) log_format: Option<LogFormat>,

    /// Log more; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Print no messages and log only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
}

/// The settings after everything that may say them has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The server that commands work on, in place of the database.
    pub(crate) server: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) database_url: String,
    pub(crate) table_prefix: Option<String>,
    pub(crate) log_format: LogFormat,
    pub(crate) serve: ServeSettings,
    pub(crate) redact: Arc<Redact>,
    /// Whether secrets are shown to nobody.
    pub(crate) redact_everywhere: bool,
}

/// What the file says for `serve` alone, below its flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ServeSettings {
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) total_rate_limit: Option<Rate>,
    pub(crate) failed_token_limit: Option<Rate>,
}

impl Settings {
    /// Reads the file and puts the flags and the environment (which clap has merged) over it.
    pub(crate) fn resolve(args: &GlobalArgs) -> Result<Settings, Failure> {
        environment::check()?;
        let file = SettingsFile::read(args.config.as_deref())?;
        Ok(Settings::merge(args, file))
    }

    fn merge(args: &GlobalArgs, file: SettingsFile) -> Settings {
        // An empty flag says as little as an empty variable.
        let said = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        let database_url = said(&args.database_url)
            .or(file.database_url)
            .unwrap_or_else(|| DEFAULT_DATABASE_URL.to_owned());
        let redact = match (args.redact.as_slice(), file.redact) {
            ([], None) => Redact::default(),
            ([], Some(keys)) => Redact::new(keys),
            (keys, _) => Redact::new(keys),
        };
        Settings {
            server: said(&args.server).or(file.server),
            token_file: args.token_file.clone().or(file.token_file),
            ca_file: args.ca_file.clone().or(file.ca_file),
            redact: Arc::new(redact.with_literals(passwords(&database_url))),
            redact_everywhere: args.redact_everywhere || file.redact_everywhere,
            database_url,
            table_prefix: said(&args.table_prefix).or(file.table_prefix),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            serve: ServeSettings {
                tls_cert: file.tls_cert,
                tls_key: file.tls_key,
                rate_limit: file.rate_limit,
                total_rate_limit: file.total_rate_limit,
                failed_token_limit: file.failed_token_limit,
            },
        }
    }

    /// Connects to the database that the settings name.
    pub(crate) async fn connect(&self) -> Result<dutiful::Client, Failure> {
        self.connect_with(self.table_prefix.as_deref()).await
    }

    /// Refuses what works on a database while the settings name a server.
    pub(crate) fn check_database(&self) -> Result<(), Failure> {
        if self.server.is_none() {
            return Ok(());
        }
        let cause = "this works on a database, and --server names a server";
        Err(Failure::usage(cause)
            .fix("leave --server out, and name the database with --database-url"))
    }

    /// Connects with other table names than the usual ones.
    pub(crate) async fn connect_with(
        &self,
        prefix: Option<&str>,
    ) -> Result<dutiful::Client, Failure> {
        self.check_database()?;
        let mut builder = dutiful::Client::builder(&self.database_url);
        if let Some(prefix) = prefix {
            builder = builder.table_prefix(prefix);
        }
        Ok(builder.connect().await?)
    }
}

/// The password in a URL, as it stands there and as it is meant.
fn passwords(url: &str) -> Vec<String> {
    let between = || {
        let (_, rest) = url.split_once("://")?;
        let (user, _) = rest.rsplit_once('@')?;
        Some(user.split_once(':')?.1)
    };
    let Some(written) = between() else {
        return Vec::new();
    };
    vec![written.to_owned(), unescaped(written)]
}

/// `%40` is an at sign.
fn unescaped(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(database_url: Option<&str>) -> GlobalArgs {
        GlobalArgs {
            database_url: database_url.map(str::to_owned),
            server: None,
            token_file: None,
            ca_file: None,
            table_prefix: Some(String::new()),
            config: None,
            json: false,
            log_format: None,
            redact: Vec::new(),
            redact_everywhere: false,
            verbose: 0,
            quiet: false,
        }
    }

    fn file() -> SettingsFile {
        SettingsFile {
            database_url: Some("sqlite:file.db".to_owned()),
            table_prefix: Some("jobs_".to_owned()),
            log_format: Some(LogFormat::Json),
            ..SettingsFile::default()
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let flag = Settings::merge(&args(Some("sqlite:flag.db")), file());
        assert_eq!(flag.database_url, "sqlite:flag.db");
        let from_file = Settings::merge(&args(None), file());
        assert_eq!(from_file.database_url, "sqlite:file.db");
        assert_eq!(from_file.log_format, LogFormat::Json);
        let default = Settings::merge(&args(None), SettingsFile::default());
        assert_eq!(default.database_url, DEFAULT_DATABASE_URL);
    }

    #[test]
    fn the_password_of_the_url_is_a_secret_wherever_it_stands() {
        let url = "mysql://root:hunter%402%40%zz9@db:3306/x";
        let settings = Settings::merge(&args(Some(url)), SettingsFile::default());
        let told = settings.redact.text("hunter%402%40%zz9 is hunter@2@%zz9");
        assert_eq!(told, "*** is ***");
        assert!(passwords("sqlite:a.db").is_empty() && passwords("mysql://u@h/d").is_empty());
    }

    #[test]
    fn own_keys_are_taken_from_the_flag_or_else_from_the_file() {
        let mut args = args(None);
        let file = || SettingsFile {
            redact: Some(vec!["iban".to_owned()]),
            ..file()
        };
        let secret = |settings: Settings| settings.redact.text("iban=1 name=2 token=3");
        assert_eq!(
            secret(Settings::merge(&args, file())),
            "iban=*** name=2 token=3"
        );
        args.redact = vec!["name".to_owned()];
        assert_eq!(
            secret(Settings::merge(&args, file())),
            "iban=1 name=*** token=3"
        );
    }

    #[test]
    fn an_empty_text_counts_as_unset() {
        let settings = Settings::merge(&args(Some("")), file());
        assert_eq!(settings.database_url, "sqlite:file.db");
        assert_eq!(settings.table_prefix.as_deref(), Some("jobs_"));
    }
}
