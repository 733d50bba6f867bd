//! Documents, from their bytes to what a search sees: one verb or two a file.
//!
//! What readers see of a document is one generation. A new one grows beside it and takes its place in one
//! transaction; what nothing refers to any more is taken out afterwards, piece by piece.

pub(crate) mod add;
pub(crate) mod chunks;
pub(crate) mod contents;
pub(crate) mod find;
pub(crate) mod pages;
pub(crate) mod publish;
pub(crate) mod row;
pub(crate) mod sweep;
pub(crate) mod text;
pub(crate) mod vectors;
pub(crate) mod words;

/// How far a generation has come, as it is stored.
pub(crate) mod stage {
    /// Its bytes are there.
    pub(crate) const WAITING: &str = "waiting";
    /// Its pages are there.
    pub(crate) const TRANSCRIBED: &str = "transcribed";
    /// Its chunks are there.
    pub(crate) const CHUNKED: &str = "chunked";
    /// Readers see it.
    pub(crate) const LIVE: &str = "live";
    /// It cannot become anything.
    pub(crate) const FAILED: &str = "failed";
    /// A newer one has taken its place, or its document is gone.
    pub(crate) const REPLACED: &str = "replaced";
}
