//! Dedup: when two submissions are the same task, and for how long.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::json::{self, JsonError};
use crate::limits::DEDUP_FIELDS_MAX;
use crate::task::words;

/// How long a task keeps its dedup slot, so that the same submission merges into it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DedupScope {
    /// Every submission is a task of its own.
    None,
    /// Until a worker claims it.
    Waiting,
    /// Until it ends in any way.
    Active,
    /// Until it ends in any way other than having failed as often as it may.
    #[default]
    UntilSuccess,
    /// As long as the row is there.
    Always,
    /// For this long after its submission, whatever becomes of it.
    Window(Duration),
}

impl DedupScope {
    /// The scope without the window's length.
    pub const fn kind(self) -> StoredScope {
        match self {
            Self::None => StoredScope::None,
            Self::Waiting => StoredScope::Waiting,
            Self::Active => StoredScope::Active,
            Self::UntilSuccess => StoredScope::UntilSuccess,
            Self::Always => StoredScope::Always,
            Self::Window(_) => StoredScope::Window,
        }
    }

    /// The word that is stored.
    pub const fn stored(self) -> &'static str {
        self.kind().as_str()
    }

    /// The scope that a stored word means; `None` when it is no such word.
    pub fn from_stored(text: &str) -> Option<StoredScope> {
        text.parse().ok()
    }
}

/// A dedup scope as a row tells it: the window's length is not stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoredScope {
    /// See [`DedupScope::None`].
    None,
    /// See [`DedupScope::Waiting`].
    Waiting,
    /// See [`DedupScope::Active`].
    Active,
    /// See [`DedupScope::UntilSuccess`].
    #[default]
    UntilSuccess,
    /// See [`DedupScope::Always`].
    Always,
    /// See [`DedupScope::Window`].
    Window,
}

words!(StoredScope, "dedup scope", {
    None = "none",
    Waiting = "waiting",
    Active = "active",
    UntilSuccess = "until_success",
    Always = "always",
    Window = "window",
});

/// Why no dedup key could be made of chosen fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DedupError {
    /// No field was chosen, which would make all tasks of the name the same.
    #[error("no field is chosen for the dedup key; name at least one JSON Pointer such as /id")]
    NoFields,
    /// More than [`DEDUP_FIELDS_MAX`] fields were chosen.
    #[error("{0} fields are chosen for the dedup key; the limit is {DEDUP_FIELDS_MAX}")]
    TooManyFields(usize),
    /// A pointer is not of the form that RFC 6901 asks for.
    #[error("{0:?} is no JSON Pointer; begin it with / and write ~ as ~0, / as ~1")]
    BadPointer(String),
    /// A chosen field cannot be written as canonical JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// What makes two submissions of one name the same task: 32 bytes, equal on every engine.
///
/// It is the SHA-256 of four or more parts, each preceded by its length as eight bytes, most
/// significant first: the tag `dutiful.dedup.1`, the kind (`payload`, `fields` or `text`), the task
/// name, then what the kind adds. A program in another language makes the same key; in Python:
///
/// ```python
/// import hashlib
/// parts = ["dutiful.dedup.1", "payload", task_name, canonical_payload]
/// hashlib.sha256(b"".join(len(p.encode()).to_bytes(8, "big") + p.encode() for p in parts)).digest()
/// ```
///
/// ```
/// use dutiful_core::DedupKey;
/// let key = DedupKey::for_payload("GreetTask", r#"{"count":2,"message":"hi"}"#);
/// assert_eq!(
///     key.to_string(),
///     "3b81c506d6fd87ef46efc9cf21fc2b610456a62dbc68751d9d74f3853ecb9ff9"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DedupKey([u8; 32]);

const TAG: &str = "dutiful.dedup.1";

impl DedupKey {
    /// Same name and same payload. The text must be canonical (see [`json::canonical`]), because
    /// its bytes are compared and not its meaning.
    pub fn for_payload(task_name: &str, canonical_payload: &str) -> Self {
        Self::of(["payload", task_name, canonical_payload])
    }

    /// Same name and same values of the chosen fields, each named by a JSON Pointer.
    ///
    /// The order and repetition of pointers do not matter: they are sorted by their bytes. Each adds
    /// two parts, the pointer and the canonical value; a missing field adds an empty second part,
    /// which no value has, so that missing and `null` differ.
    ///
    /// # Errors
    /// Refuses no fields, too many, malformed pointers, and values that JSON text cannot carry.
    pub fn for_fields(
        task_name: &str,
        payload: &Value,
        pointers: &[&str],
    ) -> Result<Self, DedupError> {
        let mut pointers = pointers.to_vec();
        pointers.sort_unstable();
        pointers.dedup();
        match pointers.len() {
            0 => return Err(DedupError::NoFields),
            1..=DEDUP_FIELDS_MAX => {}
            many => return Err(DedupError::TooManyFields(many)),
        }
        let mut parts = vec!["fields".to_owned(), task_name.to_owned()];
        for pointer in pointers {
            check_pointer(pointer)?;
            parts.push(pointer.to_owned());
            parts.push(
                payload
                    .pointer(pointer)
                    .map_or(Ok(String::new()), json::canonical)?,
            );
        }
        Ok(Self::of(parts))
    }

