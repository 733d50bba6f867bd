//! Secrets that are not shown: which values of a payload they are, and how they look in a text.
//!
//! What lives here: finding and replacing them. What does not: who may see them, which the HTTP API decides by
//! scopes and each command by what it is for.

mod text;

use dutiful::{PeriodicInfo, TaskInfo};
use serde_json::Value;
use std::sync::{Arc, OnceLock};

/// What stands in place of a secret.
pub(crate) const MARK: &str = "***";
/// The last words of keys whose values are secrets.
pub(crate) const USUAL_KEYS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "secret_key",
    "token",
    "api_key",
    "access_key",
    "private_key",
    "authorization",
    "credentials",
    "cookie",
];
/// Shorter ones stand in too many other words.
const LITERAL_BYTES_MIN: usize = 8;
/// Of one task.
const LITERALS_MAX: usize = 100;

/// Which values are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redact {
    /// In lower case, without what joins words.
    keys: Vec<String>,
    /// Texts that are secrets wherever they stand, the longest first.
    literals: Vec<String>,
}

impl Default for Redact {
    fn default() -> Redact {
        Redact::new(USUAL_KEYS)
    }
}

impl Redact {
    /// Values of keys that end with one of these words are secrets. `none` names no key.
    pub(crate) fn new(keys: impl IntoIterator<Item = impl AsRef<str>>) -> Redact {
        let plain = |key: &str| {
            let letters = key.chars().filter(|c| c.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect::<String>()
        };
        let keys = keys.into_iter().map(|key| plain(key.as_ref()));
        Redact {
            keys: keys
                .filter(|key| !key.is_empty() && key != "none")
                .collect(),
            literals: Vec::new(),
        }
    }

    /// The same, and these texts are secrets wherever they stand.
    #[must_use]
    pub(crate) fn with_literals(&self, literals: impl IntoIterator<Item = String>) -> Redact {
        let long = |text: &String| text.len() >= LITERAL_BYTES_MIN;
        let mut redact = self.clone();
        redact.literals.extend(literals.into_iter().filter(long));
        redact
            .literals
            .sort_by_key(|text| std::cmp::Reverse(text.len()));
        redact.literals.dedup();
        redact.literals.truncate(LITERALS_MAX);
        redact
    }

    /// Whether the value of this key is a secret.
    fn names(&self, key: &str) -> bool {
        self.keys.iter().any(|secret| {
            let letters = key.chars().rev().filter(|c| c.is_alphanumeric());
            let mut letters = letters.flat_map(char::to_lowercase);
            secret.chars().rev().all(|c| letters.next() == Some(c))
        })
    }

    /// A text without the secrets that are found in it: values that follow such a key, passwords in URLs, what
    /// follows `Bearer`, tokens of our own.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut out = text::redact(text, |key| self.names(key));
        for literal in &self.literals {
            if out.contains(literal.as_str()) {
                out = out.replace(literal.as_str(), MARK);
            }
        }
        out
    }

    /// A value without secrets, at any depth.
    pub(crate) fn value(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    match self.names(key) && !inner.is_null() {
                        true => *inner = MARK.into(),
                        false => self.value(inner),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::String(text) => *text = self.text(text),
            _ => {}
        }
    }

    /// A task without secrets. What is a secret in its payload or result is none of its error's either.
    pub(crate) fn task(&self, task: &mut TaskInfo) {
        let redact = self.of_task(task);
        redact.value(&mut task.task_payload);
        if let Some(result) = &mut task.result_data {
            redact.value(result);
        }
        for text in [&mut task.error_message, &mut task.progress_note] {
            *text = text.as_ref().map(|text| redact.text(text));
        }
    }

    /// A periodic task without secrets.
    pub(crate) fn periodic(&self, one: &mut PeriodicInfo) {
        self.value(&mut one.task_payload);
        let changed = one.changed.as_mut();
        if let Some(payload) = changed.and_then(|changed| changed.program_payload.as_mut()) {
            self.value(payload);
        }
    }

    /// The same for the texts of one task: the secrets of its payload and result are found wherever they stand.
    pub(crate) fn of_task(&self, task: &TaskInfo) -> Redact {
        let mut found = Vec::new();
        self.collect(&task.task_payload, false, &mut found);
        if let Some(result) = &task.result_data {
            self.collect(result, false, &mut found);
        }
        self.with_literals(found)
    }

    fn collect(&self, value: &Value, secret: bool, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (key, inner) in fields {
                    self.collect(inner, secret || self.names(key), found);
                }
            }
            Value::Array(values) => {
                values
                    .iter()
                    .for_each(|value| self.collect(value, secret, found));
            }
            Value::String(text) if secret && found.len() < LITERALS_MAX => found.push(text.clone()),
            _ => {}
        }
    }
}

static OF_PROCESS: OnceLock<Arc<Redact>> = OnceLock::new();

/// What the logs and errors of this process go by from now on.
pub(crate) fn of_process(redact: &Arc<Redact>) {
    // A process has one set of settings.
    let _ = OF_PROCESS.set(Arc::clone(redact));
}

/// A text for a log or an error, without secrets.
pub(crate) fn told(text: &str) -> String {
    OF_PROCESS
        .get_or_init(|| Arc::new(Redact::default()))
        .text(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_found_by_the_end_of_their_key_at_any_depth() {
        let redact = Redact::default();
        let mut value = json!({
            "user": "ann", "Password": "a", "db-password": 7, "apiKey": [1, { "x": 2 }],
            "deep": [{ "er": { "client_secret": "b", "tokens": 3, "token": null } }],
            "url": "postgres://ann:b@db/x",
        });
        redact.value(&mut value);
        assert_eq!(
            value,
            json!({
                "user": "ann", "Password": "***", "db-password": "***", "apiKey": "***",
                "deep": [{ "er": { "client_secret": "***", "tokens": 3, "token": null } }],
                "url": "postgres://ann:***@db/x",
            })
        );
    }

    #[test]
    fn own_keys_take_the_place_of_the_usual_ones() {
        let redact = Redact::new(["iban", "None"]);
        let mut value = json!({ "IBAN": "DE00", "password": "a" });
        redact.value(&mut value);
        assert_eq!(value, json!({ "IBAN": "***", "password": "a" }));
        let nothing = Redact::new(["none"]);
        let mut value = json!({ "none": 1, "password": "a" });
        nothing.value(&mut value);
        assert_eq!(value, json!({ "none": 1, "password": "a" }));
    }

    #[test]
    fn a_secret_of_the_payload_is_found_where_nothing_tells_that_it_is_one() {
        let redact = Redact::default().with_literals(["hunter22".to_owned(), "short".to_owned()]);
        assert_eq!(redact.text("no hunter22 here, short"), "no *** here, short");
    }
}
