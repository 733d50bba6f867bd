//! Embedding by a provider through a proxy that fails on purpose, and by a model on this machine.
//!
//! What needs a library, a model or a server that no variable names is left out, loudly; see CONTRIBUTING.md.
#![allow(clippy::unwrap_used, missing_docs)]

#[cfg(feature = "onnx")]
mod local;
#[cfg(any(feature = "onnx", feature = "remote"))]
mod parts;
#[cfg(feature = "remote")]
mod provider;
#[cfg(feature = "remote")]
mod remote;
mod search;

/// The dot product, which is the cosine of vectors of length 1.
#[cfg(any(feature = "onnx", feature = "remote"))]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
