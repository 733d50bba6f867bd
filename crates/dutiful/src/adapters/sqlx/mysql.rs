//! MySQL and MariaDB.

use super::{Engine, execute, failure, refused};
use crate::adapters::{Statement, mysql_async::parts};
use crate::db::mysql::guest::{self, Kind};
use crate::db::{DbError, DbResult, Inserted, Reply, Value};
use mysql_async::Value as Raw;
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::mysql::{MySqlArguments, MySqlDatabaseError, MySqlQueryResult};
use sqlx::mysql::{MySqlTypeInfo, MySqlValueRef};
use sqlx::{
    Arguments, AssertSqlSafe, Decode, Encode, MySql, MySqlConnection, Type, TypeInfo, ValueRef,
};

pub(super) async fn run(connection: &mut MySqlConnection, statement: Statement) -> DbResult<Reply> {
    let mut reply = Reply::default();
    for (text, params) in parts(statement)?.into_texts() {
        let Some(params) = params else {
            let command = sqlx::raw_sql(AssertSqlSafe(text.into_owned()));
            let done = command.execute(&mut *connection).await;
            done.map_err(failure::<MySql>)?;
            continue;
        };
        let mut arguments = MySqlArguments::default();
        for param in params {
            arguments
                .add(Param(param))
                .map_err(|error| refused(&error))?;
        }
        reply.join(execute::<MySql>(connection, text, arguments).await?);
    }
    Ok(reply)
}

/// A parameter: a whole number, or bytes that the server takes as text or as bytes, whichever it needs.
struct Param(Raw);

impl Type<MySql> for Param {
    fn type_info() -> MySqlTypeInfo {
        <str as Type<MySql>>::type_info()
    }
}

impl Encode<'_, MySql> for Param {
    fn produces(&self) -> Option<MySqlTypeInfo> {
        Some(match self.0 {
            Raw::Int(_) => <i64 as Type<MySql>>::type_info(),
            _ => Param::type_info(),
        })
    }

    fn encode_by_ref(&self, out: &mut Vec<u8>) -> Result<IsNull, BoxDynError> {
        match &self.0 {
            Raw::NULL => Ok(IsNull::Yes),
            Raw::Int(number) => Encode::<MySql>::encode_by_ref(number, out),
            Raw::Bytes(bytes) => Encode::<MySql>::encode_by_ref(bytes, out),
            // The server reads a time from its text as well.
            time @ Raw::Date(..) => {
                Encode::<MySql>::encode_by_ref(&time.as_sql(true).trim_matches('\''), out)
            }
            other => Err(format!("{other:?} is not sent").into()),
        }
    }
}

impl Engine for MySql {
    fn value(column: MySqlValueRef<'_>) -> Result<Value, BoxDynError> {
        let ty = column.type_info().into_owned();
        let kind = kind(&ty).ok_or_else(|| format!("the type {} cannot be read", ty.name()))?;
        let bytes = <&[u8] as Decode<MySql>>::decode;
        let raw = match kind {
            // The column calls itself NULL for `0000-00-00` too, so only its bytes can tell.
            Kind::Time => bytes(column).map_or(Ok(Raw::NULL), date)?,
            _ if column.is_null() => Raw::NULL,
            Kind::Int => Raw::Int(Decode::<MySql>::decode(column)?),
            Kind::Text | Kind::Bytes => Raw::Bytes(bytes(column)?.to_vec()),
        };
        Ok(guest::column(kind, raw)?)
    }

    fn count(result: &MySqlQueryResult, reply: &mut Reply) {
        reply.affected += result.rows_affected();
        let first_id = i64::try_from(result.last_insert_id()).unwrap_or_default();
        let rows = result.rows_affected();
        if first_id != 0 {
            reply.inserted.push(Inserted { first_id, rows });
        }
    }

    fn failure(error: &dyn DatabaseError) -> DbError {
        match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => guest::failure(error.number(), error.message(), error.code()),
            None => DbError::new(crate::db::DbErrorKind::Other, error.to_string()),
        }
    }
}

fn kind(ty: &MySqlTypeInfo) -> Option<Kind> {
    Some(match ty.name() {
        "DATETIME" | "TIMESTAMP" => Kind::Time,
        _ if <i64 as Type<MySql>>::compatible(ty) => Kind::Int,
        // This one looks at the collation, so it comes before the other.
        _ if <str as Type<MySql>>::compatible(ty) => Kind::Text,
        _ if <[u8] as Type<MySql>>::compatible(ty) => Kind::Bytes,
        _ => return None,
    })
}

/// A time as the server sends it: how many bytes follow, none for `0000-00-00`, then year, month and
/// day, and unless they are zero hour, minute and second, and unless they are zero the microseconds.
fn date(bytes: &[u8]) -> Result<Raw, BoxDynError> {
    let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
    if !matches!(bytes.len(), 1 | 5 | 8 | 12) || usize::from(at(0)) + 1 != bytes.len() {
        return Err("a time in an unknown form".into());
    }
    let year = u16::from_le_bytes([at(1), at(2)]);
    let micros = u32::from_le_bytes([at(8), at(9), at(10), at(11)]);
    Ok(Raw::Date(year, at(3), at(4), at(5), at(6), at(7), micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_their_lengths() {
        assert_eq!(date(&[0]).unwrap(), Raw::Date(0, 0, 0, 0, 0, 0, 0));
        let day = date(&[4, 0xe8, 7, 2, 29]).unwrap();
        assert_eq!(day, Raw::Date(2024, 2, 29, 0, 0, 0, 0));
        let micros = date(&[11, 0xe8, 7, 2, 29, 23, 59, 58, 0x40, 0x42, 0x0f, 0]).unwrap();
        assert_eq!(micros, Raw::Date(2024, 2, 29, 23, 59, 58, 1_000_000));
        for wrong in [&[][..], &[1], &[4, 1, 2, 3], &[7, 0xe8, 7, 2, 29]] {
            assert!(date(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_time_is_sent_as_text() {
        let mut out = Vec::new();
        let time = Param(Raw::Date(2024, 2, 29, 23, 59, 58, 7));
        assert!(matches!(time.encode_by_ref(&mut out), Ok(IsNull::No)));
        assert_eq!(out, b"\x1a2024-02-29 23:59:58.000007");
    }
}
