//! ivs-operator turns a `LiveStream` into an Amazon IVS channel and an IVS Chat room and keeps them true.
//!
//! Read [`crd`] for what users write, [`controller`] for how it becomes true in AWS, [`aws`] for how AWS is spoken to,
//! and [`api`] for the tokens and the web client. Arrows go one way: `crd ← aws ← controller`, `crd ← aws ← api`;
//! controller and API never import each other.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod api;
pub mod aws;
pub mod controller;
pub mod crd;

use std::{fmt::Write, time::Duration};

/// Parses a duration flag: `500ms`, `30s`, `15m`, `24h`; from 1 s to 24 h unless the flag says otherwise.
///
/// # Errors
/// In words, for the command line.
pub fn duration(value: &str) -> Result<Duration, String> {
    let parsed: jiff::SignedDuration = value
        .parse()
        .map_err(|_| "must be a duration such as 30s, 15m or 1h".to_owned())?;
    let duration = Duration::try_from(parsed).map_err(|_| "must not be negative".to_owned())?;
    if (Duration::from_secs(1)..=Duration::from_hours(24)).contains(&duration) {
        Ok(duration)
    } else {
        Err("must be from 1s to 24h".to_owned())
    }
}

/// Parses the name of an AWS region.
///
/// # Errors
/// In words, for the command line.
pub fn region_name(value: &str) -> Result<String, String> {
    let parts: Vec<&str> = value.split('-').collect();
    let valid = parts.len() >= 3
        && parts.iter().all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        })
        && parts
            .last()
            .is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()));
    if valid {
        Ok(value.to_owned())
    } else {
        Err("must be an AWS region such as us-east-1".to_owned())
    }
}

/// Bytes in lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}
