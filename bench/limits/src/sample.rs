//! The rows that are inserted: the payloads of `dutiful bench`, and keys in random order.

/// The task name of every row.
pub(crate) const NAME: &str = "bench";

/// A payload as `dutiful bench` submits it; its result is the same.
pub(crate) fn payload(number: usize) -> String {
    format!("{{\"number\":{number}}}")
}

/// A key that is as spread as a payload's hash: what costs in a unique index is the random order.
pub(crate) fn key(number: usize) -> Vec<u8> {
    let low = mix(number as u64);
    let high = mix(low);
    [low.to_be_bytes(), high.to_be_bytes()].concat()
}

/// A step of the generator splitmix64.
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
