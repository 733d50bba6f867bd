//! The routes below `/tasks`.

pub(super) mod batch;
pub(super) mod count;
pub(super) mod edit;
pub(super) mod explain;
pub(super) mod get;
pub(super) mod items;
pub(super) mod list;
pub(super) mod operate;
mod submission;
pub(super) mod submit;
