//! What a command works on: flags, then the environment, then `dutiful.toml`, then defaults.

pub(crate) mod environment;
mod file;

use crate::failure::Failure;
use clap::{Args, ValueEnum};
use file::SettingsFile;
use serde::Deserialize;
use std::path::PathBuf;

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
    pub(crate) database_url: String,
    pub(crate) table_prefix: Option<String>,
    pub(crate) log_format: LogFormat,
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
        Settings {
            database_url: said(&args.database_url)
                .or(file.database_url)
                .unwrap_or_else(|| DEFAULT_DATABASE_URL.to_owned()),
            table_prefix: said(&args.table_prefix).or(file.table_prefix),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
        }
    }

    /// Connects to the database that the settings name.
    pub(crate) async fn connect(&self) -> Result<dutiful::Client, Failure> {
        self.connect_with(self.table_prefix.as_deref()).await
    }

    /// Connects with other table names than the usual ones.
    pub(crate) async fn connect_with(
        &self,
        prefix: Option<&str>,
    ) -> Result<dutiful::Client, Failure> {
        let mut builder = dutiful::Client::builder(&self.database_url);
        if let Some(prefix) = prefix {
            builder = builder.table_prefix(prefix);
        }
        Ok(builder.connect().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(database_url: Option<&str>) -> GlobalArgs {
        GlobalArgs {
            database_url: database_url.map(str::to_owned),
            table_prefix: Some(String::new()),
            config: None,
            json: false,
            log_format: None,
            verbose: 0,
            quiet: false,
        }
    }

    fn file() -> SettingsFile {
        SettingsFile {
            database_url: Some("sqlite:file.db".to_owned()),
            table_prefix: Some("jobs_".to_owned()),
            log_format: Some(LogFormat::Json),
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
    fn an_empty_text_counts_as_unset() {
        let settings = Settings::merge(&args(Some("")), file());
        assert_eq!(settings.database_url, "sqlite:file.db");
        assert_eq!(settings.table_prefix.as_deref(), Some("jobs_"));
    }
}
