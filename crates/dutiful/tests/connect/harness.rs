//! What the conformance suite stands on, shared with it: engines, throw-away databases, SQL past the product.

#![allow(dead_code, reason = "the conformance suite uses the rest")]

#[path = "../conformance/harness/database.rs"]
pub(crate) mod database;
#[path = "../conformance/harness/emptied.rs"]
pub(crate) mod emptied;
#[path = "../conformance/harness/engine.rs"]
pub(crate) mod engine;
#[path = "../conformance/harness/raw.rs"]
pub(crate) mod raw;
#[path = "../conformance/harness/trial.rs"]
pub(crate) mod trial;
