//! What the cases stand on: engines, throw-away databases, handlers that a test holds in its hand.

pub(crate) mod database;
pub(crate) mod documents;
pub(crate) mod door;
pub(crate) mod emptied;
pub(crate) mod engine;
pub(crate) mod life;
pub(crate) mod meter;
pub(crate) mod proxy;
pub(crate) mod raw;
pub(crate) mod script;
pub(crate) mod session;
pub(crate) mod trial;
pub(crate) mod wait;

pub(crate) use database::TestDb;
pub(crate) use script::{Gate, Script, Started, gated, stubborn};
pub(crate) use wait::{until, within};
