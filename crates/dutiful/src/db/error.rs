//! What can go wrong between us and a database, in the few kinds that decide what happens next.

use std::fmt;

pub(crate) type DbResult<T> = Result<T, DbError>;

/// What a person can do when a server is not found.
pub(super) const CHECK_SERVER: &str =
    "; check host and port in the database URL, and that the server runs";

const NEEDS_TRANSACTION: &str = "needs_transaction";

/// What a caller may do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DbErrorKind {
    /// The transaction was undone by the engine (deadlock, serialization, busy, lock wait): running the
    /// whole of it again is right.
    Transient,
    /// The link broke while a statement or a commit was under way: it may or may not have happened.
    LinkLost,
    /// No connection could be made, the server is shutting down or refuses writes. Nothing was done.
    Unavailable,
    /// A unique key stood in the way.
    Duplicate,
    /// A table or column of ours is not there.
    SchemaMissing,
    /// The tables are away because the queue is being moved. Nothing was done.
    Moving,
    /// The queue has been moved to another database. Nothing was done.
    Moved,
    /// User name, password, TLS or rights.
    Denied,
    /// The server is too old, or is one that cannot be used.
    Unsupported,
    /// The URL or an option cannot be used.
    Config,
    /// A row could not be read as what it should be.
    Decode,
    /// A look took longer than it may, and was ended.
    TooSlow,
    /// Everything else: running it again would fail again.
    Other,
}

/// An error of a driver, or of a row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DbError {
    pub(crate) kind: DbErrorKind,
    /// The engine's own code: `1213`, `40P01`, `SQLITE_BUSY`.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

impl DbError {
    pub(crate) fn new(kind: DbErrorKind, message: impl Into<String>) -> DbError {
        DbError {
            kind,
            code: None,
            message: message.into(),
        }
    }

    pub(crate) fn with_code(mut self, code: impl Into<String>) -> DbError {
        self.code = Some(code.into());
        self
    }

    pub(crate) fn decode(column: usize, what: &str) -> DbError {
        DbError::new(DbErrorKind::Decode, format!("column {column}: {what}"))
    }

    /// What is to be written is several statements, and none has been run: it is to be done in a transaction. No
    /// caller ever sees this.
    pub(crate) fn needs_transaction() -> DbError {
        let text = "this takes a transaction";
        DbError::new(DbErrorKind::Other, text).with_code(NEEDS_TRANSACTION)
    }

    pub(crate) fn is_needs_transaction(&self) -> bool {
        self.code.as_deref() == Some(NEEDS_TRANSACTION)
    }

    /// Whether the engine ended a statement because it took too long, or because somebody asked it to.
    pub(crate) fn is_ended_statement(&self) -> bool {
        // PostgreSQL; MySQL; MariaDB; SQLite.
        matches!(
            self.code.as_deref(),
            Some("57014" | "3024" | "1969" | "SQLITE 9")
        )
    }

    /// Whether something that is safe to repeat may be repeated at once.
    pub(crate) fn may_be_repeated(&self) -> bool {
        matches!(self.kind, DbErrorKind::Transient | DbErrorKind::LinkLost)
    }

    /// Whether the same call may succeed later, or may already have succeeded.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            DbErrorKind::Transient
                | DbErrorKind::LinkLost
                | DbErrorKind::Unavailable
                | DbErrorKind::Moving
        )
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DbError {}
