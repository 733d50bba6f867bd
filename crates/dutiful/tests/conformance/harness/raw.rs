//! SQL past the product: looking at rows and changing them as another process would.
//!
//! Statements are text, with the usual table prefix; answers are text too, as the engine writes it.

use super::engine::Dialect;
use mysql_async::prelude::Queryable;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::types::Type;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// How often a change is made again when the server chose it to lose a deadlock.
const DEADLOCKS_MAX: usize = 10;
/// How often a look is repeated that met a statement of others which MySQL cannot show.
const LOOKS_MAX: usize = 100;
/// MySQL's answer to a look at what others run while one of them runs a statement with bytes that are no text.
const CANNOT_SHOW: u16 = 3854;

/// A row as text; `None` is NULL.
pub(crate) type Row = Vec<Option<String>>;

/// A way to the database that shares nothing with the product.
#[derive(Debug)]
pub(crate) struct Raw {
    way: Way,
    prefix: String,
}

#[derive(Debug)]
enum Way {
    Sqlite(PathBuf),
    Mysql(mysql_async::Pool),
    Postgres(tokio_postgres::Client),
}

impl Raw {
    pub(crate) fn sqlite(file: PathBuf, prefix: &str) -> Raw {
        Raw {
            way: Way::Sqlite(file),
            prefix: prefix.to_owned(),
        }
    }

    /// Connects to a server.
    pub(crate) async fn server(dialect: Dialect, url: &str, prefix: &str) -> Raw {
        let way = match dialect {
            Dialect::Sqlite => unreachable!("a file is no server"),
            Dialect::Mysql => Way::Mysql(mysql_async::Pool::new(url)),
            Dialect::Postgres => {
                let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute("SET time zone 'UTC'").await.unwrap();
                Way::Postgres(client)
            }
        };
        Raw {
            way,
            prefix: prefix.to_owned(),
        }
    }

    /// Changes something, and tells how many rows. Does it again when the server chose it to lose a deadlock.
    pub(crate) async fn exec(&self, sql: &str) -> u64 {
        let lost_a_deadlock = |error: &str| error.to_lowercase().contains("deadlock");
        for _ in 0..DEADLOCKS_MAX {
            match self.try_exec(sql).await {
                Err(error) if lost_a_deadlock(&error) => {}
                done => return done.unwrap_or_else(|error| panic!("{error} in: {sql}")),
            }
        }
        panic!("{DEADLOCKS_MAX} deadlocks in: {sql}")
    }

    /// As [`Raw::exec`]; the error in words.
    pub(crate) async fn try_exec(&self, sql: &str) -> Result<u64, String> {
        let sql = self.prefixed(sql);
        match &self.way {
            Way::Sqlite(file) => {
                let changed = open(file)
                    .execute(&sql, [])
                    .map_err(|error| error.to_string())?;
                Ok(changed.try_into().unwrap_or_default())
            }
            Way::Mysql(pool) => {
                let mut connection = pool.get_conn().await.map_err(|error| error.to_string())?;
                connection
                    .query_drop(&sql)
                    .await
                    .map_err(|error| error.to_string())?;
                Ok(connection.affected_rows())
            }
            Way::Postgres(client) => {
                let answer = client
                    .simple_query(&sql)
                    .await
                    .map_err(|error| chain(&error))?;
                Ok(answer.iter().filter_map(changed).sum())
            }
        }
    }

    /// Submits as any program may, whatever the payload holds.
    pub(crate) async fn submit(&self, task_name: &str, payload: &str) -> i64 {
        let places = match &self.way {
            Way::Postgres(_) => "$1, $2",
            _ => "?, ?",
        };
        let sql = self.prefixed(&format!(
            "INSERT INTO dutiful_tasks (task_name, task_payload) VALUES ({places})"
        ));
        match &self.way {
            Way::Sqlite(file) => {
                let connection = open(file);
                connection.execute(&sql, [task_name, payload]).unwrap();
                connection.last_insert_rowid()
            }
            Way::Mysql(pool) => {
                let mut connection = pool.get_conn().await.unwrap();
                let values = (task_name, payload);
                connection.exec_drop(&sql, values).await.unwrap();
                connection.last_insert_id().unwrap().try_into().unwrap()
            }
            Way::Postgres(client) => {
                let sql = format!("{sql} RETURNING id");
                // Not prepared: behind a pooler the next request may meet another session.
                let values = [(&task_name as _, Type::TEXT), (&payload as _, Type::TEXT)];
                client.query_typed(&sql, &values).await.unwrap()[0].get(0)
            }
        }
    }

