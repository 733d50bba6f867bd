//! `dutiful.toml`: the settings that it may hold, and the refusal of all others.

use super::LogFormat;
use crate::failure::{Exit, Failure};
use crate::http::Rate;
use crate::nearest::nearest;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Read from the working directory when no other file is named.
const DEFAULT_FILE: &str = "dutiful.toml";
const KEYS: [&str; 13] = [
    "database_url",
    "server",
    "token_file",
    "ca_file",
    "table_prefix",
    "log_format",
    "tls_cert",
    "tls_key",
    "rate_limit",
    "total_rate_limit",
    "failed_token_limit",
    "redact",
    "redact_everywhere",
];

/// What the file says; everything may be missing.
#[derive(Debug, Default, serde::Deserialize)]
pub(super) struct SettingsFile {
    pub(super) database_url: Option<String>,
    pub(super) server: Option<String>,
    pub(super) token_file: Option<PathBuf>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) table_prefix: Option<String>,
    pub(super) log_format: Option<LogFormat>,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) rate_limit: Option<Rate>,
    pub(super) total_rate_limit: Option<Rate>,
    pub(super) failed_token_limit: Option<Rate>,
    pub(super) redact: Option<Vec<String>>,
    #[serde(default)]
    pub(super) redact_everywhere: bool,
}

impl SettingsFile {
    /// Reads the named file, which has to be there, or the default one, which need not be.
    pub(super) fn read(named: Option<&Path>) -> Result<SettingsFile, Failure> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => SettingsFile::parse(&text)
                .map_err(|failure| failure.at(&path.display().to_string())),
            Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => {
                Ok(SettingsFile::default())
            }
            Err(error) => Err(bad(format!("{}: {error}", path.display()))
                .fix("name a file that can be read with --config")),
        }
    }

    fn parse(text: &str) -> Result<SettingsFile, Failure> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            bad(error.to_string()).fix("write it as TOML: key = \"value\"")
        })?;
        if let Some(unknown) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(unknown_key(unknown));
        }
        table
            .try_into()
            .map_err(|error: toml::de::Error| bad(error.to_string()))
    }
}

fn unknown_key(key: &str) -> Failure {
    let failure = bad(format!("there is no setting `{key}`"));
    match nearest(key, KEYS) {
        Some(near) => failure.fix(format!("did you mean `{near}`?")),
        None => failure.fix(format!("the settings are {}", KEYS.join(", "))),
    }
}

fn bad(cause: String) -> Failure {
    Failure::new(Exit::Usage, "config", cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        let failure = SettingsFile::parse("database_ulr = \"sqlite:x\"").unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.fix.as_deref(), Some("did you mean `database_url`?"));
        let failure = SettingsFile::parse("zzz = 1").unwrap_err();
        assert!(failure.fix.unwrap().contains("table_prefix"));
    }

    #[test]
    fn a_wrong_value_is_refused() {
        assert!(
            SettingsFile::parse("log_format = \"xml\"")
                .unwrap_err()
                .cause
                .contains("xml")
        );
        assert!(SettingsFile::parse("database_url = 7").is_err());
        assert!(SettingsFile::parse("database_url").is_err());
    }

    #[test]
    fn every_key_is_read() {
        let text = "database_url = 'sqlite:a'\ntable_prefix = 'p_'\nlog_format = 'json'";
        let file = SettingsFile::parse(text).unwrap();
        assert_eq!(file.database_url.as_deref(), Some("sqlite:a"));
        assert_eq!(file.table_prefix.as_deref(), Some("p_"));
        assert_eq!(file.log_format, Some(LogFormat::Json));
    }
}
