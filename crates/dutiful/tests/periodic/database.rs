//! A database for each test and engine, with plain SQL beside the library.

use dutiful::{Client, PeriodicInfo};
use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(90);
const LOOK: Duration = Duration::from_millis(50);

/// Tables of one test on one engine.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) engine: &'static str,
    url: String,
    prefix: String,
    file: Option<PathBuf>,
}

/// Runs a test on every engine that there is, side by side.
pub(crate) async fn on_every_engine<F: Future<Output = ()>>(
    test: &str,
    run: impl Fn(Database) -> F,
) {
    let mut databases = vec![sqlite(test)];
    for (engine, variable) in [
        ("mariadb", "DUTIFUL_TEST_MARIADB_URL"),
        ("mysql", "DUTIFUL_TEST_MYSQL_URL"),
        ("postgres", "DUTIFUL_TEST_POSTGRES_URL"),
    ] {
        match std::env::var(variable) {
            Ok(url) => {
                let prefix = format!("per_{test}_");
                databases.push(Database {
                    engine,
                    url,
                    prefix,
                    file: None,
                });
            }
            Err(_) => eprintln!("{test}: not run on {engine}, because {variable} is not set"),
        }
    }
    let run = &run;
    join_all(databases.into_iter().map(|database| async move {
        database.client().await.migrator().down(0).await.unwrap();
        database.client().await.migrate().await.unwrap();
        run(database.clone()).await;
        database.client().await.migrator().down(0).await.unwrap();
        database.remove_file();
    }))
    .await;
}

fn sqlite(test: &str) -> Database {
    let name = format!("dutiful-periodic-{test}-{}.db", std::process::id());
    let file = std::env::temp_dir().join(name);
    Database {
        engine: "sqlite",
        url: format!("sqlite:{}", file.display()),
        prefix: "dutiful_".to_owned(),
        file: Some(file),
    }
}

impl Database {
    /// A client with connections of its own, as another process would have.
    pub(crate) async fn client(&self) -> Client {
        let builder = Client::builder(&self.url)
            .table_prefix(&self.prefix)
            .pool_size(2);
        builder.connect().await.unwrap()
    }

    /// Runs a statement that is written with the usual prefix.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = sql.replace("dutiful_", &self.prefix);
        match self.engine {
            "sqlite" => drop(self.open_file().execute(&sql, []).unwrap()),
            "postgres" => drop(self.open_postgres().await.execute(&sql, &[]).await.unwrap()),
            _ => self.open_mysql().await.query_drop(&sql).await.unwrap(),
        }
    }

    /// The one number that a query gives.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = sql.replace("dutiful_", &self.prefix);
        match self.engine {
            "sqlite" => self
                .open_file()
                .query_row(&sql, [], |row| row.get(0))
                .unwrap(),
            "postgres" => self
                .open_postgres()
                .await
                .query_one(&sql, &[])
                .await
                .unwrap()
                .get(0),
            _ => self
                .open_mysql()
                .await
                .query_first(&sql)
                .await
                .unwrap()
                .unwrap(),
        }
    }

    /// SQL for a column's time this many days earlier.
    pub(crate) fn days_before(&self, column: &str, days: u32) -> String {
        match self.engine {
            "sqlite" => format!("{column} - {days} * 86400000000"),
            "postgres" => format!("{column} - {days} * interval '1 day'"),
            _ => format!("{column} - INTERVAL {days} DAY"),
        }
    }

    fn open_file(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.file.as_ref().unwrap()).unwrap();
        connection.busy_timeout(Duration::from_secs(30)).unwrap();
        connection
    }

    async fn open_postgres(&self) -> tokio_postgres::Client {
        let (client, link) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(link);
        client
    }

    async fn open_mysql(&self) -> mysql_async::Conn {
        mysql_async::Conn::from_url(&self.url).await.unwrap()
    }

    fn remove_file(&self) {
        for end in ["", "-wal", "-shm"] {
            if let Some(file) = &self.file {
                // Some of them may not be there.
                let _ = std::fs::remove_file(format!("{}{end}", file.display()));
            }
        }
    }
}

/// Looks at a periodic until it is as wanted. Each look is also given to `check`.
pub(crate) async fn wait_for(
    client: &Client,
    name: &str,
    mut wanted: impl FnMut(&PeriodicInfo) -> bool,
) -> PeriodicInfo {
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < PATIENCE {
        let rows = client.periodic().await.unwrap();
        if let Some(row) = rows.into_iter().find(|row| row.name == name) {
            if wanted(&row) {
                return row;
            }
            last = Some(row);
        }
        tokio::time::sleep(LOOK).await;
    }
    panic!("the periodic {name} did not come to what was waited for: {last:?}")
}

/// Waits until something holds.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "waited too long: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
