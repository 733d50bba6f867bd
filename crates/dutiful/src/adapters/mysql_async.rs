//! Transactions and connections of mysql_async.

use super::{Answer, Enlist, Failure, Input, Speaks, Statement};
use crate::db::mysql::guest::Parts;
use crate::db::{DbResult, Dialect, Reply};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Transaction};

macro_rules! enlist {
    ($($connection:ty),*) => {$(
        impl Enlist for $connection {
            fn speaks(&self) -> Speaks {
                Speaks(Dialect::Mysql)
            }

            async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
                Answer::of(run(self, statement).await)
            }
        }
    )*};
}

enlist!(Transaction<'_>, Conn);

async fn run<C: Queryable>(connection: &mut C, statement: Statement) -> DbResult<Reply> {
    parts(statement)?.run(connection).await
}

pub(super) fn parts(statement: Statement) -> DbResult<Parts> {
    let (text, input) = statement.in_dialect(Dialect::Mysql);
    match input {
        Input::Params(params) => Parts::one(text, params),
        Input::Rows(rows) => Parts::many(text, rows),
    }
}
