//! The binary as a user meets it: a process, its output and its exit code.
#![allow(clippy::unwrap_used, missing_docs)]

mod bench;
mod bulk;
mod change;
mod demo;
mod describe;
mod doctor;
mod look;
mod migrate;
mod moving;
mod operate;
mod output;
mod periodic;
mod place;
mod prune;
mod reader;
mod remote;
mod run_now;
mod settings;
mod submit;
mod tail;
mod terminal;
mod types;
mod worker;
mod workers;
