//! A provider's key: read from a file or a variable, never shown.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use hyper::header::HeaderValue;

use super::settings::Provider;
use crate::embed::EmbedError;
use crate::embed::error::Problem;
use crate::limits::KEY_BYTES_MAX;

/// A key.
pub(super) struct Key(String);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// The key of a provider that has one.
    pub(super) fn of(provider: &Provider) -> Result<Option<Key>, EmbedError> {
        match (&provider.key_file, &provider.key_variable) {
            (None, None) => Ok(None),
            (Some(file), None) => from_file(file).map(Some),
            (None, Some(name)) => {
                let place = format!("the environment variable {name}");
                let text = std::env::var(name);
                let text = text.map_err(|_| unusable(&place, "is not set, or is no text"))?;
                Key::new(&text, &place).map(Some)
            }
            (Some(_), Some(_)) => Err(super::settings::invalid(
                "key_file and key_variable are both set: name one place for the key",
            )),
        }
    }

    fn new(text: &str, place: &str) -> Result<Key, EmbedError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(unusable(place, "is empty"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(unusable(
                place,
                "holds more than one word, or what is not ASCII",
            ));
        }
        Ok(Key(text.to_owned()))
    }

    /// The header that shows it to the provider, and to nobody who prints headers.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A text without the key, should it be in there.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(&self.0, "…")
    }
}

fn from_file(path: &Path) -> Result<Key, EmbedError> {
    let place = path.display().to_string();
    let read = || {
        let mut text = String::new();
        let bounded = File::open(path)?.take(KEY_BYTES_MAX as u64 + 1);
        { bounded }.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = read().map_err(|error: std::io::Error| unusable(&place, &error.to_string()))?;
    if text.len() > KEY_BYTES_MAX {
        return Err(unusable(
            &place,
            &format!("has more than {KEY_BYTES_MAX} bytes"),
        ));
    }
    Key::new(&text, &place)
}

fn unusable(place: &str, why: &str) -> EmbedError {
    EmbedError::new(Problem::KeyUnusable, format!("{place}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_itself_nowhere() {
        let key = Key::new(" secret-canary\n", "a file").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(format!("{:?}", key.header().unwrap()), "Sensitive");
        assert_eq!(key.hide("bad key secret-canary."), "bad key ….");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_told() {
        for text in ["", " \n", "two words", "sëcret", "a\nb"] {
            let error = Key::new(text, "the file k").unwrap_err();
            assert_eq!(error.code(), "key_unusable");
            assert!(!error.to_string().contains("two words"), "{error}");
        }
    }
}
