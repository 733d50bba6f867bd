//! Making a connection: TLS, login, version of the server, settings of the session.

use super::errors::{self, of_connecting};
use super::settings::Settings;
use super::{DbError, DbErrorKind, DbResult, version};
use crate::db::error::CHECK_SERVER;
use crate::db::gate::{Gate, PATIENCE};
use crate::db::tls::SslMode;
use dutiful_core::limits::STATEMENT_BYTES_MAX;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, Row};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// For everything until a connection can be used.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

const FACTS: &str = "SELECT VERSION(), @@version_comment, @@max_allowed_packet";

/// What is known about the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// `max_allowed_packet`, in bytes.
    pub(super) max_packet: u64,
    pub(super) is_mariadb: bool,
    /// The variable of the isolation level has the name that MySQL gave up.
    has_old_name: bool,
}

impl Facts {
    /// How large the parameters of one part of a statement may become.
    pub(super) fn statement_bytes(&self) -> usize {
        let half = usize::try_from(self.max_packet / 2).unwrap_or(usize::MAX);
        half.min(STATEMENT_BYTES_MAX)
    }

    fn isolation(&self) -> &'static str {
        match self.has_old_name {
            true => "tx_isolation",
            false => "transaction_isolation",
        }
    }

    /// One statement that makes a session ours, whatever the server's defaults are. Names and
    /// literals compare byte by byte; an idle or frozen session of ours ends within a minute.
    fn session(&self) -> String {
        format!(
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin, SESSION {} = 'READ-COMMITTED', \
             time_zone = '+00:00', autocommit = 1, sql_mode = 'STRICT_ALL_TABLES,\
             NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', \
             innodb_lock_wait_timeout = 20, lock_wait_timeout = 20, wait_timeout = 60",
            self.isolation()
        )
    }
}

/// Makes connections to one server.
pub(super) struct Connector {
    settings: Settings,
    gate: Gate,
    facts: OnceLock<Facts>,
    /// Set when `sslmode=prefer` met a server without TLS.
    plain: AtomicBool,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("server", &self.settings.server())
            .finish_non_exhaustive()
    }
}

impl Connector {
    pub(super) fn new(settings: Settings) -> Connector {
        Connector {
            gate: Gate::new(settings.server()),
            settings,
            facts: OnceLock::new(),
            plain: AtomicBool::new(false),
        }
    }

    pub(super) fn host_and_port(&self) -> Option<(String, u16)> {
        self.settings.host_and_port()
    }

    pub(super) fn max_packet(&self) -> u64 {
        self.facts.get().map_or(u64::MAX, |facts| facts.max_packet)
    }

    /// One attempt, for opening the client: what is wrong is told at once.
    pub(super) async fn prove(&self) -> DbResult<(Conn, Facts)> {
        self.gate.pass(Duration::ZERO, || self.attempt()).await
    }

    /// A connection that is ready for use. Waits while the server is away, up to a bound.
    pub(super) async fn connect(&self) -> DbResult<Conn> {
        let (conn, _) = self.gate.pass(PATIENCE, || self.attempt()).await?;
        Ok(conn)
    }

    async fn attempt(&self) -> DbResult<(Conn, Facts)> {
        match timeout(CONNECT_LIMIT, self.set_up()).await {
            Ok(result) => result,
            Err(_) => {
                let seconds = CONNECT_LIMIT.as_secs();
                let text = format!(
                    "cannot connect to {}: no answer within {seconds} s{CHECK_SERVER}",
                    self.settings.server()
                );
                Err(DbError::new(DbErrorKind::Unavailable, text))
            }
        }
    }

    async fn set_up(&self) -> DbResult<(Conn, Facts)> {
        let server = self.settings.server();
        let refused = |error| of_connecting(error, &server);
        let mut conn = self.log_in().await.map_err(refused)?;
        let facts = match self.facts.get() {
            Some(facts) => *facts,
            None => {
                let row = conn.query_first(FACTS).await.map_err(refused)?;
                let found = read_facts(row)?;
                *self.facts.get_or_init(|| found)
            }
        };
        conn.query_drop(facts.session()).await.map_err(refused)?;
        Ok((conn, facts))
    }

    async fn log_in(&self) -> Result<Conn, Error> {
        let plain = self.settings.mode == SslMode::Disable || self.plain.load(Ordering::Relaxed);
        if plain {
            return Conn::new(self.settings.without_tls()).await;
        }
        match Conn::new(self.settings.with_tls()).await {
            Err(error) if self.settings.mode == SslMode::Prefer && lacks_tls(&error) => {
                self.plain.store(true, Ordering::Relaxed);
                Conn::new(self.settings.without_tls()).await
            }
            result => result,
        }
    }
}

fn lacks_tls(error: &Error) -> bool {
    matches!(error, Error::Driver(DriverError::NoClientSslFlagFromServer))
        || errors::tls_error(error).is_some()
}

fn read_facts(row: Option<Row>) -> DbResult<Facts> {
    let text = |index: usize| {
        let value = row
            .as_ref()
            .and_then(|row| row.get_opt::<String, usize>(index)?.ok());
        value.unwrap_or_default()
    };
    let name = text(0);
    let mariadb = version::check(&name, &text(1))?;
    let max_packet = text(2).parse().unwrap_or(STATEMENT_BYTES_MAX as u64);
    // MariaDB took over MySQL's name of the variable in 11.1.
    let old_name = mariadb && version::numbers(&name) < [11, 1, 0];
    Ok(Facts {
        max_packet,
        is_mariadb: mariadb,
        has_old_name: old_name,
    })
}
