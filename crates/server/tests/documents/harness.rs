//! What the conformance suite stands on, shared with it: engines, throw-away databases, SQL past the product.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the conformance suite uses the rest"
)]

#[path = "../../../dutiful/tests/conformance/harness/database.rs"]
pub(crate) mod database;
#[path = "../../../dutiful/tests/conformance/harness/emptied.rs"]
pub(crate) mod emptied;
#[path = "../../../dutiful/tests/conformance/harness/engine.rs"]
pub(crate) mod engine;
#[path = "../../../dutiful/tests/conformance/harness/raw.rs"]
pub(crate) mod raw;
#[path = "../../../dutiful/tests/conformance/harness/script.rs"]
pub(crate) mod script;
#[path = "../../../dutiful/tests/conformance/harness/session.rs"]
pub(crate) mod session;
#[path = "../../../dutiful/tests/conformance/harness/trial.rs"]
pub(crate) mod trial;
#[path = "../../../dutiful/tests/conformance/harness/wait.rs"]
pub(crate) mod wait;
