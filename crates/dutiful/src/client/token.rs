//! Tokens that let others in: made, shown, ended, and checked.
//!
//! What lives here: the calls. What a token allows is in `info`, what its secret looks like in `secret`.
//! Nobody here asks for one: whoever lets others in over a network does.

mod info;
mod secret;

pub use info::{CreatedToken, NewToken, TokenInfo};

use super::Client;
use crate::store::tokens::{self, Written};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::TOKEN_OVERLAP_MAX;
use info::refused;
use std::time::Duration;

/// How old the time of the last use may become while a token is used.
const USED_PAUSE: Duration = Duration::from_secs(60);
/// How long a caller waits for the time of its use to be written. It is written all the same.
const USED_WAIT: Duration = Duration::from_millis(250);

impl Client {
    /// Makes a token. Its secret is in the answer and nowhere else: the database has its SHA-256.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::{NewToken, Scope};
    /// let created = client.create_token(NewToken::new("ci", [Scope::Enqueue])).await?;
    /// let token = client.verify_token(&created.secret).await?.expect("it is in force");
    /// assert!(token.allows(Scope::Enqueue) && !token.allows(Scope::Read));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `config` for what cannot be used; `conflict` when there is, or was, a token of the name; whatever
    /// the database says.
    pub async fn create_token(&self, token: NewToken) -> Result<CreatedToken> {
        let row = token.row()?;
        let secret = secret::make()?;
        let name = token.name();
        match tokens::insert(self.db(), &row, &secret::hash(&secret)).await? {
            Written::Done(row) => Ok(CreatedToken {
                secret,
                info: row.into(),
            }),
            Written::Refused(_) => Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "there is a token `{name}` already, or was; use another name, or rotate it"
                ),
            )),
            Written::Missing => Err(no_such_token(name)),
        }
    }

    /// The tokens by name, at most 1,000, also those that are revoked or expired.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn tokens(&self) -> Result<Vec<TokenInfo>> {
        let rows = tokens::list(self.db()).await?;
        Ok(rows.into_iter().map(TokenInfo::from).collect())
    }

    /// Ends a token for good, with all its secrets. One that is revoked already stays as it is.
    ///
    /// # Errors
    /// `not_found`; `config` for what is no name; whatever the database says.
    pub async fn revoke_token(&self, name: &str) -> Result<TokenInfo> {
        check(name)?;
        let row = tokens::revoke(self.db(), name).await?;
        row.map(TokenInfo::from).ok_or_else(|| no_such_token(name))
    }

    /// Gives a token another secret. The one that it had goes on for as long as `overlap`, at most 30 days,
    /// so that nobody is locked out meanwhile; zero ends it at once. A still earlier one ends at once in
    /// any case. Everything else about the token stays as it is, also when it expires.
    ///
    /// # Errors
    /// `config` for an overlap that is too long or what is no name; `not_found`; `conflict` when the token
    /// is revoked or expired, or somebody else rotated it at the same time; whatever the database says.
    pub async fn rotate_token(&self, name: &str, overlap: Duration) -> Result<CreatedToken> {
        if overlap > TOKEN_OVERLAP_MAX {
            return Err(refused(format!(
                "an overlap of {overlap:?} is more than 30 days"
            )));
        }
        check(name)?;
        let secret = secret::make()?;
        match tokens::rotate(self.db(), name, &secret::hash(&secret), overlap).await? {
            Written::Done(row) => Ok(CreatedToken {
                secret,
                info: row.into(),
            }),
            Written::Refused(row) => Err(cannot_rotate(&row.into())),
            Written::Missing => Err(no_such_token(name)),
        }
    }

    /// The token that this is the secret of, if it is in force: known, neither revoked nor expired by the
    /// database's clock. One read by an index; a text that cannot be a secret is not looked for. That the
    /// token was used is written at most once a minute.
    ///
    /// How long it takes says nothing about other secrets: what is looked for is the SHA-256.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn verify_token(&self, secret: &str) -> Result<Option<TokenInfo>> {
        if !secret::is_one(secret) {
            return Ok(None);
        }
        let Some(row) = tokens::in_force(self.db(), &secret::hash(secret)).await? else {
            return Ok(None);
        };
        let is_fresh = |used| row.now.since(used) < USED_PAUSE;
        if !row.last_used_at.is_some_and(is_fresh) {
            self.note_use(&row.name).await;
        }
        Ok(Some(row.into()))
    }

    /// A use that cannot be written down keeps nobody out.
    async fn note_use(&self, name: &str) {
        let written = tokens::used(self.db(), name, USED_PAUSE);
        if let Ok(Err(error)) = tokio::time::timeout(USED_WAIT, written).await {
            tracing::debug!(%error, "the use of a token was not written down");
        }
    }
}

fn check(name: &str) -> Result<()> {
    dutiful_core::check_name(name).map_err(|error| refused(format!("the name of a token: {error}")))
}

fn no_such_token(name: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("there is no token `{}`", shown(name)),
    )
}

/// What was asked for, in case it is a secret that stands where a name should.
fn shown(name: &str) -> &str {
    if secret::is_one(name) {
        "(a secret; give the name)"
    } else {
        name
    }
}

fn cannot_rotate(token: &TokenInfo) -> Error {
    let name = &token.name;
    let message = if token.revoked_at.is_some() {
        format!("token `{name}` is revoked; make another one")
    } else if !token.active {
        format!("token `{name}` has expired; make another one")
    } else {
        format!("token `{name}` was rotated by somebody else at the same time; rotate it again")
    };
    Error::new(ErrorKind::Conflict, message)
}
