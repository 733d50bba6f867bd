//! Tokens as they are asked for and as they are shown.

use crate::store::tokens::{NewRow, TokenRow};
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{DELAY_MAX, TOKEN_TASK_NAMES_MAX};
use dutiful_core::{Scope, Timestamp, check_name, check_task_pattern, task_pattern_fits};
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// A token to be made.
///
/// ```
/// use dutiful::{NewToken, Scope};
/// use std::time::Duration;
/// let day = Duration::from_secs(24 * 60 * 60);
/// let token = NewToken::new("mailer", [Scope::Enqueue]).task_names(["mail:*"]).expires_in(90 * day);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct NewToken {
    name: String,
    scopes: Vec<Scope>,
    task_names: Option<Vec<String>>,
    expires_at: Option<Timestamp>,
    expires_in: Option<Duration>,
}

impl NewToken {
    /// A token of this name for all task names, without an end. A name is written like that of a task, and
    /// never used again.
    pub fn new(name: impl Into<String>, scopes: impl IntoIterator<Item = Scope>) -> NewToken {
        NewToken {
            name: name.into(),
            scopes: scopes.into_iter().collect(),
            task_names: None,
            expires_at: None,
            expires_in: None,
        }
    }

    /// Only for these task names: whole ones, or beginnings with `*` behind them. At most 100.
    pub fn task_names<N: Into<String>>(mut self, patterns: impl IntoIterator<Item = N>) -> Self {
        self.task_names = Some(patterns.into_iter().map(Into::into).collect());
        self
    }

    /// It ends so long from now, by the database's clock; at most ten years.
    pub fn expires_in(mut self, time: Duration) -> Self {
        (self.expires_in, self.expires_at) = (Some(time), None);
        self
    }

    /// It ends at this time.
    pub fn expires_at(mut self, time: Timestamp) -> Self {
        (self.expires_at, self.expires_in) = (Some(time), None);
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Checks everything and makes the row.
    pub(super) fn row(&self) -> Result<NewRow> {
        check_name(&self.name).map_err(|error| refused(format!("the name of a token: {error}")))?;
        if self.scopes.is_empty() {
            return Err(refused(
                "a token without a scope lets nobody do anything; give it one".to_owned(),
            ));
        }
        let mut scopes = self.scopes.clone();
        scopes.sort_unstable();
        scopes.dedup();
        if let Some(patterns) = &self.task_names {
            check_patterns(patterns)?;
        }
        match self.expires_in {
            Some(time) if time.is_zero() || time > DELAY_MAX => {
                return Err(refused(format!(
                    "a token that ends after {time:?}; use more than nothing and at most ten years"
                )));
            }
            _ => {}
        }
        Ok(NewRow {
            name: self.name.clone(),
            scopes: to_text(&scopes)?,
            task_names: self.task_names.as_ref().map(to_text).transpose()?,
            expires_at: self.expires_at,
            expires_in: self.expires_in,
        })
    }
}

fn check_patterns(patterns: &[String]) -> Result<()> {
    let count = patterns.len();
    if !(1..=TOKEN_TASK_NAMES_MAX).contains(&count) {
        return Err(refused(format!(
            "a token for {count} task names; give 1 to {TOKEN_TASK_NAMES_MAX}, or none of them to mean all"
        )));
    }
    for pattern in patterns {
        check_task_pattern(pattern)
            .map_err(|error| refused(format!("{error}; a `*` at the end stands for any rest")))?;
    }
    Ok(())
}

fn to_text(list: &impl Serialize) -> Result<String> {
    serde_json::to_string(list).map_err(|error| refused(error.to_string()))
}

pub(super) fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// A token as it is shown: nothing of its secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Its name.
    pub name: String,
    /// What its bearer may do.
    pub scopes: Vec<Scope>,
    /// The task names that it is good for, those with `*` at their end by their beginning; `None` is all.
    pub task_names: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody ended it.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Until when the secret goes on that it had before the last rotation.
    pub previous_until: Option<Timestamp>,
    /// Whether it was in force when it was read: neither revoked nor expired, by the database's clock.
    pub active: bool,
}

impl TokenInfo {
    /// Whether its bearer may do what the scope is for. What a scope includes is at [`Scope`].
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.includes(scope))
    }

    /// Whether it is good for tasks of this name.
    pub fn allows_task(&self, task_name: &str) -> bool {
        let fits = |pattern: &String| task_pattern_fits(pattern, task_name);
        match &self.task_names {
            None => true,
            Some(patterns) => patterns.iter().any(fits),
        }
    }
}

