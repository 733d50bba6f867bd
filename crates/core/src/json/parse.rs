//! Reading JSON text strictly.
//!
//! serde_json reads more than every engine can hold: it keeps the last of two equal keys and turns
//! long integers into floats without a word, and does not say where. Hence a reader of our own.

use serde_json::{Map, Number, Value};

use super::canonical::float_text;
use super::error::JsonError;
use super::string::Path;

/// Reads one JSON value.
///
/// # Errors
/// Refuses what RFC 8259 forbids and what engines would change or refuse: duplicate keys, integers
/// that fit neither 64 bits nor a float exactly, numbers beyond a float, half surrogate pairs, U+0000,
/// nesting deeper than [`crate::limits::JSON_DEPTH_MAX`], a byte order mark, text after the value.
///
/// ```
/// use dutiful_core::json;
/// assert_eq!(json::parse(" [1, 2.0] ")?, serde_json::json!([1, 2.0]));
/// assert_eq!(json::parse(r#"{"a":1,"a":2}"#).unwrap_err().code(), "json_duplicate_key");
/// # Ok::<(), json::JsonError>(())
/// ```
pub fn parse(text: &str) -> Result<Value, JsonError> {
    if text.starts_with('\u{feff}') {
        return Err(JsonError::ByteOrderMark);
    }
    let mut reader = Reader {
        text,
        at: 0,
        path: Path::default(),
    };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(JsonError::TrailingText { at: reader.at });
    }
    Ok(value)
}

/// The recursion goes no deeper than [`crate::limits::JSON_DEPTH_MAX`], whatever the text.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    path: Path,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn literal(&mut self) -> Result<Value, JsonError> {
        let words = [
            ("null", Value::Null),
            ("true", true.into()),
            ("false", false.into()),
        ];
        for (word, value) in words {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.syntax("a value"))
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        self.open()?;
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.path.enter_index(items.len());
            items.push(self.value()?);
            self.path.leave();
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            self.comma("a comma or ]")?;
        }
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        self.open()?;
        let mut members = Map::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.member(&mut members)?;
            self.skip_space();
            if self.take(b'}') {
                return Ok(Value::Object(members));
            }
            self.comma("a comma or }")?;
        }
    }

    fn member(&mut self, members: &mut Map<String, Value>) -> Result<(), JsonError> {
        let at = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.syntax("a key in double quotes"));
        }
        let key = self.string()?;
        self.path.enter_key(&key);
        if members.contains_key(&key) {
            return Err(JsonError::DuplicateKey {
                pointer: self.path.pointer(),
                at,
            });
        }
        self.skip_space();
        if !self.take(b':') {
            return Err(self.syntax("a colon"));
        }
        self.skip_space();
        let value = self.value()?;
        members.insert(key, value);
        self.path.leave();
        Ok(())
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let at = self.at;
        let negative = self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut integer = true;
        if self.take(b'.') {
            integer = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            integer = false;
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let digits = &self.text[at..self.at];
        let number = if integer {
            exact(digits, negative)
        } else {
            float(digits)
        };
        number.map(Value::Number).ok_or_else(|| {
            let pointer = self.path.pointer();
            if integer {
                JsonError::IntegerTooLarge { pointer, at }
            } else {
                JsonError::NumberOutOfRange { pointer, at }
            }
        })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.syntax("a digit"))
        } else {
            Ok(())
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let special = |c: char| c == '"' || c == '\\' || c < ' ';
            let plain = rest.find(special).unwrap_or(rest.len());
            out.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => return Err(self.syntax("an escape such as \\n for this character")),
                None => return Err(self.syntax("the end of the string")),
            }
        }
        self.at += 1;
        Ok(out)
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let at = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(at),
            _ => return Err(self.syntax("one of \" \\ / b f n r t u")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self, at: usize) -> Result<char, JsonError> {
        let first = self.hex()?;
        let lone = JsonError::LoneSurrogate { at };
        let code = if (0xD800..0xDC00).contains(&first) {
            if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                return Err(lone);
            }
            self.at += 1;
            let second = self.hex()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(lone);
            }
            0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        match char::from_u32(code) {
            Some('\0') => Err(JsonError::NulCharacter {
                pointer: self.path.pointer(),
            }),
            Some(c) => Ok(c),
            None => Err(lone),
        }
    }

    /// Four hexadecimal digits after the `u` that we stand on.
    fn hex(&mut self) -> Result<u32, JsonError> {
        self.at += 1;
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        let all_hex = digits.len() == 4 && digits.bytes().all(|c| c.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(code) if all_hex => {
                self.at += 4;
                Ok(code)
            }
            _ => Err(self.syntax("four hexadecimal digits")),
        }
    }

    /// Steps into an array or object.
    fn open(&mut self) -> Result<(), JsonError> {
        self.path.check_depth()?;
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn comma(&mut self, expected: &'static str) -> Result<(), JsonError> {
        if !self.take(b',') {
            return Err(self.syntax(expected));
        }
        self.skip_space();
        Ok(())
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn syntax(&self, expected: &'static str) -> JsonError {
        JsonError::Syntax {
            at: self.at,
            expected,
        }
    }
}

/// An integer of 64 bits, or one that is the canonical text of a float (1e20 is written with all its
/// digits) and so survives as a float everywhere.
fn exact(digits: &str, negative: bool) -> Option<Number> {
    if negative && let Ok(integer) = digits.parse::<i64>() {
        return Some(integer.into());
    }
    if !negative && let Ok(integer) = digits.parse::<u64>() {
        return Some(integer.into());
    }
    // Canonical floats without exponent have at most 21 digits and a sign.
    let value: f64 = if digits.len() <= 22 {
        digits.parse().ok()?
    } else {
        return None;
    };
    if float_text(value) == digits {
        Number::from_f64(value)
    } else {
        None
    }
}

fn float(digits: &str) -> Option<Number> {
    digits.parse().ok().and_then(Number::from_f64)
}
