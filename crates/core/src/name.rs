//! Task names: which are allowed, and the default name of a Rust type.

use crate::limits::NAME_BYTES_MAX;

/// Why a task name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name has no characters.
    #[error("a task name must not be empty; {RULE}")]
    Empty,
    /// The name is longer than [`NAME_BYTES_MAX`].
    #[error("the task name has {bytes} bytes; {RULE}")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The name begins with a character that is only allowed later on.
    #[error("the task name {name:?} begins with {found:?}; {RULE}")]
    BadStart {
        /// The refused name.
        name: String,
        /// Its first character.
        found: char,
    },
    /// The name holds a character that is not allowed.
    #[error("the task name {name:?} has {found:?} at byte {at}; {RULE}")]
    BadCharacter {
        /// The refused name.
        name: String,
        /// The character.
        found: char,
        /// Where it stands, in bytes from the start.
        at: usize,
    },
}

const RULE: &str = "use 1 to 100 of A-Z a-z 0-9 _ . : - and begin with a letter, a digit or _";

/// Checks a task name: 1 to 100 bytes, first one of `A-Z a-z 0-9 _`, the rest also `. : -`.
///
/// # Errors
/// Says what is wrong and repeats the rule.
///
/// ```
/// assert!(dutiful_core::check_name("mail:send-welcome.v2").is_ok());
/// assert!(dutiful_core::check_name("../etc").is_err());
/// ```
pub fn check_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameError::TooLong { bytes: name.len() });
    }
    match name.char_indices().find(|&(at, c)| !allowed(at, c)) {
        None => Ok(()),
        Some((0, found)) => Err(NameError::BadStart {
            name: name.into(),
            found,
        }),
        Some((at, found)) => Err(NameError::BadCharacter {
            name: name.into(),
            found,
            at,
        }),
    }
}

fn allowed(at: usize, c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (at > 0 && matches!(c, '.' | ':' | '-'))
}

/// The last part of a type's full name, without its generic arguments.
///
/// ```
/// use dutiful_core::short_type_name;
/// assert_eq!(short_type_name("a::b::GreetTask<x::Y>"), "GreetTask");
/// ```
pub fn short_type_name(full: &str) -> &str {
    let plain = full.find('<').map_or(full, |at| &full[..at]);
    plain.rfind("::").map_or(plain, |at| &plain[at + 2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within_the_rule_are_taken() {
        for name in [
            "A",
            "_x",
            "9lives",
            "GreetTask",
            "mail:send-x.v2",
            &"n".repeat(100),
        ] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_outside_the_rule_are_refused_with_the_reason() {
        assert_eq!(check_name(""), Err(NameError::Empty));
        assert_eq!(
            check_name(&"n".repeat(101)),
            Err(NameError::TooLong { bytes: 101 })
        );
        for (name, at) in [("../etc", 0), ("-a", 0), (":a", 0), ("é", 0)] {
            assert!(
                matches!(check_name(name), Err(NameError::BadStart { .. })),
                "{name} {at}"
            );
        }
        for (name, want) in [("a b", 1), ("tést", 1), ("ab\0", 2), ("a/b", 1), ("a\n", 1)] {
            let refused = check_name(name);
            assert!(
                matches!(refused, Err(NameError::BadCharacter { at, .. }) if at == want),
                "{name:?}"
            );
        }
        let text = check_name("a b").unwrap_err().to_string();
        assert!(
            text.contains("byte 1") && text.contains("1 to 100"),
            "{text}"
        );
    }

    #[test]
    fn the_short_name_drops_path_and_generics() {
        assert_eq!(short_type_name("a::b::GreetTask<x::Y>"), "GreetTask");
        assert_eq!(short_type_name("GreetTask"), "GreetTask");
        assert_eq!(short_type_name("a::Pair<x::Y<z::W>, q::R>"), "Pair");
    }
}
