//! The pure rules of Dutiful.
