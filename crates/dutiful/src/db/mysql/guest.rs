//! Our statements on a connection that a caller lends us, in the transaction that is open on it.
//!
//! Nothing of the caller's session is relied on or changed: no flags, no time zone, no isolation level.

use super::{exec, expand};
#[cfg(feature = "sqlx")]
use crate::db::DbError;
use crate::db::{DbResult, Reply, Rows, Value};
use mysql_async::prelude::Queryable;
use std::borrow::Cow;

/// How many bytes of parameters one statement carries: what every server takes, because what this one
/// takes is not known. A single larger row goes alone.
const PART_BYTES: usize = 1024 * 1024;

/// A statement, in as many parts as it takes.
#[derive(Debug)]
pub(crate) struct Parts(Vec<expand::Statement>);

impl Parts {
    pub(crate) fn one(text: Cow<'static, str>, params: Vec<Value>) -> DbResult<Parts> {
        Ok(Parts(vec![expand::single(text, params)?]))
    }

    pub(crate) fn many(text: Cow<'static, str>, rows: Rows) -> DbResult<Parts> {
        expand::batches(text, rows, PART_BYTES).map(Parts)
    }

    /// Each part's text, and what goes into its placeholders; `None` where it cannot be prepared.
    #[cfg(feature = "sqlx")]
    pub(crate) fn into_texts(
        self,
    ) -> impl Iterator<Item = (Cow<'static, str>, Option<Vec<mysql_async::Value>>)> {
        self.0.into_iter().map(|part| match part.sort() {
            expand::Sort::Rows | expand::Sort::Skipping => (part.text, Some(part.params)),
            _ => (part.text, None),
        })
    }

    /// Runs all parts and joins the answers.
    pub(crate) async fn run<C: Queryable>(self, connection: &mut C) -> DbResult<Reply> {
        let mut reply = Reply::default();
        for part in self.0 {
            reply.join(match part.sort() {
                expand::Sort::Rows | expand::Sort::Skipping => {
                    exec::prepared(connection, &part.text, part.params).await?
                }
                _ => exec::command(connection, &part.text).await?,
            });
        }
        Ok(reply)
    }
}

/// What columns are read as, and how.
#[cfg(feature = "sqlx")]
pub(crate) use super::convert::{Kind, column};

/// The error that another driver reports with this number.
#[cfg(feature = "sqlx")]
pub(crate) fn failure(number: u16, message: &str, state: Option<&str>) -> DbError {
    super::errors::of_statement(mysql_async::Error::Server(mysql_async::ServerError {
        code: number,
        message: message.to_owned(),
        state: state.unwrap_or_default().to_owned(),
    }))
}
