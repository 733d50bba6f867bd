//! A database that lives as long as its case.

use super::emptied::{self, Emptied};
use super::engine::{Dialect, Engine};
use super::raw::{Raw, Row};
use dutiful::{Client, Register, TaskId, Worker, WorkerHandle};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// The least that every case gets, so that nothing passes because all calls share one connection.
const POOL: usize = 4;
pub(super) const PREFIX: &str = "dutiful_";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// What the tables have been through when a case begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum History {
    /// There are none.
    Empty,
    /// As new, though an earlier case may have had them; so is what went up, down and up.
    Fresh,
    UpDownUp,
}

/// Where a database is, and how it is removed.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    engine: Engine,
    url: String,
    /// The name of the database, where it has one of its own.
    own: Option<String>,
    prefix: String,
    folder: Option<Arc<TempDir>>,
    /// What it was like when it was new, where it is given on.
    emptied: Option<Emptied>,
}

/// The database of a case. Clones are the same database.
#[derive(Debug, Clone)]
pub(crate) struct TestDb {
    place: Place,
    raw: Arc<OnceCell<Raw>>,
}

impl Place {
    async fn make(engine: &Engine) -> Place {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("dt{}_{number}", std::process::id());
        let prefix = if engine.shared {
            format!("{name}_")
        } else {
            PREFIX.to_owned()
        };
        let mut place = Place {
            engine: engine.clone(),
            url: engine.url.clone(),
            own: None,
            prefix,
            folder: None,
            emptied: None,
        };
        if engine.dialect == Dialect::Sqlite {
            let folder = TempDir::new().unwrap();
            place.url = format!("sqlite:{}", folder.path().join("tasks.db").display());
            place.folder = Some(Arc::new(folder));
        } else if !engine.shared {
            let create = match engine.dialect {
                // A team's database may have any character set; what we store must not depend on it.
                Dialect::Mysql => format!("CREATE DATABASE {name} CHARACTER SET latin1"),
                Dialect::Sqlite | Dialect::Postgres => format!("CREATE DATABASE {name}"),
            };
            place.admin(&create).await;
            place.url = with_database(&engine.url, &name);
            place.own = Some(name);
        }
        place
    }

    /// One that an earlier case has given back.
    fn given_on(engine: &Engine, history: History) -> Option<Place> {
        let emptied = emptied::take(engine, history)?;
        Some(Place {
            engine: engine.clone(),
            url: with_database(&engine.url, &emptied.name),
            own: Some(emptied.name.clone()),
            prefix: PREFIX.to_owned(),
            folder: None,
            emptied: Some(emptied),
        })
    }

    /// After a case that succeeded: gives the database to the next one where that is possible, and removes it
    /// where not.
    pub(crate) async fn give_back(mut self) {
        let given = match self.emptied.take() {
            Some(emptied) => emptied::give_back(emptied).await,
            None => false,
        };
        if !given {
            self.remove().await;
        }
    }

    /// Removes everything that the case has made.
    pub(crate) async fn remove(self) {
        match (&self.own, self.engine.dialect) {
            (Some(name), Dialect::Postgres) => {
                self.admin(&format!("DROP DATABASE {name} WITH (FORCE)"))
                    .await;
            }
            (Some(name), _) => self.admin(&format!("DROP DATABASE {name}")).await,
            (None, Dialect::Sqlite) => {}
            (None, _) => self.drop_tables().await,
        }
    }

    async fn drop_tables(&self) {
        let raw = self.raw().await;
        let like = self.prefix.replace('_', "!_");
        let tables = raw
            .rows(&format!(
                "SELECT table_name FROM information_schema.tables WHERE table_name LIKE '{like}%' ESCAPE '!'"
            ))
            .await;
        for table in tables.into_iter().flatten().flatten() {
            raw.exec(&format!("DROP TABLE {table}")).await;
        }
        raw.close().await;
    }

    async fn admin(&self, sql: &str) {
        let raw = Raw::server(self.engine.dialect, &self.engine.url, PREFIX).await;
        raw.exec(sql).await;
        raw.close().await;
    }

    async fn raw(&self) -> Raw {
        match &self.folder {
            Some(folder) => Raw::sqlite(folder.path().join("tasks.db"), &self.prefix),
            None => Raw::server(self.engine.dialect, &self.url, &self.prefix).await,
        }
    }
}

impl TestDb {
    /// A database of its own whose tables have been through this.
    pub(crate) async fn create(engine: &Engine, history: History) -> TestDb {
        let is_given_on = emptied::pays(engine, history);
        if is_given_on && let Some(place) = Place::given_on(engine, history) {
            let raw = Arc::default();
            return TestDb { place, raw };
        }
        let mut db = TestDb {
            place: Place::make(engine).await,
            raw: Arc::default(),
        };
        if history == History::Empty {
            return db;
        }
        let client = db.client().await;
        client.migrate().await.unwrap();
        if history == History::UpDownUp {
            client.migrator().down(0).await.unwrap();
            client.migrate().await.unwrap();
        }
        if let Some(name) = db.place.own.clone().filter(|_| is_given_on) {
            db.place.emptied = Some(emptied::fresh(engine, history, &name).await);
        }
        db
    }

