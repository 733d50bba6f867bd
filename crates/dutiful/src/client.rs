//! The handle that submits and inspects.

mod audit;
mod builder;
mod bulk;
mod draft;
mod drain;
mod edit;
mod explain;
mod follow;
mod gather;
mod hold;
mod inspect;
mod items;
mod operate;
mod pause;
mod payloads;
mod periodic;
mod prune;
mod send;
mod server_report;
mod submit;
mod submit_all;
mod token;
mod wake;

pub(crate) use audit::audit_once;
pub use audit::{AuditEntry, AuditFilter, AuditPage};
pub use builder::ClientBuilder;
pub use bulk::{BulkPreview, Operation, OperationPage};
pub(crate) use draft::{Draft, invalid};
pub use draft::{Outcome, Submitted};
pub use edit::Edit;
pub use explain::{Explanation, Reason};
pub use follow::{Change, Cursor, Follower, Look};
pub use hold::Hold;
pub use inspect::{
    AttemptInfo, Durations, Filter, LogLine, NameCounts, Page, PeriodicChanged, PeriodicInfo,
    Recount, Series, SeriesFilter, SeriesPoint, SpanFigures, Stats, TaskCount, TaskInfo,
    TaskTypeInfo, WorkerInfo,
};
pub use items::Item;
pub use pause::PausedName;
pub use payloads::{PayloadFaults, PayloadReport, UnknownName};
pub use periodic::{PeriodicChange, PeriodicRan, PeriodicRun};
pub use prune::{Prune, PruneCount};
pub use server_report::{LongTransaction, ServerReport};
pub use submit::{Once, Submit, SubmitMany};
pub(crate) use submit::{draft_options, typed_draft};
pub use token::{CreatedToken, NewToken, TokenInfo};
pub(crate) use wake::{HINT, Signal, Wake};

use crate::Result;
use crate::db::{DatabaseUrl, Db};
use crate::migrate::{Migration, Migrator};
use gather::Gather;
use std::sync::Arc;

/// Submits tasks and looks at them. Cheap to clone; clones share connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dutiful::Result<()> {
/// let client = dutiful::Client::connect("sqlite::memory:").await?;
/// client.migrate().await?;
/// let submitted = client.submit_json("Resize", serde_json::json!({ "width": 640 })).await?;
/// assert_eq!(client.get(submitted.id).await?.task_name, "Resize");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    db: Db,
    url: DatabaseUrl,
    wake: Wake,
    gather: Option<Gather>,
}

impl Client {
    /// Connects to `sqlite:FILE`, `sqlite::memory:`, `mysql://...` or `postgres://...`.
    ///
    /// # Errors
    /// `config` for a URL that cannot be used, `database_unavailable`, `database_denied`,
    /// `database_unsupported`.
    pub async fn connect(url: &str) -> Result<Client> {
        Client::builder(url).connect().await
    }

    /// Connects with other settings than the usual ones.
    pub fn builder(url: &str) -> ClientBuilder {
        ClientBuilder::new(url)
    }

    /// Brings the tables up to what this program knows. Safe to call from many processes at once.
    ///
    /// # Errors
    /// `schema` when the tables are newer than this program; whatever the database says.
    pub async fn migrate(&self) -> Result<Vec<Migration>> {
        self.migrator().up().await
    }

    /// Looks after the tables: up, down, status.
    pub fn migrator(&self) -> Migrator {
        Migrator::new(self.db())
    }

    /// The database, without its password.
    pub fn database(&self) -> String {
        self.inner.url.to_string()
    }

    pub(crate) fn db(&self) -> &Db {
        &self.inner.db
    }

    /// With its password: for connecting once more.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.inner.url
    }

    /// Where single submissions meet; SQLite's writer does that by itself.
    pub(crate) fn gather(&self) -> Option<&Gather> {
        self.inner.gather.as_ref()
    }

    pub(crate) fn wake(&self) -> &Wake {
        &self.inner.wake
    }
}
