//! The tools of this workspace.
fn main() {}
