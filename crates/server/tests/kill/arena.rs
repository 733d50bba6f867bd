//! Where a trial takes place: a database of its own, a folder, and a client to submit with.

use crate::audit::{self, Line};
use crate::engine::{Dialect, Engine};
use crate::raw::{Raw, Row};
use crate::roles::{AuditTask, Work};
use crate::server;
use dutiful::Client;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tempfile::TempDir;

const PREFIX: &str = "dutiful_";
/// As many as one call takes.
const BULK: usize = 10_000;

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The place of one trial.
pub(crate) struct Arena {
    pub(crate) engine: Engine,
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    own: Option<String>,
    /// Its server is gone for good, and the database with it.
    gone: AtomicBool,
}

impl Arena {
    /// A database with tables and without tasks.
    pub(crate) async fn make(engine: &Engine) -> Arena {
        let folder = TempDir::new().unwrap();
        let mut arena = Arena {
            engine: engine.clone(),
            url: engine.url.clone(),
            folder,
            own: None,
            gone: AtomicBool::new(false),
        };
        if engine.dialect == Dialect::Sqlite {
            arena.url = format!("sqlite:{}", arena.file().display());
        } else {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("dc{}_{number}", std::process::id());
            arena.admin(&format!("CREATE DATABASE {name}")).await;
            arena.url = with_standby(&with_database(&engine.url, &name), engine);
            arena.own = Some(name);
        }
        arena.client().await.migrate().await.unwrap();
        arena
    }

    /// Removes the database of a trial that went well; one that did not is left to be looked at, and goes
    /// with its server.
    pub(crate) async fn remove(&self) {
        let Some(name) = &self.own else { return };
        if self.gone.load(Ordering::Relaxed) {
            return;
        }
        let force = if self.engine.dialect == Dialect::Postgres {
            " WITH (FORCE)"
        } else {
            ""
        };
        self.admin(&format!("DROP DATABASE {name}{force}")).await;
    }

    /// The server will not come back.
    pub(crate) fn is_gone(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }

    /// A client as any process has one.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.url).await.unwrap()
    }

    /// Submits so many audited tasks, numbered from 0, each as long as `ms` says.
    pub(crate) async fn submit(&self, count: u64, mut ms: impl FnMut(u64) -> u64) {
        let client = self.client().await;
        let works: Vec<Work> = (0..count).map(|n| Work { n, ms: ms(n) }).collect();
        for works in works.chunks(BULK) {
            client
                .submit_many::<AuditTask>(works.to_vec())
                .await
                .unwrap();
        }
    }

    /// The file that all processes of the trial write to.
    pub(crate) fn audit_file(&self) -> PathBuf {
        self.folder.path().join("audit")
    }

    pub(crate) fn audit(&self) -> Vec<Line> {
        audit::read(&self.audit_file())
    }

    /// The rows of a statement, by a connection of its own.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        let raw = self.raw().await;
        let rows = raw.rows(sql).await;
        raw.close().await;
        rows
    }

    pub(crate) async fn int(&self, sql: &str) -> i64 {
        let raw = self.raw().await;
        let number = raw.int(sql).await;
        raw.close().await;
        number
    }

    pub(crate) async fn exec(&self, sql: &str) -> u64 {
        let raw = self.raw().await;
        let changed = raw.exec(sql).await;
        raw.close().await;
        changed
    }

    /// How many tasks have not succeeded.
    pub(crate) async fn open_tasks(&self) -> i64 {
        self.int("SELECT COUNT(*) FROM dutiful_tasks WHERE status <> 'success'")
            .await
    }

    /// A statement on the server, outside the database of the trial.
    pub(crate) async fn server_rows(&self, sql: &str) -> Vec<Row> {
        let raw = Raw::server(self.engine.dialect, &self.engine.url, PREFIX).await;
        let rows = raw.rows(sql).await;
        raw.close().await;
        rows
    }

    /// The name of the database on its server.
    pub(crate) fn database(&self) -> &str {
        self.own.as_deref().unwrap()
    }

    async fn admin(&self, sql: &str) {
        let raw = Raw::server(self.engine.dialect, &self.engine.url, PREFIX).await;
        raw.exec(sql).await;
        raw.close().await;
    }

    /// A time as microseconds since 1970.
    pub(crate) fn micros(&self, column: &str) -> String {
        match self.engine.dialect {
            Dialect::Sqlite => column.to_owned(),
            Dialect::Mysql => format!("TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {column})"),
            Dialect::Postgres => format!("(EXTRACT(EPOCH FROM {column}) * 1000000)::bigint"),
        }
    }

    pub(crate) async fn raw(&self) -> Raw {
        match self.engine.dialect {
            Dialect::Sqlite => Raw::sqlite(self.file(), PREFIX),
            dialect => Raw::server(dialect, &self.url, PREFIX).await,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("tasks.db")
    }
}

/// The URL with both hosts, where there are two: whichever takes writes is used.
fn with_standby(url: &str, engine: &Engine) -> String {
    match (server::standby(engine), url.rsplit_once('/')) {
        (Some(standby), Some((server, database))) => format!("{server},{standby}/{database}"),
        _ => url.to_owned(),
    }
}

fn with_database(url: &str, name: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let server = &place[..place.rfind('/').unwrap()];
    let query = if query.is_empty() {
        String::new()
    } else {
        format!("?{query}")
    };
    format!("{server}/{name}{query}")
}
