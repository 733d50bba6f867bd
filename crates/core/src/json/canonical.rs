//! Writing canonical text.

use serde_json::{Map, Number, Value};

use super::error::JsonError;
use super::string::{self, Path};

/// The canonical text of a value.
///
/// # Errors
/// Refuses nesting deeper than [`crate::limits::JSON_DEPTH_MAX`] and the character U+0000 in strings and keys.
///
/// ```
/// use serde_json::json;
/// let text = dutiful_core::json::canonical(&json!({"n": 1.0, "id": 9007199254740993_u64}))?;
/// assert_eq!(text, r#"{"id":9007199254740993,"n":1}"#);
/// # Ok::<(), dutiful_core::JsonError>(())
/// ```
pub fn canonical(value: &Value) -> Result<String, JsonError> {
    canonical_within(value, usize::MAX)
}

/// The canonical text of a value, if it has at most `bytes_max` bytes.
///
/// # Errors
/// As [`canonical`], and for text that is too long. It stops writing soon after the limit.
pub fn canonical_within(value: &Value, bytes_max: usize) -> Result<String, JsonError> {
    let mut writer = Writer {
        text: String::new(),
        path: Path::default(),
        bytes_max,
    };
    writer.value(value)?;
    writer.check_size()?;
    Ok(writer.text)
}

struct Writer {
    text: String,
    path: Path,
    bytes_max: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), JsonError> {
        self.check_size()?;
        match value {
            Value::Null => self.text.push_str("null"),
            Value::Bool(true) => self.text.push_str("true"),
            Value::Bool(false) => self.text.push_str("false"),
            Value::Number(number) => self.text.push_str(&number_text(number)),
            Value::String(text) => self.string(text)?,
            Value::Array(items) => self.array(items)?,
            Value::Object(members) => self.object(members)?,
        }
        Ok(())
    }

    fn array(&mut self, items: &[Value]) -> Result<(), JsonError> {
        self.path.check_depth()?;
        self.text.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.path.enter_index(index);
            self.value(item)?;
            self.path.leave();
        }
        self.text.push(']');
        Ok(())
    }

    fn object(&mut self, members: &Map<String, Value>) -> Result<(), JsonError> {
        self.path.check_depth()?;
        let mut members: Vec<_> = members.iter().collect();
        members.sort_unstable_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
        self.text.push('{');
        for (index, (key, value)) in members.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.string(key)?;
            self.text.push(':');
            self.path.enter_key(key);
            self.value(value)?;
            self.path.leave();
        }
        self.text.push('}');
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), JsonError> {
        if text.contains('\0') {
            return Err(JsonError::NulCharacter {
                pointer: self.path.pointer(),
            });
        }
        string::write(&mut self.text, text);
        Ok(())
    }

    fn check_size(&self) -> Result<(), JsonError> {
        if self.text.len() <= self.bytes_max {
            return Ok(());
        }
        Err(JsonError::TooLarge {
            limit: self.bytes_max,
        })
    }
}

/// Integers of 64 bits exactly, floats as ECMAScript prints them.
fn number_text(number: &Number) -> String {
    match (number.is_f64(), number.as_f64()) {
        (true, Some(float)) => float_text(float),
        _ => number.to_string(),
    }
}

/// A finite float as ECMAScript prints it: the shortest digits that read back the same.
pub(super) fn float_text(float: f64) -> String {
    ryu_js::Buffer::new().format(float).to_owned()
}
