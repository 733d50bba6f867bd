//! Bulk operations: what is asked for, how far they are, and the handler that carries them out.
//!
//! An operation is a task like any other, so that leases, retries, fences and retention hold for it too. What
//! lives here: its payload, its progress, its handler. Asking for one is `client::bulk`, a batch of it is
//! `store::bulk`.

mod action;
mod handler;
mod payload;
mod progress;

pub use action::BulkAction;
pub use handler::BulkOperations;
pub(crate) use payload::NAME;
pub use payload::OperationPayload;
pub use progress::OperationCounts;
pub(crate) use progress::Progress;
