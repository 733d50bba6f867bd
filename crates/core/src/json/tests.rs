//! Tests of the canonical form and of the strict reader.
