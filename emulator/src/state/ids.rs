//! Names that the service makes up: resource ids, stream ids, secrets, host prefixes.
//!
//! They come from the operating system, never from `--seed`: two runs must not name different things alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngExt as _;
use sha2::{Digest, Sha256};

const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `length` random characters `[A-Za-z0-9]`.
pub fn alphanumeric(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .map(|_| char::from(ALPHANUMERIC[rng.random_range(0..ALPHANUMERIC.len())]))
        .collect()
}

/// Id of one live stream.
pub fn stream_id() -> String {
    format!("st-{}", alphanumeric(23))
}

/// A chat token: opaque, two base64url parts, usable as a WebSocket subprotocol (A40).
pub fn chat_token() -> String {
    let mut rng = rand::rng();
    let (head, tail): ([u8; 24], [u8; 48]) = (rng.random(), rng.random());
    format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head),
        URL_SAFE_NO_PAD.encode(tail)
    )
}

/// The twelve hexadecimal digits in the host names of an account's channels in a region.
pub fn host_prefix(account: &str, region: &str) -> String {
    let digest = Sha256::digest(format!("{account}/{region}"));
    digest
        .iter()
        .take(6)
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(stream_id().len(), 26);
        assert_eq!(host_prefix("123456789012", "eu-west-1").len(), 12);
        assert_ne!(
            host_prefix("123456789012", "eu-west-1"),
            host_prefix("123456789012", "us-east-1")
        );
        let token = chat_token();
        assert_eq!(token.matches('.').count(), 1);
        assert!(
            token
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
            "{token}"
        );
    }
}
