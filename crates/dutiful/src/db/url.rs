//! Database URLs: which engine they name, and how they look without their password.

use super::{DbError, DbErrorKind, DbResult, Dialect};
use std::fmt;

/// A checked URL. `Debug` and `Display` never show the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DatabaseUrl {
    text: String,
    dialect: Dialect,
}

impl DatabaseUrl {
    /// Accepts `sqlite:FILE`, `sqlite::memory:`, `mysql://`, `mariadb://`, `postgres://`, `postgresql://`.
    pub(crate) fn parse(text: &str) -> DbResult<DatabaseUrl> {
        let scheme = text.split(':').next().unwrap_or_default();
        let dialect = match scheme {
            "sqlite" => Dialect::Sqlite,
            "mysql" | "mariadb" => Dialect::Mysql,
            "postgres" | "postgresql" => Dialect::Postgres,
            _ => return Err(DbError::new(DbErrorKind::Config, Self::wrong(text))),
        };
        let rest = text.get(scheme.len() + 1..).unwrap_or_default();
        match dialect {
            Dialect::Sqlite if rest.is_empty() => {
                return Err(DbError::new(
                    DbErrorKind::Config,
                    "the URL names no file; write sqlite:tasks.db, or sqlite::memory: for a test",
                ));
            }
            Dialect::Sqlite => {}
            _ if !rest.starts_with("//") => {
                return Err(DbError::new(DbErrorKind::Config, Self::wrong(text)));
            }
            _ => {}
        }
        Ok(DatabaseUrl {
            text: text.to_owned(),
            dialect,
        })
    }

    fn wrong(text: &str) -> String {
        format!(
            "`{}` is not a database URL; write sqlite:tasks.db, mysql://user:password@host/database \
             or postgres://user:password@host/database",
            hide_password(text)
        )
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The whole URL, with its password: for the driver only.
    pub(crate) fn secret_text(&self) -> &str {
        &self.text
    }

    /// The file of a SQLite URL; `None` for one in memory.
    pub(crate) fn sqlite_file(&self) -> Option<&str> {
        let file = self.text.strip_prefix("sqlite:")?;
        // `sqlite:///srv/tasks.db` and `sqlite://tasks.db` are common in other tools.
        let file = file.strip_prefix("//").unwrap_or(file);
        (file != ":memory:").then_some(file)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hide_password(&self.text))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What comes behind the `?` and may be shown; whatever else is there may hold a password.
const SHOWN: [&str; 18] = [
    "application_name",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "listen",
    "pool",
    "port",
    "socket",
    "ssl-ca",
    "ssl-mode",
    "sslmode",
    "sslrootcert",
    "statement_cache",
    "target_session_attrs",
    "user",
];

/// What may come there as well, and is not shown.
const HIDDEN: [&str; 3] = ["listen_url", "options", "password"];

/// Replaces what stands between `user:` and the last `@` before the query, and the values of all
/// parameters that are not known to be harmless.
fn hide_password(text: &str) -> String {
    let (scheme, rest) = match text.split_once("//") {
        Some((scheme, rest)) => (format!("{scheme}//"), rest),
        None if text.starts_with("sqlite:") => return text.to_owned(),
        None => (String::new(), text),
    };
    // A password may itself hold `/`, `:` or `@`, so the last `@` before the query ends it; one that
    // holds `?` as well is ended by the last `@` of all.
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let end = place
        .rfind('@')
        .or_else(|| rest.rfind('@').filter(|_| !is_query(query)));
    let (login, server) = match end {
        Some(end) => (hide_login(&rest[..end]), &rest[end + 1..]),
        None => (String::new(), rest),
    };
    let server = match server.split_once('?') {
        Some((place, query)) => {
            let shown: Vec<String> = query.split('&').map(hide_value).collect();
            format!("{place}?{}", shown.join("&"))
        }
        None => server.to_owned(),
    };
    format!("{scheme}{login}{server}")
}

fn hide_login(login: &str) -> String {
    match login.split_once(':') {
        Some((user, _)) => format!("{user}:***@"),
        None => format!("{login}@"),
    }
}

/// Whether it begins with a parameter that there is.
fn is_query(text: &str) -> bool {
    text.split_once('=')
        .is_some_and(|(name, _)| SHOWN.contains(&name) || HIDDEN.contains(&name))
}

fn hide_value(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if !SHOWN.contains(&name) => format!("{name}=***"),
        None if pair.contains(['@', ':']) => "***".to_owned(),
        _ => pair.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        for (url, shown) in [
            ("mysql://app:secret@db/app", "mysql://app:***@db/app"),
            (
                "postgres://app:s%40cr%3Aet@db:5432/app",
                "postgres://app:***@db:5432/app",
            ),
            (
                "postgres://app:p@ss:w/rd@db:5432/app",
                "postgres://app:***@db:5432/app",
            ),
            (
                "postgres://app:p?x=ss@db/app?pool=3&password=secret",
                "postgres://app:***@db/app?pool=3&password=***",
            ),
            (
                "postgres://app@db/app?password=secret&pool=1",
                "postgres://app@db/app?password=***&pool=1",
            ),
            (
                "postgres://db/app?user=app&pass%77ord=secret",
                "postgres://db/app?user=app&pass%77ord=***",
            ),
            (
                "postgres://app:secret@db/app?listen_url=postgres://u:pw@host/db&pool=2",
                "postgres://app:***@db/app?listen_url=***&pool=2",
            ),
            (
                "postgres://db/app?listen_url=postgres%3A%2F%2Fu%3Apw%40host%2Fdb",
                "postgres://db/app?listen_url=***",
            ),
            ("postgres://db/app?x:secret@y", "postgres://db/app?x:***@y"),
            ("sqlite:tasks.db", "sqlite:tasks.db"),
            ("sqlite:a?b=c@d:e.db", "sqlite:a?b=c@d:e.db"),
        ] {
            let parsed = DatabaseUrl::parse(url).unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), shown);
        }
    }

    #[test]
    fn a_url_that_is_refused_is_told_without_its_password() {
        for url in [
            "mysql:app:secret@db/app",
            "app:secret@db/app",
            "redis://app:secret@db",
            "oracle://db/app?password=secret",
        ] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert!(!error.message.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_wrong_url_is_refused_with_the_right_forms() {
        for url in ["", "tasks.db", "redis://x", "mysql:app", "sqlite:"] {
            let error = DatabaseUrl::parse(url).unwrap_err();
            assert_eq!(error.kind, DbErrorKind::Config, "{url}");
            assert!(error.message.contains("sqlite:tasks.db"), "{error}");
        }
    }

    #[test]
    fn sqlite_files_are_found_in_all_common_forms() {
        let file = |url: &str| {
            DatabaseUrl::parse(url)
                .unwrap()
                .sqlite_file()
                .map(str::to_owned)
        };
        assert_eq!(file("sqlite:tasks.db").as_deref(), Some("tasks.db"));
        assert_eq!(
            file("sqlite:///srv/tasks.db").as_deref(),
            Some("/srv/tasks.db")
        );
        assert_eq!(file("sqlite::memory:"), None);
    }
}
