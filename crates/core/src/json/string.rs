//! Strings and JSON Pointers, shared by writing and reading.

use std::fmt::Write as _;

use super::error::JsonError;
use crate::limits::JSON_DEPTH_MAX;

/// Writes a string with the shortest escapes that RFC 8785 asks for.
pub(super) fn write(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' => push_format(out, format_args!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Where in a value we are, so that an error can name the place.
#[derive(Default)]
pub(super) struct Path {
    pointer: String,
    starts: Vec<usize>,
}

impl Path {
    pub(super) fn enter_index(&mut self, index: usize) {
        self.starts.push(self.pointer.len());
        push_format(&mut self.pointer, format_args!("/{index}"));
    }

    pub(super) fn enter_key(&mut self, key: &str) {
        self.starts.push(self.pointer.len());
        self.pointer.push('/');
        for c in key.chars() {
            match c {
                '~' => self.pointer.push_str("~0"),
                '/' => self.pointer.push_str("~1"),
                _ => self.pointer.push(c),
            }
        }
    }

    pub(super) fn leave(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.pointer.truncate(start);
        }
    }

    /// Refuses an array or object at this place when it would be one too many. The innermost value
    /// is a level of its own, even where there is none.
    pub(super) fn check_depth(&self) -> Result<(), JsonError> {
        if self.starts.len() + 1 < JSON_DEPTH_MAX {
            return Ok(());
        }
        Err(JsonError::TooDeep {
            pointer: self.pointer(),
        })
    }

    /// The JSON Pointer, cut to a length that fits into an error text.
    pub(super) fn pointer(&self) -> String {
        match self.pointer.char_indices().nth(POINTER_CHARACTERS_MAX) {
            Some((end, _)) => format!("{}…", &self.pointer[..end]),
            None => self.pointer.clone(),
        }
    }
}

const POINTER_CHARACTERS_MAX: usize = 300;

fn push_format(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(arguments);
}
