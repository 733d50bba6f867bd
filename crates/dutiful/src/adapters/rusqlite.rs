//! Transactions and connections of rusqlite.

use super::{Answer, Enlist, Failure, Input, Speaks, Statement};
use crate::db::Dialect;
use crate::db::sqlite::guest::Runs;
use rusqlite::{Connection, Savepoint, Transaction};

macro_rules! enlist {
    ($($connection:ty),*) => {$(
        impl Enlist for $connection {
            fn speaks(&self) -> Speaks {
                Speaks(Dialect::Sqlite)
            }

            async fn run(&mut self, statement: Statement) -> Result<Answer, Failure> {
                run(self, statement)
            }
        }
    )*};
}

enlist!(Transaction<'_>, Savepoint<'_>, Connection, &Connection);

fn run(connection: &Connection, statement: Statement) -> Result<Answer, Failure> {
    let (text, input) = statement.in_dialect(Dialect::Sqlite);
    let runs = match input {
        Input::Params(params) => Runs::one(&text, params),
        Input::Rows(rows) => Runs::many(&text, rows),
    };
    Answer::of(runs.run(connection))
}
