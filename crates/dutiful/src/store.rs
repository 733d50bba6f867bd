//! What Dutiful does to its tables: one verb a file, its SQL in three dialects side by side.
//!
//! A verb says what it promises and what it does on conflict. It applies what `dutiful_core` has
//! decided and decides nothing itself. Which driver runs a statement is `db`'s business.

pub(crate) mod adopt;
pub(crate) mod ahead;
pub(crate) mod attempts;
pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod changes;
pub(crate) mod claim;
pub(crate) mod delete;
pub(crate) mod documents;
pub(crate) mod edit;
pub(crate) mod facts;
pub(crate) mod figures;
pub(crate) mod find_again;
pub(crate) mod get;
pub(crate) mod holds;
pub(crate) mod janitor;
pub(crate) mod joins;
pub(crate) mod levels;
pub(crate) mod list;
pub(crate) mod lock_order;
pub(crate) mod logs;
pub(crate) mod lost;
mod merge;
pub(crate) mod migrations;
pub(crate) mod moves;
pub(crate) mod notes;
pub(crate) mod notify;
pub(crate) mod operate;
pub(crate) mod pauses;
pub(crate) mod payloads;
pub(crate) mod periodic;
pub(crate) mod periodic_list;
pub(crate) mod plain;
pub(crate) mod poll;
pub(crate) mod previews;
pub(crate) mod renew;
pub(crate) mod requests;
pub(crate) mod retry;
pub(crate) mod sample;
pub(crate) mod server_report;
pub(crate) mod session;
pub(crate) mod settle;
mod shorten;
pub(crate) mod span;
pub(crate) mod stats;
pub(crate) mod steps;
pub(crate) mod submit;
pub(crate) mod take_over;
pub(crate) mod task_row;
pub(crate) mod task_types;
pub(crate) mod tokens;
pub(crate) mod unfinished;
pub(crate) mod worker_list;
pub(crate) mod workers;

pub(crate) use session::Session;
