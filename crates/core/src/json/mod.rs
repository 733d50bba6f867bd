//! JSON as it is stored: one canonical text per value, and nothing that an engine cannot hold.
//!
//! [`canonical`] writes the form of RFC 8785: keys sorted by their UTF-16 code units, no spaces, the
//! shortest escapes, floats as ECMAScript prints them. One extension: integers of 64 bits are
//! written exactly, also above 2^53, because ids must survive. [`parse`] reads text and refuses what
//! would not come back the same from every engine.

mod canonical;
mod error;
mod parse;
mod string;
#[cfg(test)]
mod tests;

pub use canonical::{canonical, canonical_within};
pub use error::JsonError;
pub use parse::parse;
