//! Our statements on a connection that a caller lends us, in the transaction that is open on it.

use super::execute;
use super::rows::{self, Param};
use crate::db::{DbResult, Reply, Rows, Value};
use tokio_postgres::Client;

/// The parameters of a statement, once for each part that it takes.
#[derive(Debug)]
pub(crate) struct Parts(Vec<Vec<Param>>);

impl Parts {
    pub(crate) fn one(params: Vec<Value>) -> Parts {
        Parts(vec![params.into_iter().map(Param::One).collect()])
    }

    pub(crate) fn many(rows: Rows) -> DbResult<Parts> {
        rows::statements(rows).map(Parts)
    }

    /// Runs all parts and joins the answers.
    pub(crate) async fn run(self, client: &Client, text: &str) -> DbResult<Reply> {
        let mut reply = Reply::default();
        for params in &self.0 {
            reply.join(execute::as_guest(client, text, params).await?);
        }
        Ok(reply)
    }
}

/// What another driver needs in order to carry our values.
#[cfg(feature = "sqlx")]
pub(crate) mod foreign {
    use super::{Param, Parts, Value};
    use crate::db::postgres::convert;
    use crate::db::postgres::errors::{self, Phase};
    use crate::db::{DbError, DbErrorKind, DbResult};
    use tokio_postgres::types::private::BytesMut;
    use tokio_postgres::types::{IsNull, ToSql, Type};

    /// A parameter as it goes over the wire.
    #[derive(Debug)]
    pub(crate) struct Encoded {
        /// The number of its type.
        pub(crate) oid: u32,
        /// `None` is NULL.
        pub(crate) bytes: Option<Vec<u8>>,
    }

    impl Parts {
        pub(crate) fn encode(&self) -> DbResult<Vec<Vec<Encoded>>> {
            let part = |params: &Vec<Param>| params.iter().map(encode).collect();
            self.0.iter().map(part).collect()
        }
    }

    fn encode(param: &Param) -> DbResult<Encoded> {
        let ty = param.type_of();
        let mut out = BytesMut::new();
        let written = param.to_sql(&ty, &mut out);
        let null = written
            .map_err(|error| DbError::new(DbErrorKind::Other, format!("a parameter: {error}")))?;
        let bytes = matches!(null, IsNull::No).then(|| out.to_vec());
        Ok(Encoded {
            oid: ty.oid(),
            bytes,
        })
    }

    /// A column in its binary form; `None` is NULL.
    pub(crate) fn column(oid: u32, raw: Option<&[u8]>) -> Result<Value, String> {
        let ty =
            Type::from_oid(oid).ok_or_else(|| format!("a column of the unknown type {oid}"))?;
        convert::cell(&ty, raw)
    }

    /// An error as the server tells it; `fatal` when it closed the link after it.
    pub(crate) fn failure(code: &str, fatal: bool, message: &str, hint: Option<&str>) -> DbError {
        errors::told(code, fatal, message, hint, Phase::Running)
    }
}
