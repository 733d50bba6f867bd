//! Connecting, with settings.

use super::gather::Gather;
use super::{Client, Inner, Wake};
use crate::db::{DatabaseUrl, Db, DbOptions, Prefix};
use crate::store::moves::WHY_AWAY;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{POOL_SIZE, POOL_SIZE_MAX};
use std::fmt;
use std::sync::Arc;

/// Settings of a [`Client`]; made by [`Client::builder`].
#[derive(Clone)]
#[must_use = "a builder does nothing before `connect`"]
pub struct ClientBuilder {
    url: String,
    pool_size: usize,
    table_prefix: Option<String>,
}

/// The URL may hold a password and may not even be one.
impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("url", &DatabaseUrl::parse(&self.url).ok())
            .field("pool_size", &self.pool_size)
            .field("table_prefix", &self.table_prefix)
            .finish()
    }
}

impl ClientBuilder {
    pub(super) fn new(url: &str) -> ClientBuilder {
        ClientBuilder {
            url: url.to_owned(),
            pool_size: POOL_SIZE,
            table_prefix: None,
        }
    }

    /// How many connections callers share: 1 to 1,000, by default 8. A worker adds three of its own.
    pub fn pool_size(mut self, connections: usize) -> ClientBuilder {
        self.pool_size = connections;
        self
    }

    /// What the names of the tables begin with, by default `dutiful_`: 1 to 32 of `a-z 0-9 _`.
    pub fn table_prefix(mut self, prefix: &str) -> ClientBuilder {
        self.table_prefix = Some(prefix.to_owned());
        self
    }

    /// Connects once, to prove that it can be done.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect(self) -> Result<Client> {
        if !(1..=POOL_SIZE_MAX).contains(&self.pool_size) {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "a pool of {} connections; use 1 to {POOL_SIZE_MAX}",
                    self.pool_size
                ),
            ));
        }
        let prefix = match &self.table_prefix {
            None => Prefix::default(),
            Some(text) => Prefix::new(text).ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    format!("the table prefix `{text}` cannot be used; take 1 to 32 of a-z, 0-9 and _, not beginning with a digit"),
                )
            })?,
        };
        let url = DatabaseUrl::parse(&self.url)?;
        let db = Db::open(
            &url,
            &DbOptions {
                pool_size: self.pool_size,
                prefix,
                away: Some(WHY_AWAY),
            },
        )
        .await?;
        let wake = Wake::new(&db);
        let gather = Gather::start(&db, &wake);
        let inner = Inner {
            db,
            url,
            wake,
            gather,
        };
        Ok(Client {
            inner: Arc::new(inner),
        })
    }
}
