//! The one error type of this crate.

use crate::db::{DbError, DbErrorKind};
use std::fmt;
use std::sync::Arc;

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
///
/// New kinds may be added; match with a wildcard arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A URL, name or setting cannot be used.
    Config,
    /// The database cannot be reached, or does not take writes now. Nothing was done.
    Unavailable,
    /// The database refused the user, the password, the certificate or a right.
    Denied,
    /// The server is too old, or is one that cannot keep the promises.
    Unsupported,
    /// The tables are missing, older than this program or newer than it.
    Schema,
    /// The queue is being moved to another database, and is away for the moment. Nothing was done.
    Moving,
    /// The queue has been moved to another database, which the text names. Nothing was done.
    Moved,
    /// The engine gave up a transaction for the sake of others (deadlock, lock wait) again and again.
    Busy,
    /// The link broke; whether the call took effect is not known. Every call can be repeated safely.
    LinkLost,
    /// A payload, result or key is not what the task or the limits allow.
    InvalidPayload,
    /// There is no such task, periodic or worker.
    NotFound,
    /// The task's state does not allow what was asked.
    Conflict,
    /// The attempt lost its lease: another worker may hold the task now.
    LeaseLost,
    /// Something took longer than its limit.
    Timeout,
    /// A row holds what cannot be read.
    Decode,
    /// Anything else that a database said.
    Database,
    /// A part of the program broke, which is a bug: its log says where.
    Internal,
}

impl ErrorKind {
    /// A stable name, the same in logs, `--json` output and HTTP problems.
    pub fn code(self) -> &'static str {
        match self {
            ErrorKind::Config => "config",
            ErrorKind::Unavailable => "database_unavailable",
            ErrorKind::Denied => "database_denied",
            ErrorKind::Unsupported => "database_unsupported",
            ErrorKind::Schema => "schema",
            ErrorKind::Moving => "moving",
            ErrorKind::Moved => "moved",
            ErrorKind::Busy => "database_busy",
            ErrorKind::LinkLost => "link_lost",
            ErrorKind::InvalidPayload => "invalid_payload",
            ErrorKind::NotFound => "not_found",
            ErrorKind::Conflict => "conflict",
            ErrorKind::LeaseLost => "lease_lost",
            ErrorKind::Timeout => "timeout",
            ErrorKind::Decode => "decode",
            ErrorKind::Database => "database",
            ErrorKind::Internal => "internal",
        }
    }
}

/// An error of this crate: a kind to decide by, and a text that says cause and fix.
///
/// It is one machine word and cheap to clone. Drivers' own errors do not appear in it, so that
/// changing a driver never breaks a program.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    cause: Option<String>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Arc::new(Inner {
            kind,
            message: message.into(),
            cause: None,
        }))
    }

    /// The same error with a sentence before it that says what was being done.
    #[must_use]
    pub fn context(self, doing: impl fmt::Display) -> Error {
        let cause = Some(match &self.0.cause {
            Some(cause) => format!("{}: {cause}", self.0.message),
            None => self.0.message.clone(),
        });
        Error(Arc::new(Inner {
            kind: self.0.kind,
            message: doing.to_string(),
            cause,
        }))
    }

    /// What to decide by.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable name of the kind: [`ErrorKind::code`].
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// Whether the same call may succeed a little later. Repeating it is always safe.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.0.kind,
            ErrorKind::Unavailable
                | ErrorKind::Moving
                | ErrorKind::Busy
                | ErrorKind::LinkLost
                | ErrorKind::Timeout
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.cause {
            Some(cause) => write!(f, "{}: {cause}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self, self.code())
    }
}

impl std::error::Error for Error {}

impl From<DbError> for Error {
    fn from(error: DbError) -> Error {
        let (kind, fix) = match error.kind {
            DbErrorKind::Transient => (ErrorKind::Busy, ""),
            DbErrorKind::LinkLost => (ErrorKind::LinkLost, ""),
            DbErrorKind::Unavailable => (ErrorKind::Unavailable, ""),
            DbErrorKind::Duplicate => (ErrorKind::Conflict, ""),
            DbErrorKind::SchemaMissing => (ErrorKind::Schema, "; run `dutiful migrate up`"),
            DbErrorKind::Moving => (ErrorKind::Moving, ""),
            DbErrorKind::Moved => (ErrorKind::Moved, ""),
            DbErrorKind::Denied => (ErrorKind::Denied, ""),
            DbErrorKind::Unsupported => (ErrorKind::Unsupported, ""),
            DbErrorKind::Config => (ErrorKind::Config, ""),
            DbErrorKind::Decode => (ErrorKind::Decode, ""),
            DbErrorKind::TooSlow => (ErrorKind::Timeout, ""),
            DbErrorKind::Other => (ErrorKind::Database, ""),
        };
        Error::new(kind, format!("{error}{fix}"))
    }
}
