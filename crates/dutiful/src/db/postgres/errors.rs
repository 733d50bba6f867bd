//! Which of our kinds an error of PostgreSQL, or of the link to it, is.

use crate::db::error::CHECK_SERVER;
use crate::db::{DbError, DbErrorKind};
use std::error::Error as _;
use tokio_postgres::Error;
use tokio_postgres::error::Severity;

/// What was going on when the error came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// No statement had been sent yet.
    Connecting,
    /// A statement was under way: when the link breaks, nobody knows whether it was done.
    Running,
}

/// The kind of an error that the server sent.
///
/// `fatal`: the server closed the link after it.
fn kind(code: &str, fatal: bool, message: &str, phase: Phase) -> DbErrorKind {
    let lost = match phase {
        Phase::Connecting => DbErrorKind::Unavailable,
        Phase::Running => DbErrorKind::LinkLost,
    };
    match code {
        // The last one: the statement was cancelled, by a time limit of the server or by somebody's hand.
        "40001" | "40P01" | "55P03" | "57014" => DbErrorKind::Transient,
        // The idle session was undone and closed; in a transaction that means that nothing is left of it.
        "25P03" | "25P04" => DbErrorKind::Transient,
        // Read-only; no disk, memory, connection or other means left; the disk cannot be read or written.
        "25006" | "53000" | "53100" | "53200" | "53300" | "53400" | "58030" => {
            DbErrorKind::Unavailable
        }
        "57P01" | "57P02" | "57P03" | "57P04" | "57P05" => lost,
        "23505" => DbErrorKind::Duplicate,
        "42P01" | "42703" | "3F000" => DbErrorKind::SchemaMissing,
        "3D000" | "42501" => DbErrorKind::Denied,
        _ if code.starts_with("28") => DbErrorKind::Denied,
        // pgbouncer says everything with this one code.
        "08P01" if fatal && is_refusal(message) => DbErrorKind::Denied,
        "08P01" if !fatal => DbErrorKind::Other,
        _ if code.starts_with("08") => lost,
        // Whatever else ends the session, the link is gone.
        _ if fatal => lost,
        _ => DbErrorKind::Other,
    }
}

fn is_refusal(message: &str) -> bool {
    [
        "authentication failed",
        "auth failed",
        "no such user",
        "no such database",
        "not allowed",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// What a person can do about a refusal.
fn fix(code: &str) -> &'static str {
    match code {
        "28P01" => "; check user name and password in the database URL",
        "28000" => "; check user name, sslmode and the server's pg_hba.conf",
        "3D000" => "; create the database, or correct its name in the database URL",
        "42501" => {
            "; give the user of the database URL the rights on schema and tables: \
             GRANT CREATE, USAGE ON SCHEMA public TO user"
        }
        "25006" => "; this server takes no writes: point the database URL at the primary",
        "53100" => "; free space on the disk of the server",
        "53200" => "; give the server more memory, or lower its work_mem and shared_buffers",
        "53300" => "; raise max_connections, or make pool=N of the database URL smaller",
        "08P01" => "; check user name, password and database in the pooler's settings",
        _ => "",
    }
}

/// An error of a statement, or of a transaction's beginning or end.
pub(super) fn running(error: &Error) -> DbError {
    from_server(error, Phase::Running).unwrap_or_else(|| {
        let text = chain(error);
        // The driver keeps its own kinds to itself; these three never reached the server.
        let own = [
            "error serializing parameter",
            "error encoding message",
            "expected ",
        ];
        let kind = match own.iter().any(|words| text.starts_with(words)) {
            true => DbErrorKind::Other,
            false => DbErrorKind::LinkLost,
        };
        DbError::new(kind, text)
    })
}

/// An error of making a connection to `server`.
pub(super) fn connecting(error: &Error, server: &str) -> DbError {
    if let Some(mut known) = from_server(error, Phase::Connecting) {
        known.message = format!("{server}: {}", known.message);
        return known;
    }
    let text = format!("{server}: {}", chain(error));
    let (kind, fix) = match error.to_string().as_str() {
        _ if is_tls(error) => (DbErrorKind::Denied, tls_fix(&text)),
        "authentication error" | "invalid configuration" => (
            DbErrorKind::Denied,
            "; check user name and password in the database URL",
        ),
        _ => (DbErrorKind::Unavailable, CHECK_SERVER),
    };
    DbError::new(kind, format!("{text}{fix}"))
}

fn tls_fix(text: &str) -> &'static str {
    if text.contains("does not support TLS") {
        return "; sslmode=disable in the database URL goes without encryption";
    }
    "; in the database URL sslrootcert=FILE names your own authority, and sslmode=require encrypts \
     without checking who the server is"
}

