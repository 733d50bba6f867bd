//! A statement in its three dialects, and the prefix of table names.

use dutiful_core::limits::TABLE_PREFIX_BYTES_MAX;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// The three dialects that every statement is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Mysql,
    Postgres,
}

/// One statement. A dialect that is missing does not compile.
///
/// Placeholders: `?1`, `?2` on SQLite; `?` in order on MySQL; `$1::type` on PostgreSQL, always with
/// the cast, so that the type never depends on what the planner infers. A list (`Value::Ints`,
/// `Value::Texts`) is `IN (SELECT value FROM json_each(?1))` on SQLite, `IN (?)` on MySQL, `= ANY($1)` on
/// PostgreSQL. Over many rows see [`super::Rows`]. Tables are written with the prefix `dutiful_`.
#[derive(Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) mysql: &'static str,
    pub(crate) postgres: &'static str,
}

impl Sql {
    pub(crate) fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Mysql => self.mysql,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// What every table name of ours begins with in the texts of this crate.
pub(crate) const DEFAULT_PREFIX: &str = "dutiful_";

/// The clock in SQLite's statements: a function of our connections, which no prefix changes.
pub(crate) const SQLITE_NOW: &str = "dutiful_now()";

/// The table that keeps its name while all others are away.
const STAYS: &str = "dutiful_moves";

/// The prefix of table names. Statements are rewritten once and remembered.
#[derive(Debug, Clone)]
pub(crate) struct Prefix {
    prefix: Arc<str>,
    /// The name of the table that stays, where the others are meant by their names while they are away.
    stays: Option<Arc<str>>,
    rewritten: Arc<RwLock<HashMap<&'static str, Arc<str>>>>,
}

impl Default for Prefix {
    fn default() -> Self {
        Prefix {
            prefix: Arc::from(DEFAULT_PREFIX),
            stays: None,
            rewritten: Arc::default(),
        }
    }
}

impl Prefix {
    /// Takes 1 to 32 of `[a-z0-9_]`, not beginning with a digit: what all three engines accept
    /// without quotes.
    pub(crate) fn new(prefix: &str) -> Option<Prefix> {
        let letters = prefix
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let first = prefix.bytes().next()?;
        (letters && !first.is_ascii_digit() && prefix.len() <= TABLE_PREFIX_BYTES_MAX).then(|| {
            Prefix {
                prefix: Arc::from(prefix),
                stays: None,
                rewritten: Arc::default(),
            }
        })
    }

    /// The prefix of the same tables while they are away.
    pub(crate) fn away(&self) -> Prefix {
        Prefix {
            prefix: Arc::from(format!("{}away_", self.prefix)),
            stays: Some(Arc::from(STAYS.replace(DEFAULT_PREFIX, &self.prefix))),
            rewritten: Arc::default(),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.prefix
    }

    /// The text with this prefix in place of the default one.
    pub(crate) fn apply(&self, text: &'static str) -> Cow<'static, str> {
        if &*self.prefix == DEFAULT_PREFIX {
            return Cow::Borrowed(text);
        }
        if let Some(known) = self
            .rewritten
            .read()
            .ok()
            .and_then(|map| map.get(text).cloned())
        {
            return Cow::Owned(known.to_string());
        }
        let parts = text.split(SQLITE_NOW).map(|part| self.rename(part));
        let new = parts.collect::<Vec<_>>().join(SQLITE_NOW);
        if let Ok(mut map) = self.rewritten.write() {
            map.insert(text, Arc::from(new.as_str()));
        }
        Cow::Owned(new)
    }

    fn rename(&self, part: &str) -> String {
        let rename = |text: &str| text.replace(DEFAULT_PREFIX, &self.prefix);
        match &self.stays {
            Some(stays) => part
                .split(STAYS)
                .map(rename)
                .collect::<Vec<_>>()
                .join(stays),
            None => rename(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_prefix_names_the_tables_and_leaves_the_clock_alone() {
        let text = "UPDATE dutiful_tasks SET due_at = dutiful_now() WHERE due_at < dutiful_now()";
        let prefix = Prefix::new("app_").unwrap();
        for _ in 0..2 {
            assert_eq!(
                prefix.apply(text),
                "UPDATE app_tasks SET due_at = dutiful_now() WHERE due_at < dutiful_now()"
            );
        }
        assert_eq!(Prefix::default().apply(text), text);
    }

    #[test]
    fn tables_that_are_away_are_named_so_and_the_row_of_the_move_is_not() {
        let text = "SELECT dutiful_now() FROM dutiful_tasks, dutiful_moves";
        for (prefix, expected) in [
            (
                "dutiful_",
                "SELECT dutiful_now() FROM dutiful_away_tasks, dutiful_moves",
            ),
            (
                "app_",
                "SELECT dutiful_now() FROM app_away_tasks, app_moves",
            ),
        ] {
            let away = Prefix::new(prefix).unwrap().away();
            assert_eq!(away.apply(text), expected);
        }
    }
}
