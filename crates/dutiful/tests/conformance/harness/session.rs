//! A connection of another program, which may hold a transaction open.

use super::database::TestDb;
use super::engine::Dialect;
use mysql_async::prelude::Queryable;
use std::time::Duration;
use tokio_postgres::NoTls;

/// A connection that shares nothing with the product. Dropped, it is closed and its transaction undone.
pub(crate) struct Session {
    way: Way,
    prefix: String,
}

enum Way {
    Sqlite(rusqlite::Connection),
    Mysql(mysql_async::Conn),
    Postgres(tokio_postgres::Client),
}

impl Session {
    pub(crate) async fn open(db: &TestDb) -> Session {
        let way = match db.dialect() {
            Dialect::Sqlite => {
                let file = db.folder().unwrap().join("tasks.db");
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.busy_timeout(Duration::from_secs(20)).unwrap();
                Way::Sqlite(connection)
            }
            Dialect::Mysql => Way::Mysql(mysql_async::Conn::from_url(db.url()).await.unwrap()),
            Dialect::Postgres => {
                let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
                tokio::spawn(connection);
                Way::Postgres(client)
            }
        };
        let prefix = db.prefix().to_owned();
        Session { way, prefix }
    }

    /// Runs a statement, also `BEGIN` and `COMMIT`.
    pub(crate) async fn exec(&mut self, sql: &str) -> Result<(), String> {
        let sql = sql.replace("dutiful_", &self.prefix);
        match &mut self.way {
            Way::Sqlite(connection) => connection
                .execute_batch(&sql)
                .map_err(|error| error.to_string()),
            Way::Mysql(connection) => connection
                .query_drop(&sql)
                .await
                .map_err(|error| error.to_string()),
            Way::Postgres(client) => client
                .batch_execute(&sql)
                .await
                .map_err(|error| error.to_string()),
        }
    }

    /// Begins a transaction that writes, as every one of ours does.
    pub(crate) async fn begin(&mut self) {
        let begin = match self.way {
            Way::Sqlite(_) => "BEGIN IMMEDIATE",
            Way::Mysql(_) | Way::Postgres(_) => "BEGIN",
        };
        self.exec(begin).await.unwrap();
    }
}
