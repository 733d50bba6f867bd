//! The drivers.

use crate::app::App;
use crate::harness::TestDb;
use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use std::time::Duration;
use tokio_postgres::NoTls;

pub(crate) struct Rusqlite(rusqlite::Connection);

impl App for Rusqlite {
    type Tx<'t> = rusqlite::Transaction<'t>;
    type Connection = rusqlite::Connection;

    async fn open(db: &TestDb) -> Self {
        let connection = rusqlite::Connection::open(db.folder().unwrap().join("tasks.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(20)).unwrap();
        Rusqlite(connection)
    }

    async fn begin(&mut self) -> Self::Tx<'_> {
        self.0.transaction().unwrap()
    }

    async fn exec(tx: &mut Self::Tx<'_>, sql: &str) {
        tx.execute_batch(sql).unwrap();
    }

    async fn commit(tx: Self::Tx<'_>) {
        tx.commit().unwrap();
    }

    async fn rollback(tx: Self::Tx<'_>) {
        tx.rollback().unwrap();
    }

    fn connection(&mut self) -> &mut Self::Connection {
        &mut self.0
    }

    async fn say(&mut self, sql: &str) {
        self.0.execute_batch(sql).unwrap();
    }
}

pub(crate) struct MysqlAsync(mysql_async::Conn);

impl App for MysqlAsync {
    type Tx<'t> = mysql_async::Transaction<'t>;
    type Connection = mysql_async::Conn;

    async fn open(db: &TestDb) -> Self {
        MysqlAsync(mysql_async::Conn::from_url(db.url()).await.unwrap())
    }

    async fn begin(&mut self) -> Self::Tx<'_> {
        self.0.start_transaction(TxOpts::default()).await.unwrap()
    }

    async fn exec(tx: &mut Self::Tx<'_>, sql: &str) {
        tx.query_drop(sql).await.unwrap();
    }

    async fn commit(tx: Self::Tx<'_>) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx<'_>) {
        tx.rollback().await.unwrap();
    }

    fn connection(&mut self) -> &mut Self::Connection {
        &mut self.0
    }

    async fn say(&mut self, sql: &str) {
        self.0.query_drop(sql).await.unwrap();
    }
}

pub(crate) struct TokioPostgres(tokio_postgres::Client);

impl App for TokioPostgres {
    type Tx<'t> = tokio_postgres::Transaction<'t>;
    type Connection = tokio_postgres::Client;

    async fn open(db: &TestDb) -> Self {
        let (client, connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        TokioPostgres(client)
    }

    async fn begin(&mut self) -> Self::Tx<'_> {
        self.0.transaction().await.unwrap()
    }

    async fn exec(tx: &mut Self::Tx<'_>, sql: &str) {
        tx.batch_execute(sql).await.unwrap();
    }

    async fn commit(tx: Self::Tx<'_>) {
        tx.commit().await.unwrap();
    }

    async fn rollback(tx: Self::Tx<'_>) {
        tx.rollback().await.unwrap();
    }

    fn connection(&mut self) -> &mut Self::Connection {
        &mut self.0
    }

    async fn say(&mut self, sql: &str) {
        self.0.batch_execute(sql).await.unwrap();
    }
}

#[cfg(feature = "sqlx")]
pub(crate) struct Sqlx<DB: sqlx::Database>(DB::Connection);

#[cfg(feature = "sqlx")]
macro_rules! sqlx_app {
    ($database:ty) => {
        impl App for Sqlx<$database> {
            type Tx<'t> = sqlx::Transaction<'t, $database>;
            type Connection = <$database as sqlx::Database>::Connection;

            async fn open(db: &TestDb) -> Self {
                let url = db.url();
                Sqlx(
                    <Self::Connection as sqlx::Connection>::connect(url)
                        .await
                        .unwrap(),
                )
            }

            async fn begin(&mut self) -> Self::Tx<'_> {
                sqlx::Connection::begin(&mut self.0).await.unwrap()
            }

            async fn exec(tx: &mut Self::Tx<'_>, sql: &str) {
                let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                sql.execute(&mut **tx).await.unwrap();
            }

            async fn commit(tx: Self::Tx<'_>) {
                tx.commit().await.unwrap();
            }

            async fn rollback(tx: Self::Tx<'_>) {
                tx.rollback().await.unwrap();
            }

            fn connection(&mut self) -> &mut Self::Connection {
                &mut self.0
            }

            async fn say(&mut self, sql: &str) {
                let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
                sql.execute(&mut self.0).await.unwrap();
            }
        }
    };
}

#[cfg(feature = "sqlx")]
sqlx_app!(sqlx::Sqlite);
#[cfg(feature = "sqlx")]
sqlx_app!(sqlx::MySql);
#[cfg(feature = "sqlx")]
sqlx_app!(sqlx::Postgres);
