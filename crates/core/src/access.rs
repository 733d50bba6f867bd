//! Who may do what: the scopes of a token, and the task names that it is good for.
//!
//! What lives here: the rules alone. What does not: secrets, and where tokens are kept.

use crate::limits::NAME_BYTES_MAX;
use crate::name::{NameError, check_name};
use crate::task::words;
use serde::{Deserialize, Serialize};

/// A kind of thing that a token lets its bearer do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Submit tasks.
    Enqueue,
    /// Look at tasks, workers and counts, but not at payloads, results and log lines.
    Read,
    /// Look at payloads, results and log lines too. Includes [`Scope::Read`].
    ReadPayload,
    /// Retry, cancel, change and delete tasks.
    Manage,
    /// Everything, also what concerns tokens and the audit.
    Admin,
}

words!(Scope, "scope", {
    Enqueue = "enqueue",
    Read = "read",
    ReadPayload = "read_payload",
    Manage = "manage",
    Admin = "admin",
});

impl Scope {
    /// Whether who has this scope may do what the other one is for.
    ///
    /// ```
    /// use dutiful_core::Scope;
    /// assert!(Scope::Admin.includes(Scope::Manage));
    /// assert!(!Scope::Manage.includes(Scope::Read));
    /// ```
    pub fn includes(self, other: Scope) -> bool {
        match self {
            Scope::Admin => true,
            Scope::ReadPayload => matches!(other, Scope::Read | Scope::ReadPayload),
            Scope::Enqueue | Scope::Read | Scope::Manage => self == other,
        }
    }
}

/// What ends a pattern that stands for all names with the same beginning.
const ANY: char = '*';

/// Checks a pattern of task names: a whole name, or the beginning of names with `*` behind it. `*` alone
/// stands for every name.
///
/// # Errors
/// As [`check_name`] says of the part before the `*`.
///
/// ```
/// use dutiful_core::check_task_pattern;
/// assert!(check_task_pattern("mail:*").is_ok());
/// assert!(check_task_pattern("*:send").is_err());
/// ```
pub fn check_task_pattern(pattern: &str) -> Result<(), NameError> {
    if pattern.len() > NAME_BYTES_MAX {
        let bytes = pattern.len();
        return Err(NameError::TooLong { bytes });
    }
    match pattern.strip_suffix(ANY) {
        Some("") => Ok(()),
        Some(beginning) => check_name(beginning),
        None => check_name(pattern),
    }
}

/// Whether a pattern stands for this task name.
pub fn task_pattern_fits(pattern: &str, task_name: &str) -> bool {
    match pattern.strip_suffix(ANY) {
        Some(beginning) => task_name.starts_with(beginning),
        None => task_name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_includes_exactly_what_it_says() {
        let included = |scope: Scope| -> Vec<&str> {
            let all = Scope::ALL.iter();
            all.filter(|other| scope.includes(**other))
                .map(|other| other.as_str())
                .collect()
        };
        assert_eq!(included(Scope::Enqueue), ["enqueue"]);
        assert_eq!(included(Scope::Read), ["read"]);
        assert_eq!(included(Scope::ReadPayload), ["read", "read_payload"]);
        assert_eq!(included(Scope::Manage), ["manage"]);
        assert_eq!(included(Scope::Admin).len(), Scope::ALL.len());
    }

    #[test]
    fn words_and_json_of_a_scope_agree() {
        for scope in Scope::ALL {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
            let json = serde_json::to_string(scope).unwrap();
            assert_eq!(json, format!("\"{scope}\""));
        }
        let unknown = "root".parse::<Scope>().unwrap_err().to_string();
        assert!(unknown.contains("read_payload"), "{unknown}");
    }

    #[test]
    fn a_pattern_is_a_name_or_the_beginning_of_names() {
        for pattern in ["Resize", "mail:*", "*", &"n".repeat(NAME_BYTES_MAX)] {
            assert_eq!(check_task_pattern(pattern), Ok(()), "{pattern}");
        }
        for pattern in ["", "**", "a*b", "*a", "a b", "-*", "é*"] {
            assert!(check_task_pattern(pattern).is_err(), "{pattern}");
        }
        assert!(check_task_pattern(&format!("{}*", "n".repeat(NAME_BYTES_MAX))).is_err());
    }

    #[test]
    fn patterns_fit_what_they_stand_for_and_nothing_else() {
        for (pattern, name, fits) in [
            ("Resize", "Resize", true),
            ("Resize", "ResizeAll", false),
            ("Resize", "resize", false),
            ("mail:*", "mail:send", true),
            ("mail:*", "mail:", true),
            ("mail:*", "mail", false),
            ("mail:*", "email:send", false),
            ("*", "anything", true),
        ] {
            assert_eq!(task_pattern_fits(pattern, name), fits, "{pattern} {name}");
        }
    }
}
