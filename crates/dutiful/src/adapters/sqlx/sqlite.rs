//! SQLite.

use super::{Engine, execute, refused};
use crate::adapters::{Input, Statement};
use crate::db::sqlite::guest::{self, Runs};
use crate::db::{DbError, DbResult, Dialect, Inserted, Reply, Value};
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::sqlite::{SqliteArguments, SqliteQueryResult, SqliteValueRef};
use sqlx::{Arguments, Decode, Sqlite, SqliteConnection, TypeInfo, ValueRef};

pub(super) async fn run(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> DbResult<Reply> {
    let (text, input) = statement.in_dialect(Dialect::Sqlite);
    let Runs { text, runs } = match input {
        Input::Params(params) => Runs::one(&text, params),
        Input::Rows(rows) => Runs::many(&text, rows),
    };
    let mut reply = Reply::default();
    for params in runs {
        let mut arguments = SqliteArguments::default();
        for value in params {
            bind(&mut arguments, value).map_err(|error| refused(&error))?;
        }
        reply.join(execute::<Sqlite>(connection, text.as_str(), arguments).await?);
    }
    Ok(reply)
}

fn bind(arguments: &mut SqliteArguments, value: Value) -> Result<(), BoxDynError> {
    match value {
        Value::Int(value) => arguments.add(value),
        Value::Text(value) => arguments.add(value),
        Value::Bytes(value) => arguments.add(value),
        Value::Time(value) => arguments.add(value.map(|time| time.as_micros())),
        Value::Since(_) => Err("a bound that claims alone have".into()),
        Value::Ints(_) | Value::Texts(_) => Err("a list that was not written out".into()),
    }
}

impl Engine for Sqlite {
    fn value(column: SqliteValueRef<'_>) -> Result<Value, BoxDynError> {
        if column.is_null() {
            return Ok(Value::Int(None));
        }
        let name = column.type_info().name().to_owned();
        Ok(match name.as_str() {
            "INTEGER" => Value::Int(Some(Decode::<Sqlite>::decode(column)?)),
            "TEXT" => Value::Text(Some(Decode::<Sqlite>::decode(column)?)),
            "BLOB" => Value::Bytes(Some(Decode::<Sqlite>::decode(column)?)),
            _ => return Err(format!("a value of type {name} was not expected").into()),
        })
    }

    fn count(result: &SqliteQueryResult, reply: &mut Reply) {
        let (first_id, rows) = (result.last_insert_rowid(), result.rows_affected());
        reply.affected += rows;
        reply.inserted.push(Inserted { first_id, rows });
    }

    fn failure(error: &dyn DatabaseError) -> DbError {
        let code = error.code().and_then(|code| code.parse().ok());
        guest::failure(code, error.message().to_owned())
    }
}
