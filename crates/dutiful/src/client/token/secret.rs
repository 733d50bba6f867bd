//! The secret of a token: how it is made, what it looks like, and what is kept of it.

use crate::store::tokens::Hash;
use crate::{Error, ErrorKind, Result};
use sha2::{Digest, Sha256};

/// What every secret begins with, so that programs that look for secrets in files know it.
const BEGINNING: &str = "dutiful_";
const RANDOM_BYTES: usize = 32;

/// A new secret: its beginning, and 256 random bits in hex.
pub(super) fn make() -> Result<String> {
    let mut bits = [0; RANDOM_BYTES];
    // The generator that keys of encrypted links come from; it asks the system.
    let random = rustls::crypto::ring::default_provider().secure_random;
    random.fill(&mut bits).map_err(|_| {
        Error::new(
            ErrorKind::Internal,
            "the system gave no random bits; no token was made",
        )
    })?;
    let hex = bits.iter().map(|byte| format!("{byte:02x}"));
    Ok(hex.fold(BEGINNING.to_owned(), |text, digits| text + &digits))
}

/// What is stored of a secret. Nobody finds 256 random bits by trying, so that a quick digest is enough.
pub(super) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret).into()
}

/// Whether a text could be a secret of ours. Anything else is no question to the database.
pub(super) fn is_one(text: &str) -> bool {
    text.strip_prefix(BEGINNING).is_some_and(|rest| {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        rest.len() == 2 * RANDOM_BYTES && rest.bytes().all(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_look_like_secrets() {
        let (one, other) = (make().unwrap(), make().unwrap());
        assert!(is_one(&one) && is_one(&other));
        assert_ne!(one, other);
        assert_ne!(hash(&one), hash(&other));
    }

    #[test]
    fn the_hash_is_the_sha256_of_the_whole_text() {
        let hex: String = hash("abc").iter().map(|b| format!("{b:02x}")).collect();
        assert!(hex.starts_with("ba7816bf8f01cfea"), "{hex}");
    }

    #[test]
    fn other_texts_are_no_secrets() {
        let digits = "0".repeat(64);
        assert!(is_one(&format!("dutiful_{digits}")));
        for text in [
            String::new(),
            digits.clone(),
            format!("dutiful_{digits}0"),
            format!("dutiful_{}", &digits[1..]),
            format!("dutiful_{}F", &digits[1..]),
            format!("Dutiful_{digits}"),
            format!("dutiful_{} ", &digits[1..]),
        ] {
            assert!(!is_one(&text), "{text}");
        }
    }
}