fn from_server(error: &Error, phase: Phase) -> Option<DbError> {
    let server = error.as_db_error()?;
    let fatal = matches!(
        server.parsed_severity(),
        Some(Severity::Fatal | Severity::Panic)
    ) || matches!(server.severity(), "FATAL" | "PANIC");
    let code = server.code().code();
    Some(told(code, fatal, server.message(), server.hint(), phase))
}

/// An error as a server tells it, whichever driver brings it.
pub(super) fn told(
    code: &str,
    fatal: bool,
    message: &str,
    hint: Option<&str>,
    phase: Phase,
) -> DbError {
    let kind = kind(code, fatal, message, phase);
    let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
    let fix = if kind == DbErrorKind::Other {
        ""
    } else {
        fix(code)
    };
    DbError::new(kind, format!("{message}{hint}{fix}")).with_code(code)
}

fn is_tls(error: &Error) -> bool {
    let io = error
        .source()
        .and_then(|source| source.downcast_ref::<std::io::Error>());
    let inner = io.and_then(|io| io.get_ref());
    inner.is_some_and(|inner| inner.is::<rustls::Error>())
        || error.to_string().contains("TLS handshake")
}

/// The error and its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Whether the connection can serve another statement after this error.
pub(super) fn keeps_connection(error: &DbError) -> bool {
    !matches!(error.kind, DbErrorKind::LinkLost | DbErrorKind::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_server_errors_says_what_may_be_done() {
        use DbErrorKind::{
            Denied, Duplicate, LinkLost, Other, SchemaMissing, Transient, Unavailable,
        };
        for (code, fatal, connecting, running) in [
            ("40001", false, Transient, Transient),
            ("40P01", false, Transient, Transient),
            ("55P03", false, Transient, Transient),
            ("25P03", true, Transient, Transient),
            ("57014", false, Transient, Transient),
            ("53100", false, Unavailable, Unavailable),
            ("53200", false, Unavailable, Unavailable),
            ("53400", false, Unavailable, Unavailable),
            ("58030", false, Unavailable, Unavailable),
            ("57P01", true, Unavailable, LinkLost),
            ("57P02", true, Unavailable, LinkLost),
            ("57P03", true, Unavailable, LinkLost),
            ("57P04", true, Unavailable, LinkLost),
            ("57P05", true, Unavailable, LinkLost),
            ("08006", true, Unavailable, LinkLost),
            ("08P01", true, Unavailable, LinkLost),
            ("08P01", false, Other, Other),
            ("XX000", true, Unavailable, LinkLost),
            ("53300", true, Unavailable, Unavailable),
            ("25006", false, Unavailable, Unavailable),
            ("28P01", true, Denied, Denied),
            ("28000", true, Denied, Denied),
            ("3D000", true, Denied, Denied),
            ("42501", false, Denied, Denied),
            ("42P01", false, SchemaMissing, SchemaMissing),
            ("42703", false, SchemaMissing, SchemaMissing),
            ("23505", false, Duplicate, Duplicate),
            ("42601", false, Other, Other),
            ("22001", false, Other, Other),
        ] {
            assert_eq!(
                kind(code, fatal, "", Phase::Connecting),
                connecting,
                "{code} while connecting"
            );
            assert_eq!(
                kind(code, fatal, "", Phase::Running),
                running,
                "{code} while running"
            );
        }
    }

    #[test]
    fn a_pooler_that_refuses_the_password_is_not_taken_for_a_broken_link() {
        let told = "password authentication failed";
        assert_eq!(
            kind("08P01", true, told, Phase::Connecting),
            DbErrorKind::Denied
        );
    }

    #[test]
    fn a_broken_link_ends_the_connection_and_a_refused_statement_does_not() {
        let keeps = |kind| keeps_connection(&DbError::new(kind, ""));
        assert!(!keeps(DbErrorKind::LinkLost));
        assert!(!keeps(DbErrorKind::Unavailable));
        assert!(keeps(DbErrorKind::Duplicate));
        assert!(keeps(DbErrorKind::Transient));
    }
}
