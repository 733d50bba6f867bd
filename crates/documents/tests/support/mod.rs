//! Writers of small files, for tests and for the guides. They know just enough of each format.

#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod epub;
pub(crate) mod package;
pub(crate) mod pdf;
pub(crate) mod picture;
pub(crate) mod slides;
pub(crate) mod workbook;
pub(crate) mod xls;
