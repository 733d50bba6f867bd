//! PostgreSQL.

use super::{Engine, execute, refused};
use crate::adapters::{Statement, tokio_postgres::parts};
use crate::db::postgres::guest::foreign::{self, Encoded};
use crate::db::{DbError, DbErrorKind, DbResult, Reply, Value};
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgDatabaseError, PgQueryResult};
use sqlx::postgres::{PgSeverity, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Arguments, Encode, PgConnection, Postgres, Type, ValueRef};

pub(super) async fn run(connection: &mut PgConnection, statement: Statement) -> DbResult<Reply> {
    let (text, parts) = parts(statement)?;
    let mut reply = Reply::default();
    for params in parts.encode()? {
        let mut arguments = PgArguments::default();
        for param in params {
            arguments
                .add(Param(param))
                .map_err(|error| refused(&error))?;
        }
        reply.join(execute::<Postgres>(connection, text.as_ref(), arguments).await?);
    }
    Ok(reply)
}

struct Param(Encoded);

impl Type<Postgres> for Param {
    /// Never asked for: each parameter says its own.
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Param {
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.0.oid)))
    }

    fn encode_by_ref(&self, out: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match &self.0.bytes {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }
}

impl Engine for Postgres {
    /// Behind a pooler that shares server connections between transactions a name may belong to another client
    /// (42P05), and nothing of a connection tells that there is one: without a name it works everywhere, for one
    /// round trip more.
    const KEEPS_PREPARED: bool = false;

    fn value(column: PgValueRef<'_>) -> Result<Value, BoxDynError> {
        if column.format() != PgValueFormat::Binary {
            return Err("the server sent a column as text".into());
        }
        let oid = column.type_info().oid().ok_or("a column without a type")?;
        let raw = if column.is_null() {
            None
        } else {
            Some(column.as_bytes()?)
        };
        Ok(foreign::column(oid.0, raw)?)
    }

    fn count(result: &PgQueryResult, reply: &mut Reply) {
        reply.affected += result.rows_affected();
    }

    fn failure(error: &dyn DatabaseError) -> DbError {
        match error.try_downcast_ref::<PgDatabaseError>() {
            Some(error) => {
                let fatal = matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic);
                foreign::failure(error.code(), fatal, error.message(), error.hint())
            }
            None => DbError::new(DbErrorKind::Other, error.to_string()),
        }
    }
}
