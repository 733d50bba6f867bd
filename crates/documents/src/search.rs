//! Finding what answers a question: exact search among vectors in memory, the engine's full-text search, and one list
//! of hits out of both.
//!
//! [`Searcher`] does it over stored documents; [`Matrix`] and [`reciprocal_rank_fusion`] are what it does it with, pure
//! functions on values. Not here: where vectors come from.

mod cache;
mod fusion;
mod matrix;
mod searcher;

pub use fusion::{Fused, reciprocal_rank_fusion};
pub use matrix::{Hit, Matrix, MatrixError};
pub use searcher::{Found, SearchError, Searcher};
