//! What an error of the server or of the link means for the caller.

use super::{DbError, DbErrorKind};
use crate::db::error::CHECK_SERVER;
use mysql_async::{DriverError, Error, IoError, ServerError, UrlError};
use std::io;

/// What stands in the way of a commit that is certain not to have happened: beside deadlocks the
/// switches that make a server read-only.
const READ_ONLY: [&str; 3] = ["1290", "1792", "1836"];
const TOO_LARGE: &str = "1153";

/// What the codes of the server mean.
fn kind(code: u16) -> DbErrorKind {
    match code {
        // Lock wait, deadlock, full lock table, NOWAIT, interrupted, changed since read, undone by
        // group replication, ended by a time limit of the server.
        1205 | 1213 | 1206 | 3572 | 1317 | 1020 | 3101 | 3024 | 1969 => DbErrorKind::Transient,
        // A prepared statement that went stale.
        1243 | 1615 => DbErrorKind::Transient,
        // No disk, memory or thread left.
        1021 | 1114 | 1037 | 1041 | 1135 => DbErrorKind::Unavailable,
        // Galera without a quorum; too many connections or statements; shutting down; read-only; the
        // link was closed for being idle, before the statement came.
        1047
        | 1040
        | 1203
        | 1226
        | 1129
        | 1461
        | 1053
        | 1077..=1079
        | 1290
        | 1836
        | 1792
        | 4031 => DbErrorKind::Unavailable,
        // Client codes, which proxies send too; connection killed; packets lost; errors while
        // committing.
        2006 | 2013 | 1927 | 1158..=1161 | 1180 => DbErrorKind::LinkLost,
        1044 | 1045 | 1049 | 1130 | 1142 | 1143 | 1227 | 1251 | 1370 | 1524 | 1698 | 1820
        | 1862 | 3118 | 3159 => DbErrorKind::Denied,
        1062 | 1586 => DbErrorKind::Duplicate,
        1146 | 1054 => DbErrorKind::SchemaMissing,
        1665 => DbErrorKind::Unsupported,
        _ => DbErrorKind::Other,
    }
}

/// What can be done about it.
fn fix(code: u16) -> Option<&'static str> {
    Some(match code {
        1045 | 1698 => "check user name and password in the database URL",
        1044 => {
            "create the database or correct its name in the database URL, or give its user the right: \
             GRANT ALL ON database.* TO user"
        }
        1142 | 1143 | 1227 | 1370 => {
            "give the user of the database URL the right: GRANT ALL ON database.* TO user"
        }
        1049 => "create the database, or correct its name in the database URL",
        1130 => "allow the user to connect from this machine",
        1251 | 1524 => "let the user log in by caching_sha2_password or mysql_native_password",
        1820 | 1862 => "give the user a new password",
        3118 => "unlock the account: ALTER USER ... ACCOUNT UNLOCK",
        3159 => "add sslmode=require to the database URL",
        1040 | 1203 | 1226 => "raise max_connections of the server, or lower pool=N in the URL",
        1021 | 1114 => "free space on the disk of the server",
        1037 | 1041 | 1135 => "give the server more memory, or lower its max_connections",
        1129 => "let an administrator run FLUSH HOSTS",
        1461 => "raise max_prepared_stmt_count of the server",
        1665 => "set binlog_format of the server to ROW or MIXED",
        1153 => "raise max_allowed_packet of the server, or send less at once",
        _ => return None,
    })
}

/// An error of a statement that was under way.
pub(super) fn of_statement(error: Error) -> DbError {
    match error {
        Error::Server(error) => of_server(&error),
        Error::Io(error) => lost(&link_error(&error)),
        Error::Driver(DriverError::ConnectionClosed) => lost("the connection was closed"),
        Error::Driver(
            error @ (DriverError::PacketOutOfOrder | DriverError::UnexpectedPacket { .. }),
        ) => lost(&error.to_string()),
        error => DbError::new(DbErrorKind::Other, error.to_string()),
    }
}

fn lost(why: &str) -> DbError {
    let text = format!("the link to the server broke while a statement was under way: {why}");
    DbError::new(DbErrorKind::LinkLost, text)
}

fn of_server(error: &ServerError) -> DbError {
    let text = match fix(error.code) {
        Some(fix) => format!("{}; {fix}", error.message),
        None => error.message.clone(),
    };
    DbError::new(kind(error.code), text).with_code(error.code.to_string())
}

/// An error while connecting to `server`: nothing has been done yet.
pub(super) fn of_connecting(error: Error, server: &str) -> DbError {
    if let Some(tls) = tls_error(&error) {
        let text = format!(
            "the TLS certificate of {server} was not accepted: {tls}; name the file of your own \
             authority with sslrootcert=FILE in the database URL, or add sslmode=require to go \
             without the check"
        );
        return DbError::new(DbErrorKind::Denied, text);
    }
    let denied = |text: String| DbError::new(DbErrorKind::Denied, text);
    let away = |why: String| {
        DbError::new(
            DbErrorKind::Unavailable,
            format!("cannot connect to {server}: {why}{CHECK_SERVER}"),
        )
    };
    match error {
        Error::Server(error) => match of_server(&error) {
            lost if lost.kind == DbErrorKind::LinkLost => DbError {
                kind: DbErrorKind::Unavailable,
                ..lost
            },
            error => error,
        },
        Error::Driver(DriverError::NoClientSslFlagFromServer) => denied(format!(
            "{server} offers no TLS; switch it on there, or add sslmode=disable to the database URL"
        )),
        Error::Driver(DriverError::UnknownAuthPlugin { name }) => denied(format!(
            "{server} asks for the login plugin `{name}`, as MySQL does of users that it does not know; \
             check user name and password in the database URL, or let the user log in by \
             caching_sha2_password or mysql_native_password"
        )),
        Error::Driver(
            error @ (DriverError::MysqlOldPasswordDisabled | DriverError::CleartextPluginDisabled),
        ) => denied(error.to_string()),
        Error::Io(error) => away(link_error(&error)),
        error => away(error.to_string()),
    }
}

