//! Programs spawn what they await, so these futures are `Send` wherever the driver's transaction is. That
//! this compiles is the test.

use dutiful::{Client, Context};
use serde_json::json;

fn is_send<F: Future + Send>(future: F) {
    drop(future);
}

macro_rules! all_are_send {
    ($name:ident, $connection:ty) => {
        #[allow(dead_code)]
        fn $name(client: &Client, cx: &Context, tx: &mut $connection) {
            is_send(client.submit_json("T", json!(1)).within(tx));
            is_send(
                client
                    .submit_many::<crate::harness::Script>([json!(1)])
                    .within(tx),
            );
            is_send(cx.settle_within(tx, &1));
        }
    };
}

all_are_send!(rusqlite_connection, rusqlite::Connection);
all_are_send!(mysql_async_connection, mysql_async::Conn);
all_are_send!(mysql_async_transaction, mysql_async::Transaction<'_>);
all_are_send!(tokio_postgres_connection, tokio_postgres::Client);
all_are_send!(tokio_postgres_transaction, tokio_postgres::Transaction<'_>);
all_are_send!(
    deadpool_postgres_transaction,
    deadpool_postgres::Transaction<'_>
);

#[cfg(feature = "sqlx")]
mod sqlx {
    use super::{Client, Context, is_send, json};
    use ::sqlx::{MySql, Postgres, Sqlite, Transaction};

    all_are_send!(sqlite_connection, ::sqlx::SqliteConnection);
    all_are_send!(sqlite_transaction, Transaction<'_, Sqlite>);
    all_are_send!(mysql_connection, ::sqlx::MySqlConnection);
    all_are_send!(mysql_transaction, Transaction<'_, MySql>);
    all_are_send!(postgres_connection, ::sqlx::PgConnection);
    all_are_send!(postgres_transaction, Transaction<'_, Postgres>);
}
