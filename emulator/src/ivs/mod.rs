//! Amazon IVS, one module per family of resources: its types, its requests with their limits, what they do.
//!
//! Playback key pairs, restriction policies, recording, ads, slates, sessions and metadata are still to come; they
//! get a module each here and their lines in `operation::OPERATIONS`.

pub mod channel_config;
pub mod channels;
pub mod stream_keys;
pub mod streams;

use serde::Serialize;

use crate::error::ApiError;

/// A batch operation's word on one of its items.
#[derive(Debug, Serialize)]
pub struct BatchError {
    arn: String,
    code: String,
    message: String,
}

impl BatchError {
    /// The HTTP status as text is all that is known about `code` (A9).
    pub fn new(arn: &str, error: ApiError) -> Self {
        Self {
            arn: arn.to_owned(),
            code: error.kind.status().as_str().to_owned(),
            message: error.message,
        }
    }
}

/// Looks up each ARN once, in the order of the request (A9).
pub fn batch<T>(
    arns: &[String],
    mut find: impl FnMut(&str) -> Result<T, ApiError>,
) -> (Vec<T>, Vec<BatchError>) {
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for (index, arn) in arns.iter().enumerate() {
        if arns[..index].contains(arn) {
            continue;
        }
        match find(arn) {
            Ok(row) => found.push(row),
            Err(error) => errors.push(BatchError::new(arn, error)),
        }
    }
    (found, errors)
}