/// What happened to a link, without the driver's and rustls's words around it.
fn link_error(error: &IoError) -> String {
    match error {
        IoError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "the server closed the connection".to_owned()
        }
        IoError::Io(error) => error.to_string(),
        IoError::Tls(error) => error.to_string(),
    }
}

/// What rustls found, wherever the driver put it.
pub(super) fn tls_error(error: &Error) -> Option<String> {
    match error {
        Error::Io(IoError::Tls(error)) => Some(error.to_string()),
        Error::Io(IoError::Io(error)) => {
            let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
            Some(inner.to_string())
        }
        _ => None,
    }
}

/// A URL that the driver cannot read. Its own texts name parts of it, so the password could show.
pub(super) fn of_url(error: &UrlError) -> DbError {
    let why = match error {
        UrlError::Parse(error) => error.to_string(),
        _ => "it is not complete".to_owned(),
    };
    let text = format!(
        "the database URL cannot be read: {why}; write mysql://user:password@host:3306/database, \
         with special characters of user and password as %XX (# is %23, / is %2F, ? is %3F)"
    );
    DbError::new(DbErrorKind::Config, text)
}

/// When a file named in the URL cannot be read.
pub(super) fn of_file(name: &str, error: &io::Error) -> DbError {
    DbError::new(
        DbErrorKind::Config,
        format!("sslrootcert={name} cannot be read: {error}"),
    )
}

/// Whether the connection must not be used again.
pub(super) fn breaks_link(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::LinkLost | DbErrorKind::Unavailable)
        || error.code.as_deref() == Some(TOO_LARGE)
}

/// Whether an answer to COMMIT says for certain that nothing was committed.
pub(super) fn refuses_commit(error: &DbError) -> bool {
    error.kind == DbErrorKind::Transient
        || error
            .code
            .as_deref()
            .is_some_and(|code| READ_ONLY.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_error(code: u16) -> Error {
        let (message, state) = ("it says so".to_owned(), "HY000".to_owned());
        Error::Server(ServerError {
            code,
            message,
            state,
        })
    }

    #[test]
    fn every_code_of_the_table_has_its_kind() {
        use DbErrorKind::*;
        let table: &[(DbErrorKind, &[u16])] = &[
            (Transient, &[1205, 1213, 1317, 3572, 3024, 1969, 1615, 1243]),
            (
                Unavailable,
                &[
                    1047, 1040, 1053, 1077, 1078, 1079, 1290, 1836, 1792, 4031, 1021, 1114, 1037,
                    1041, 1135,
                ],
            ),
            (LinkLost, &[2006, 2013, 1927, 1158, 1161]),
            (Denied, &[1045, 1044, 1142, 1698, 1251, 1049, 3159]),
            (SchemaMissing, &[1146, 1054]),
            (Duplicate, &[1062]),
            (Unsupported, &[1665]),
            (Other, &[1153, 1064, 1366, 9999]),
        ];
        for (kind, codes) in table {
            for code in *codes {
                let error = of_statement(server_error(*code));
                assert_eq!((error.kind, error.code), (*kind, Some(code.to_string())));
            }
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        for (code, word) in [
            (1045, "password"),
            (1142, "GRANT"),
            (1251, "caching_sha2_password"),
        ] {
            let error = of_connecting(server_error(code), "db");
            assert!(
                error.kind == DbErrorKind::Denied && error.message.contains(word),
                "{error}"
            );
        }
    }

    #[test]
    fn a_broken_pipe_is_lost_in_a_statement_and_unavailable_before() {
        let broken = || Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(of_statement(broken()).kind, DbErrorKind::LinkLost);
        assert_eq!(of_connecting(broken(), "db").kind, DbErrorKind::Unavailable);
        assert_eq!(
            of_connecting(server_error(1927), "db").kind,
            DbErrorKind::Unavailable
        );
    }

    #[test]
    fn connections_with_an_unknown_state_are_thrown_away() {
        for (code, breaks) in [
            (1153, true),
            (1290, true),
            (1927, true),
            (1213, false),
            (1062, false),
        ] {
            assert_eq!(
                breaks_link(&of_statement(server_error(code))),
                breaks,
                "{code}"
            );
        }
    }

    #[test]
    fn only_a_clear_refusal_of_a_commit_means_that_nothing_happened() {
        for (code, refused) in [
            (1213, true),
            (1836, true),
            (1053, false),
            (1180, false),
            (2013, false),
        ] {
            assert_eq!(
                refuses_commit(&of_statement(server_error(code))),
                refused,
                "{code}"
            );
        }
    }
}
