//! Pages that are pictures: with a program in place of the recognizing one that does what a test
//! wants, and with the real parts where this machine has them.
#![allow(clippy::unwrap_used, missing_docs)]

mod damaged;
#[cfg(unix)]
mod failures;
mod limits;
#[cfg(unix)]
mod pages;
mod parts;
mod real;
#[cfg(unix)]
mod stand_in;
#[path = "../support/mod.rs"]
mod support;
