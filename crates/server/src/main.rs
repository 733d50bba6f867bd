//! The binary `dutiful`.
fn main() {}