    /// Same name and same text of the caller's own making.
    pub fn for_text(task_name: &str, own_key: &str) -> Self {
        Self::of(["text", task_name, own_key])
    }

    /// A key that was stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes that are stored.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of<P: AsRef<str>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        };
        add(TAG);
        for part in parts {
            add(part.as_ref());
        }
        Self(hash.finalize().into())
    }
}

/// `Value::pointer` answers a malformed pointer with "missing", which would merge different tasks.
fn check_pointer(pointer: &str) -> Result<(), DedupError> {
    let starts = pointer.is_empty() || pointer.starts_with('/');
    let escapes = pointer
        .split('~')
        .skip(1)
        .all(|rest| rest.starts_with(['0', '1']));
    if starts && escapes {
        Ok(())
    } else {
        Err(DedupError::BadPointer(pointer.into()))
    }
}

impl fmt::Display for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DedupKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_those_that_python_hashlib_computes() {
        let fields = DedupKey::for_fields("T", &json!({"a": {"b": 1.5}}), &["/x", "/a/b"]);
        assert_eq!(
            fields.unwrap().to_string(),
            "2d86c63c550f3e8e841996ff1f0d7208d54938a7bd13d5724a7b7e2db039e21b"
        );
        assert_eq!(
            DedupKey::for_text("Tänk", "résumé").to_string(),
            "4322c7f9c04bfd1bdf4491a588093d0e598a1967a410bb1af77cab11c80c4074"
        );
    }

    #[test]
    fn payloads_that_databases_take_for_equal_get_different_keys() {
        let long = "x".repeat(511);
        for (one, other) in [
            (r#"{"doc":"A"}"#.to_owned(), r#"{"doc":"a"}"#.to_owned()),
            (r#""résumé""#.to_owned(), r#""resume""#.to_owned()),
            (format!("\"{long}a\""), format!("\"{long}b\"")),
        ] {
            assert_ne!(
                DedupKey::for_payload("T", &one),
                DedupKey::for_payload("T", &other)
            );
        }
        let key = |name| DedupKey::for_payload(name, "{}");
        assert_ne!(key("T"), key("t"));
        assert_ne!(key("t"), key("t "));
    }

    #[test]
    fn parts_do_not_run_into_each_other_and_kinds_do_not_meet() {
        assert_ne!(DedupKey::for_text("ab", "c"), DedupKey::for_text("a", "bc"));
        assert_ne!(
            DedupKey::for_text("a\0", "b"),
            DedupKey::for_text("a", "\0b")
        );
        assert_ne!(
            DedupKey::for_text("a", "1"),
            DedupKey::for_payload("a", "1")
        );
    }

    #[test]
    fn chosen_fields_alone_decide_and_missing_is_not_null() {
        let key = |payload, pointers: &[&str]| DedupKey::for_fields("T", &payload, pointers);
        let one = key(json!({"id": 1, "note": "x"}), &["/id"]);
        assert_eq!(one, key(json!({"note": "y", "id": 1}), &["/id", "/id"]));
        assert_ne!(one, key(json!({"id": 2}), &["/id"]));
        assert_ne!(key(json!({}), &["/id"]), key(json!({"id": null}), &["/id"]));
        let both = json!({"a": 1, "b": 2});
        assert_eq!(key(both.clone(), &["/a", "/b"]), key(both, &["/b", "/a"]));
    }

    #[test]
    fn field_lists_that_would_merge_different_tasks_are_refused() {
        let refused = |pointers: &[&str]| DedupKey::for_fields("T", &json!({}), pointers);
        assert_eq!(refused(&[]), Err(DedupError::NoFields));
        for bad in ["id", "/a~", "/a~2", "~0"] {
            assert_eq!(refused(&[bad]), Err(DedupError::BadPointer(bad.into())));
        }
        let many: Vec<String> = (0..33).map(|n| format!("/{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(refused(&many), Err(DedupError::TooManyFields(33)));
    }

    #[test]
    fn stored_scopes_read_back() {
        for scope in [
            DedupScope::None,
            DedupScope::Waiting,
            DedupScope::Active,
            DedupScope::UntilSuccess,
            DedupScope::Always,
            DedupScope::Window(Duration::from_secs(1)),
        ] {
            assert_eq!(DedupScope::from_stored(scope.stored()), Some(scope.kind()));
        }
        assert_eq!(DedupScope::from_stored("ever"), None);
    }
}
