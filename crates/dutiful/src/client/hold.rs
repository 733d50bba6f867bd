//! Holding what nobody is to call before a time.

use super::Client;
use crate::store::holds;
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::Timestamp;
use dutiful_core::limits::{ERROR_BYTES_MAX, HOLD_MAX, HOLD_NAME_BYTES_MAX};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A name that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Hold {
    /// Until when, by the database's clock.
    pub until: Timestamp,
    /// How long that is from now.
    pub remaining: Duration,
    /// Why.
    pub reason: String,
}

impl Client {
    /// Holds a name for so long from now, for every process on the database: for a provider that asks not to be
    /// called before a time. Nothing is stopped by it; whoever is about to call asks [`Client::held`]. A longer
    /// hold that is there stays. At most a day; the name has 1 to 200 bytes.
    ///
    /// # Errors
    /// `config` for a name that cannot be used; whatever the database says.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use std::time::Duration;
    /// client.hold("provider:api", Duration::from_secs(30), "429 Too Many Requests").await?;
    /// let hold = client.held("provider:api").await?.expect("it is held");
    /// assert!(hold.remaining > Duration::from_secs(25));
    /// # Ok(()) }
    /// ```
    pub async fn hold(&self, name: &str, time: Duration, reason: &str) -> Result<()> {
        check(name)?;
        let reason = storable(reason, ERROR_BYTES_MAX);
        Ok(holds::hold(self.db(), name, time.min(HOLD_MAX), &reason).await?)
    }

    /// Whether a name is held now.
    ///
    /// # Errors
    /// As [`Client::hold`].
    pub async fn held(&self, name: &str) -> Result<Option<Hold>> {
        check(name)?;
        let row = holds::held(self.db(), name).await?;
        Ok(row.map(|row| Hold {
            until: row.until,
            remaining: row.until.since(row.now),
            reason: row.reason,
        }))
    }

    /// Ends a hold.
    ///
    /// # Errors
    /// As [`Client::hold`].
    pub async fn release_hold(&self, name: &str) -> Result<()> {
        check(name)?;
        Ok(holds::release(self.db(), name).await?)
    }
}

fn check(name: &str) -> Result<()> {
    match name.len() {
        1..=HOLD_NAME_BYTES_MAX if !name.contains('\0') => Ok(()),
        bytes => Err(Error::new(
            ErrorKind::Config,
            format!("a name of {bytes} bytes for a hold; use 1 to {HOLD_NAME_BYTES_MAX}"),
        )),
    }
}
