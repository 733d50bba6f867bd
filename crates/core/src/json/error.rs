//! Why a JSON text or value is refused.

use crate::limits::JSON_DEPTH_MAX;

/// A JSON text or value that cannot be stored. Positions are bytes from the start of the text;
/// pointers are JSON Pointers (RFC 6901) into the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// The text does not follow the grammar.
    #[error("not JSON at byte {at}: expected {expected}")]
    Syntax {
        /// Where.
        at: usize,
        /// What the grammar allows there.
        expected: &'static str,
    },
    /// Something follows the value.
    #[error("text follows the JSON value at byte {at}; send one value only")]
    TrailingText {
        /// Where it begins.
        at: usize,
    },
    /// The text begins with a byte order mark.
    #[error("the JSON text begins with a byte order mark; leave it out")]
    ByteOrderMark,
    /// An object has one key twice.
    #[error("the key at {pointer:?} stands twice in its object (byte {at}); keep one")]
    DuplicateKey {
        /// The key.
        pointer: String,
        /// Where the second one begins.
        at: usize,
    },
    /// An integer that some engine would change.
    #[error(
        "the integer at {pointer:?} (byte {at}) fits neither 64 bits nor a float exactly; \
         send it as a string"
    )]
    IntegerTooLarge {
        /// Its place.
        pointer: String,
        /// Where it begins.
        at: usize,
    },
    /// A number beyond what a float of 64 bits can express.
    #[error("the number at {pointer:?} (byte {at}) is too large for 64 bits; send it as a string")]
    NumberOutOfRange {
        /// Its place.
        pointer: String,
        /// Where it begins.
        at: usize,
    },
    /// An escape for half a character.
    #[error("the string at byte {at} has half a surrogate pair (\\ud800 to \\udfff), no character")]
    LoneSurrogate {
        /// Where the escape begins.
        at: usize,
    },
    /// The character U+0000, which PostgreSQL cannot hold.
    #[error("the text at {pointer:?} contains the character U+0000; remove it or encode the bytes")]
    NulCharacter {
        /// The value, or the object whose key it is.
        pointer: String,
    },
    /// Arrays and objects are nested too deep.
    #[error("the value at {pointer:?} is nested deeper than {JSON_DEPTH_MAX} levels; flatten it")]
    TooDeep {
        /// The first container that is too deep.
        pointer: String,
    },
    /// The canonical text is too long.
    #[error("the JSON text is larger than {limit} bytes; store the data elsewhere and send a link")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
}

impl JsonError {
    /// A word for programs that never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "json_syntax",
            Self::TrailingText { .. } => "json_trailing_text",
            Self::ByteOrderMark => "json_byte_order_mark",
            Self::DuplicateKey { .. } => "json_duplicate_key",
            Self::IntegerTooLarge { .. } => "json_integer_too_large",
            Self::NumberOutOfRange { .. } => "json_number_out_of_range",
            Self::LoneSurrogate { .. } => "json_lone_surrogate",
            Self::NulCharacter { .. } => "json_nul_character",
            Self::TooDeep { .. } => "json_too_deep",
            Self::TooLarge { .. } => "json_too_large",
        }
    }

    /// The byte of the text that it is about, where it is about text.
    pub const fn position(&self) -> Option<usize> {
        match self {
            Self::Syntax { at, .. }
            | Self::TrailingText { at }
            | Self::DuplicateKey { at, .. }
            | Self::IntegerTooLarge { at, .. }
            | Self::NumberOutOfRange { at, .. }
            | Self::LoneSurrogate { at } => Some(*at),
            Self::ByteOrderMark => Some(0),
            Self::NulCharacter { .. } | Self::TooDeep { .. } | Self::TooLarge { .. } => None,
        }
    }

    /// The place in the value that it is about, as a JSON Pointer, where there is one.
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::DuplicateKey { pointer, .. }
            | Self::IntegerTooLarge { pointer, .. }
            | Self::NumberOutOfRange { pointer, .. }
            | Self::NulCharacter { pointer }
            | Self::TooDeep { pointer } => Some(pointer),
            Self::Syntax { .. }
            | Self::TrailingText { .. }
            | Self::ByteOrderMark
            | Self::LoneSurrogate { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}
