//! The audit: a record of who did what, for people to look at afterwards.
//!
//! What lives here: writing an entry and reading pages of them. What does not: deciding what is recorded,
//! which is up to whoever lets others in.

use super::Client;
use super::inspect::cursor;
use crate::store::audit::{self, EntryRow, NewEntry, Query};
use crate::text::storable;
use crate::{Error, ErrorKind, Result};
use dutiful_core::Timestamp;
use dutiful_core::limits::{
    AUDIT_DETAIL_BYTES_MAX, AUDIT_WORD_BYTES_MAX, LIST_PAGE, LIST_PAGE_MAX,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Which entries of the audit are wanted.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AuditFilter {
    actor: Option<String>,
    action: Option<String>,
    target: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

impl AuditFilter {
    /// All entries, fifty on a page.
    pub fn new() -> AuditFilter {
        AuditFilter::default()
    }

    /// Only what this actor did.
    pub fn actor(mut self, actor: impl Into<String>) -> AuditFilter {
        self.actor = Some(actor.into());
        self
    }

    /// Only this action.
    pub fn action(mut self, action: impl Into<String>) -> AuditFilter {
        self.action = Some(action.into());
        self
    }

    /// Only what was done to this target.
    pub fn target(mut self, target: impl Into<String>) -> AuditFilter {
        self.target = Some(target.into());
        self
    }

    /// At most so many entries on the page: 1 to 200, by default 50.
    pub fn limit(mut self, entries: usize) -> AuditFilter {
        self.limit = Some(entries);
        self
    }

    /// The page that follows the one whose [`AuditPage::next`] this is.
    pub fn after(mut self, cursor: impl Into<String>) -> AuditFilter {
        self.after = Some(cursor.into());
        self
    }

    fn query(&self) -> Result<Query> {
        let refused = |message: String| Error::new(ErrorKind::Config, message);
        let limit = self.limit.unwrap_or(LIST_PAGE);
        if !(1..=LIST_PAGE_MAX).contains(&limit) {
            return Err(refused(format!(
                "a page of {limit} entries; ask for 1 to {LIST_PAGE_MAX}"
            )));
        }
        let read = |text: &String| {
            cursor::read(text).ok_or_else(|| {
                let start: String = text.chars().take(40).collect();
                refused(format!(
                    "`{start}` is no cursor; give back `next` of a page as it was, or none"
                ))
            })
        };
        // As it was stored.
        let word = |wish: &Option<String>| wish.as_deref().map(word);
        Ok(Query {
            actor: word(&self.actor),
            action: word(&self.action),
            target: word(&self.target),
            before: self.after.as_ref().map(read).transpose()?,
            limit,
        })
    }
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its number: later entries have higher ones.
    pub id: i64,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// Who: for example the name of a token.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what: for example the number of a task.
    pub target: Option<String>,
    /// What else is to be known of it.
    pub detail: Option<String>,
}

impl From<EntryRow> for AuditEntry {
    fn from(row: EntryRow) -> AuditEntry {
        AuditEntry {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            target: row.target,
            detail: row.detail,
        }
    }
}

/// One page of the audit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// What [`AuditFilter::after`] takes to give the next page. `None` when nothing is left.
    #[serde(alias = "next_cursor")] // as the HTTP API calls it
    pub next: Option<String>,
}

impl Client {
    /// Records that somebody did something. Actor, action and target are cut at 200 bytes, the detail at
    /// 8 KiB. Workers remove entries after 90 days.
    ///
    /// Nothing is left out or made unreadable here: give it no secrets.
    ///
    /// # Errors
    /// Whatever the database says. If the link breaks it is tried again, and never written twice.
    pub async fn audit(
        &self,
        actor: &str,
        action: &str,
        target: Option<&str>,
        detail: Option<&str>,
    ) -> Result<()> {
        let entry = NewEntry {
            // Ordered by time, so that keys are appended to their index.
            key: uuid::Uuid::now_v7().into_bytes(),
            actor: word(actor),
            action: word(action),
            target: target.map(word),
            detail: detail.map(|text| storable(text, AUDIT_DETAIL_BYTES_MAX)),
        };
        audit::insert(self.db(), &entry).await?;
        Ok(())
    }

    /// One page of the audit, newest first.
    ///
    /// Actors, actions and targets are found by an index. Where what is asked for together is rare, one call
    /// looks at 10,000 entries at most: a page may be short and have a next one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
    /// # let client = dutiful::Client::connect("sqlite::memory:").await?;
    /// # client.migrate().await?;
    /// use dutiful::AuditFilter;
    /// client.audit("token:ci", "cancel", Some("17"), None).await?;
    /// let page = client.audit_log(&AuditFilter::new().target("17")).await?;
    /// assert_eq!(page.entries[0].actor, "token:ci");
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `config` for a filter that cannot be used; whatever the database says.
    pub async fn audit_log(&self, filter: &AuditFilter) -> Result<AuditPage> {
        let query = filter.query()?;
        let (rows, next) = audit::list(self.db(), &query).await?;
        Ok(AuditPage {
            entries: rows.into_iter().map(AuditEntry::from).collect(),
            next: next.map(cursor::write),
        })
    }
}

/// Records something once for each target and action, however often it is done again.
pub(crate) async fn audit_once(
    client: &Client,
    target: &str,
    actor: &str,
    action: &str,
    detail: &str,
) -> Result<()> {
    let digest = Sha256::digest([target, action].join("\n"));
    let mut key = [0; 16];
    key.copy_from_slice(&digest[..16]);
    let entry = NewEntry {
        key,
        actor: word(actor),
        action: word(action),
        target: Some(word(target)),
        detail: Some(storable(detail, AUDIT_DETAIL_BYTES_MAX)),
    };
    audit::insert(client.db(), &entry).await?;
    Ok(())
}

fn word(text: &str) -> String {
    storable(text, AUDIT_WORD_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_reaches_the_query() {
        let filter = AuditFilter::new().actor("a").action("b").target("c");
        let query = filter.limit(200).after(cursor::write(77)).query().unwrap();
        let wishes = [query.actor, query.action, query.target];
        assert_eq!(wishes.map(Option::unwrap), ["a", "b", "c"]);
        assert_eq!((query.before, query.limit), (Some(77), 200));
        let query = AuditFilter::new().query().unwrap();
        assert_eq!((query.before, query.limit), (None, 50));
    }

    #[test]
    fn a_wish_that_cannot_be_met_is_refused_with_the_rule() {
        for (filter, rule) in [
            (AuditFilter::new().limit(0), "1 to 200"),
            (AuditFilter::new().limit(201), "1 to 200"),
            (AuditFilter::new().after("page 2"), "no cursor"),
        ] {
            let error = filter.query().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(rule), "{error}");
        }
    }
}