    pub(crate) fn place(&self) -> Place {
        self.place.clone()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.place.engine
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.engine().dialect
    }

    pub(crate) fn url(&self) -> &str {
        &self.place.url
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.place.prefix
    }

    /// The folder of the file; only SQLite has one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.place.folder.as_ref().map(|folder| folder.path())
    }

    /// A client with connections of its own, as another process would have.
    pub(crate) async fn client(&self) -> Client {
        let builder = Client::builder(&self.place.url).table_prefix(&self.place.prefix);
        builder.pool_size(POOL).connect().await.unwrap()
    }

    /// Several of them.
    pub(crate) async fn clients(&self, count: usize) -> Vec<Client> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(self.client().await);
        }
        clients
    }

    /// A worker with a client of its own that runs one task type. At shutdown it does not wait.
    pub(crate) async fn worker(&self, task: impl Register) -> WorkerHandle {
        let worker = Worker::new(self.client().await).register(task);
        worker.shutdown_grace(Duration::ZERO).start().await.unwrap()
    }

    pub(crate) async fn raw(&self) -> &Raw {
        self.raw.get_or_init(|| self.place.raw()).await
    }

    /// Changes rows as another process would.
    pub(crate) async fn exec(&self, sql: &str) -> u64 {
        self.raw().await.exec(sql).await
    }

    /// Reads rows as another process would.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        self.raw().await.rows(sql).await
    }

    pub(crate) async fn cell(&self, sql: &str) -> Option<String> {
        self.raw().await.cell(sql).await
    }

    pub(crate) async fn int(&self, sql: &str) -> i64 {
        self.raw().await.int(sql).await
    }

    /// The number of rows in one of our tables.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.int(&format!("SELECT COUNT(*) FROM dutiful_{table}"))
            .await
    }

    /// A column of one task.
    pub(crate) async fn column(&self, id: TaskId, column: &str) -> Option<String> {
        self.cell(&format!(
            "SELECT {column} FROM dutiful_tasks WHERE id = {id}"
        ))
        .await
    }

    /// The database's time, so many seconds from now, in its own words.
    pub(crate) fn now_plus(&self, seconds: i64) -> String {
        match self.dialect() {
            Dialect::Sqlite => format!(
                "(CAST(ROUND((JULIANDAY('now') - 2440587.5) * 86400000) AS INTEGER) * 1000 + {})",
                seconds * 1_000_000
            ),
            Dialect::Mysql => format!("(UTC_TIMESTAMP(6) + INTERVAL {seconds} SECOND)"),
            Dialect::Postgres => format!("(clock_timestamp() + interval '{seconds} seconds')"),
        }
    }

    /// Sets the time in a column back by so much.
    pub(crate) fn earlier(&self, column: &str, by: Duration) -> String {
        let micros = by.as_micros();
        match self.dialect() {
            Dialect::Sqlite => format!("{column} = {column} - {micros}"),
            Dialect::Mysql => format!("{column} = {column} - INTERVAL {micros} MICROSECOND"),
            Dialect::Postgres => {
                format!("{column} = {column} - {micros} * interval '1 microsecond'")
            }
        }
    }

    /// Makes the task due, so many seconds from now; in the past, its lease has run out.
    pub(crate) async fn set_due(&self, id: TaskId, seconds: i64) {
        let due = self.now_plus(seconds);
        self.exec(&format!(
            "UPDATE dutiful_tasks SET due_at = {due} WHERE id = {id}"
        ))
        .await;
    }

    /// Lets the lease of a running task run out, as if its worker had not been heard of.
    pub(crate) async fn expire(&self, id: TaskId) {
        self.set_due(id, -1).await;
    }

    /// The same in the name of a worker that has died. Who really runs the task may then take it over,
    /// which it does not do with what it holds itself.
    pub(crate) async fn expire_elsewhere(&self, id: TaskId) {
        let due = self.now_plus(-1);
        let sql =
            format!("UPDATE dutiful_tasks SET worker = 'ghost', due_at = {due} WHERE id = {id}");
        assert_eq!(self.exec(&sql).await, 1);
    }

    /// Makes the row one that a worker held until it died.
    pub(crate) async fn die_holding(&self, id: TaskId, worker: &str) {
        let (due, run) = (self.now_plus(-1), self.now_plus(-31));
        let sql = format!(
            "UPDATE dutiful_tasks SET worker = '{worker}', attempt = attempt + 1, due_at = {due},
                    last_run_at = {run} WHERE id = {id}"
        );
        assert_eq!(self.exec(&sql).await, 1);
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
