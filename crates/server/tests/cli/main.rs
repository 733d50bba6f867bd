//! The binary as a user meets it: a process, its output and its exit code.
#![allow(clippy::unwrap_used, missing_docs)]

mod bench;
mod change;
mod demo;
mod describe;
mod doctor;
mod look;
mod migrate;
mod operate;
mod output;
mod periodic;
mod place;
mod remote;
mod run_now;
mod settings;
mod submit;
mod tail;
mod terminal;
mod worker;
mod workers;
