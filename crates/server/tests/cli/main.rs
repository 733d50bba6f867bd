//! The binary as a user meets it: a process, its output and its exit code.
#![allow(clippy::unwrap_used, missing_docs)]

mod bench;
mod demo;
mod look;
mod migrate;
mod operate;
mod output;
mod place;
mod settings;
mod submit;
mod worker;
