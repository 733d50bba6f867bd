//! What a server says of itself, for people and for `dutiful doctor`.

use super::Client;
use crate::Result;
use crate::db::Dialect;
use crate::migrate::parts;
use crate::store::server_report;
use dutiful_core::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a server says of itself. What it does not tell, or not to us, is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServerReport {
    /// Product and version: `MariaDB 10.11.14`, `PostgreSQL 15.9`, `SQLite 3.50.4`.
    pub version: String,
    /// The database's time.
    pub now: Timestamp,
    /// The settings that decide what a commit is worth and how transactions see each other, by the engine's own
    /// names: `fsync`, `innodb_flush_log_at_trx_commit`, `journal_mode`...
    pub settings: BTreeMap<String, String>,
    /// Columns and indexes that this program's migrations make and that are not there: `index dutiful_tasks_due of
    /// dutiful_tasks`.
    pub missing: Vec<String>,
    /// Whether due tasks are found by their index. In a table of a few rows an engine may rightly read all.
    pub finds_due_by_index: bool,
    /// The highest id of a task.
    pub highest_id: i64,
    /// Transactions of anybody that have been open for longer than was asked, at most 20: they keep the engine from
    /// cleaning up behind a queue. `None` on SQLite, and where the account may not see those of others.
    pub long_transactions: Option<Vec<LongTransaction>>,
    /// Connections that the server has now, of everybody.
    pub connections: Option<u64>,
    /// Connections that it takes.
    pub connections_max: Option<u64>,
    /// Whether this client's link is encrypted.
    pub encrypted: Option<bool>,
    /// Bytes in SQLite's write-ahead log: it grows while somebody keeps on reading.
    pub log_bytes: Option<u64>,
}

/// A transaction that has been open for long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LongTransaction {
    /// Whose it is, as the engine tells.
    pub whose: String,
    /// For how many seconds it has been open.
    pub seconds: u64,
}

impl Client {
    /// Asks the server about its version, settings, schema, connections, and transactions that have been open for
    /// longer than `long`. Changes nothing.
    ///
    /// # Errors
    /// Whatever the database says; `schema` when the tables are not there.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// let report = client.server_report(std::time::Duration::from_secs(300)).await?;
    /// assert!(report.version.starts_with("SQLite 3."));
    /// assert!(report.missing.is_empty());
    /// # Ok(()) }
    /// ```
    pub async fn server_report(&self, long: Duration) -> Result<ServerReport> {
        let db = self.db();
        let (highest_id, now) = server_report::highest_id(db).await?;
        let settings: BTreeMap<_, _> = server_report::settings(db).await?.into_iter().collect();
        let link: BTreeMap<_, _> = server_report::link(db).await?.into_iter().collect();
        let seconds = i64::try_from(long.as_secs()).unwrap_or(i64::MAX);
        let open = server_report::long_transactions(db, seconds).await?;
        let number = |map: &BTreeMap<String, String>, name: &str| map.get(name)?.parse().ok();
        let connections = number(&link, "Threads_connected").or(number(&link, "connections"));
        Ok(ServerReport {
            version: version(db.dialect(), &settings),
            now,
            missing: missing(db).await?,
            finds_due_by_index: server_report::finds_due_by_index(db).await?,
            highest_id,
            long_transactions: open.map(|all| all.into_iter().map(LongTransaction::from).collect()),
            connections,
            connections_max: number(&settings, "max_connections"),
            encrypted: encrypted(&link),
            log_bytes: log_bytes(db.dialect(), &settings),
            settings,
        })
    }
}

impl From<(String, i64)> for LongTransaction {
    fn from((whose, seconds): (String, i64)) -> LongTransaction {
        LongTransaction {
            whose,
            seconds: u64::try_from(seconds).unwrap_or(0),
        }
    }
}

async fn missing(db: &crate::db::Db) -> Result<Vec<String>> {
    let found: BTreeSet<[String; 3]> = server_report::parts(db).await?.into_iter().collect();
    let expected = parts::expected(db.dialect(), db.prefix());
    let is_missing = |part: &parts::Part| {
        !found.contains(&[part.kind.to_owned(), part.table.clone(), part.name.clone()])
    };
    let missing = expected.iter().filter(|part| is_missing(part));
    Ok(missing
        .map(|part| format!("{} {} of {}", part.kind, part.name, part.table))
        .collect())
}

fn version(dialect: Dialect, settings: &BTreeMap<String, String>) -> String {
    let text = |name: &str| settings.get(name).map_or("", String::as_str);
    match dialect {
        Dialect::Sqlite => format!("SQLite {}", text("version")),
        Dialect::Postgres => format!("PostgreSQL {}", text("server_version")),
        Dialect::Mysql => {
            let version = text("version");
            let says = |text: &str| text.to_ascii_lowercase().contains("mariadb");
            let is_mariadb = says(version) || says(text("version_comment"));
            format!("{} {version}", if is_mariadb { "MariaDB" } else { "MySQL" })
        }
    }
}

fn encrypted(link: &BTreeMap<String, String>) -> Option<bool> {
    let cipher = link.get("Ssl_cipher").map(|cipher| !cipher.is_empty());
    cipher.or_else(|| link.get("ssl").map(|ssl| ssl == "true" || ssl == "t"))
}

/// The log stands beside the file. A database in memory has none.
fn log_bytes(dialect: Dialect, settings: &BTreeMap<String, String>) -> Option<u64> {
    let file = settings
        .get("file")
        .filter(|file| dialect == Dialect::Sqlite && !file.is_empty())?;
    std::fs::metadata(format!("{file}-wal"))
        .ok()
        .map(|log| log.len())
}
