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

/// Replaces what stands between `user:` and the last `@` of the authority, and any `password=` of the
/// query.
fn hide_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("//") else {
        return text.to_owned();
    };
    // A password may itself hold `/` or `@`, so the last `@` before the query ends it; one that holds `?`
    // as well is ended by the last `@` of all.
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    let split = place.rfind('@').or_else(|| rest.rfind('@'));
    let shown = match split {
        Some(at) => {
            let user = rest[..at].split(':').next().unwrap_or_default();
            let hidden = if rest[..at].contains(':') { ":***" } else { "" };
            format!("{scheme}//{user}{hidden}{}", &rest[at..])
        }
        None => text.to_owned(),
    };
    match shown.find("password=") {
        Some(at) => {
            let tail = shown[at..]
                .find('&')
                .map(|end| &shown[at + end..])
                .unwrap_or_default();
            format!("{}password=***{tail}", &shown[..at])
        }
        None => shown,
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
                "postgres://app:p@ss:w/rd@db:5432/app",
                "postgres://app:***@db:5432/app",
            ),
            (
                "postgres://app@db/app?password=secret&x=1",
                "postgres://app@db/app?password=***&x=1",
            ),
            ("sqlite:tasks.db", "sqlite:tasks.db"),
        ] {
            assert_eq!(DatabaseUrl::parse(url).unwrap().to_string(), shown);
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