    /// Reads rows.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Row> {
        let sql = self.prefixed(sql);
        match &self.way {
            Way::Sqlite(file) => sqlite_rows(&open(file), &sql),
            Way::Mysql(pool) => mysql_rows(pool, &sql)
                .await
                .unwrap_or_else(|error| panic!("{error} in: {sql}")),
            Way::Postgres(client) => {
                let answer = client.simple_query(&sql).await.unwrap();
                answer.iter().filter_map(postgres_row).collect()
            }
        }
    }

    /// How many are connected to a database of this MySQL server; nothing when it cannot be shown.
    pub(crate) async fn connected(&self, database: &str) -> Option<usize> {
        let Way::Mysql(pool) = &self.way else {
            unreachable!("only MySQL is asked")
        };
        let sql = format!("SELECT id FROM information_schema.processlist WHERE db = '{database}'");
        mysql_rows(pool, &sql).await.ok().map(|rows| rows.len())
    }

    /// The first cell of the only row.
    pub(crate) async fn cell(&self, sql: &str) -> Option<String> {
        let mut rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "one row from: {sql}");
        rows.remove(0).remove(0)
    }

    /// The first cell of the only row, a number.
    pub(crate) async fn int(&self, sql: &str) -> i64 {
        let cell = self.cell(sql).await;
        cell.and_then(|cell| cell.parse().ok())
            .unwrap_or_else(|| panic!("a number from: {sql}"))
    }

    /// Ends the way, so that the database can be dropped.
    pub(crate) async fn close(self) {
        if let Way::Mysql(pool) = self.way {
            let _ = pool.disconnect().await;
        }
    }

    fn prefixed(&self, sql: &str) -> String {
        sql.replace("dutiful_", &self.prefix)
    }
}

/// A text as a literal that every engine reads the same way, if it holds no backslash.
pub(crate) fn quoted(text: &str) -> String {
    assert!(!text.contains('\\'), "MySQL reads backslashes in literals");
    format!("'{}'", text.replace('\'', "''"))
}

fn open(file: &PathBuf) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(20)).unwrap();
    connection
}

fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> Vec<Row> {
    use rusqlite::types::ValueRef;
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut read = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let cell = |index| match row.get_ref(index).unwrap() {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(number.to_string()),
            ValueRef::Real(number) => Some(number.to_string()),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
        };
        read.push((0..columns).map(cell).collect());
    }
    read
}

async fn mysql_rows(pool: &mysql_async::Pool, sql: &str) -> Result<Vec<Row>, String> {
    let mut connection = pool.get_conn().await.unwrap();
    for _ in 0..LOOKS_MAX {
        match connection.query::<mysql_async::Row, _>(sql).await {
            Ok(rows) => return Ok(rows.into_iter().map(mysql_row).collect()),
            Err(mysql_async::Error::Server(error)) if error.code == CANNOT_SHOW => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Err(format!("{LOOKS_MAX} looks in vain"))
}

fn mysql_row(row: mysql_async::Row) -> Row {
    use mysql_async::Value;
    let cell = |value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true)),
    };
    row.unwrap().into_iter().map(cell).collect()
}

fn postgres_row(message: &SimpleQueryMessage) -> Option<Row> {
    match message {
        SimpleQueryMessage::Row(row) => Some(
            (0..row.len())
                .map(|index| row.get(index).map(str::to_owned))
                .collect(),
        ),
        _ => None,
    }
}

fn changed(message: &SimpleQueryMessage) -> Option<u64> {
    match message {
        SimpleQueryMessage::CommandComplete(rows) => Some(*rows),
        _ => None,
    }
}

fn chain(error: &tokio_postgres::Error) -> String {
    error
        .as_db_error()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