impl From<TokenRow> for TokenInfo {
    fn from(row: TokenRow) -> TokenInfo {
        // A list that cannot be read lets nobody do anything, and neither does a word that means nothing.
        let scopes: Vec<String> = serde_json::from_str(&row.scopes).unwrap_or_default();
        let names = |text: String| serde_json::from_str(&text).unwrap_or_default();
        let expired = row.expires_at.is_some_and(|end| end <= row.now);
        TokenInfo {
            name: row.name,
            scopes: scopes.iter().filter_map(|word| word.parse().ok()).collect(),
            task_names: row.task_names.map(names),
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            last_used_at: row.last_used_at,
            previous_until: row.previous_until.filter(|end| *end > row.now),
            active: !expired && row.revoked_at.is_none(),
        }
    }
}

/// A token that was just made, or given another secret. This is the only time that the secret is shown.
#[non_exhaustive]
pub struct CreatedToken {
    /// What the bearer shows: `dutiful_` and 64 hexadecimal digits. It is stored nowhere.
    pub secret: String,
    /// The token.
    pub info: TokenInfo,
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedToken")
            .field("secret", &"(not shown)")
            .field("info", &self.info)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(scopes: &str, task_names: Option<&str>) -> TokenInfo {
        let time = Timestamp::from_micros;
        TokenInfo::from(TokenRow {
            name: "t".to_owned(),
            scopes: scopes.to_owned(),
            task_names: task_names.map(str::to_owned),
            created_at: time(1),
            expires_at: Some(time(10)),
            revoked_at: None,
            last_used_at: None,
            previous_until: Some(time(5)),
            now: time(9),
        })
    }

    #[test]
    fn a_token_allows_what_its_scopes_include() {
        let token = stored(r#"["enqueue","read_payload"]"#, None);
        let allowed = Scope::ALL.iter().filter(|scope| token.allows(**scope));
        let allowed: Vec<&str> = allowed.map(|scope| scope.as_str()).collect();
        assert_eq!(allowed, ["enqueue", "read", "read_payload"]);
        assert!(stored(r#"["admin"]"#, None).allows(Scope::Manage));
    }

    #[test]
    fn what_cannot_be_read_allows_nothing() {
        assert!(stored(r#"["later"]"#, None).scopes.is_empty());
        assert!(stored("admin", None).scopes.is_empty());
        assert!(!stored("[]", Some("mail")).allows_task("mail"));
        assert!(!stored("[]", Some("[]")).allows_task("mail"));
    }

    #[test]
    fn a_token_is_good_for_the_names_that_its_patterns_fit() {
        let token = stored("[]", Some(r#"["Resize","mail:*"]"#));
        assert!(token.allows_task("Resize") && token.allows_task("mail:send"));
        assert!(!token.allows_task("ResizeAll") && !token.allows_task("email"));
        assert!(stored("[]", None).allows_task("anything"));
    }

    #[test]
    fn what_is_over_is_shown_as_over() {
        let token = stored("[]", None);
        assert!(token.active && token.previous_until.is_none());
    }

    #[test]
    fn a_token_that_cannot_be_is_refused_with_the_rule() {
        let token = || NewToken::new("t", [Scope::Read]);
        let many = (0..101).map(|number| format!("n{number}"));
        for (token, rule) in [
            (NewToken::new("", [Scope::Read]), "1 to 100"),
            (NewToken::new("a b", [Scope::Read]), "byte 1"),
            (NewToken::new("t", []), "scope"),
            (token().task_names(["*a"]), "begin with"),
            (token().task_names::<&str>([]), "1 to 100"),
            (token().task_names(many), "1 to 100"),
            (token().expires_in(Duration::ZERO), "ten years"),
            (token().expires_in(Duration::MAX), "ten years"),
        ] {
            let error = token.row().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(rule), "{error}");
        }
    }

    #[test]
    fn the_row_of_a_token_is_readable() {
        let token = NewToken::new("ci", [Scope::Read, Scope::Enqueue, Scope::Read]);
        let row = token.task_names(["mail:*"]).row().unwrap();
        assert_eq!(row.scopes, r#"["enqueue","read"]"#);
        assert_eq!(row.task_names.as_deref(), Some(r#"["mail:*"]"#));
    }

    #[test]
    fn the_secret_is_not_in_debug() {
        let created = CreatedToken {
            secret: "dutiful_canary".to_owned(),
            info: stored("[]", None),
        };
        let shown = format!("{created:?} {created:#?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
