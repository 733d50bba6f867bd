//! Transactions and connections of tokio-postgres, and transactions of deadpool-postgres.

use super::{Answer, Enlist, Failure, Input, Speaks, Statement};
use crate::db::postgres::guest::Parts;
use crate::db::{DbResult, Dialect, Reply};
use std::borrow::Cow;
use tokio_postgres::{Client, GenericClient, Transaction};

macro_rules! enlist {
    ($($connection:ty),*) => {$(
        impl Enlist for $connection {
            fn speaks(&self) -> Speaks {
                Speaks(Dialect::Postgres)
            }

            async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
                Answer::of(run(GenericClient::client(self), statement).await)
            }
        }
    )*};
}

enlist!(Transaction<'_>, Client);

impl Enlist for deadpool_postgres::Transaction<'_> {
    fn speaks(&self) -> Speaks {
        Speaks(Dialect::Postgres)
    }

    async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
        let tx: &Transaction<'_> = self;
        Answer::of(run(tx.client(), statement).await)
    }
}

async fn run(client: &Client, statement: Statement) -> DbResult<Reply> {
    let (text, parts) = parts(statement)?;
    parts.run(client, &text).await
}

pub(super) fn parts(statement: Statement) -> DbResult<(Cow<'static, str>, Parts)> {
    let (text, input) = statement.in_dialect(Dialect::Postgres);
    let parts = match input {
        Input::Params(params) => Parts::one(params),
        Input::Rows(rows) => Parts::many(rows)?,
    };
    Ok((text, parts))
}
