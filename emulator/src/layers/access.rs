//! Whether the caller may use an operation at all: the deny list and an account that AWS still verifies.
//!
//! There is no IAM here: who the caller is only decides what the message says.

use crate::error::ApiError;
use crate::operation::{Operation, Service};
use crate::settings::{AccountStatus, Settings};

/// Who calls, about what.
pub struct Subject<'a> {
    /// Account of the caller.
    pub account: &'a str,
    /// Access key of the signature.
    pub access_key: &'a str,
    /// Region of the signature.
    pub region: &'a str,
    /// The main ARN of the request, if it has one.
    pub arn: Option<&'a str>,
}

/// Refuses what the settings refuse.
pub fn check(settings: &Settings, operation: &Operation, subject: &Subject<'_>) -> Result<(), ApiError> {
    if settings
        .deny_operations
        .iter()
        .any(|denied| names(denied, operation.service, operation.name))
    {
        return Err(denied(operation, subject));
    }
    if settings.account_status == AccountStatus::PendingVerification && operation.needs_verification {
        return Err(ApiError::pending_verification());
    }
    Ok(())
}

/// AWS's refusal.
pub fn denied(operation: &Operation, subject: &Subject<'_>) -> ApiError {
    let Subject {
        account,
        access_key,
        region,
        arn,
    } = subject;
    let service = operation.service;
    let principal = format!("arn:aws:iam::{account}:user/{access_key}");
    let all = format!("arn:aws:{}:{region}:{account}:*", service.name());
    ApiError::access_denied(&principal, service, operation.name, arn.unwrap_or(&all))
}

/// Whether `pattern` names the operation: `Name`, `service:Name`, `service:Begin*`, `*`.
pub fn names(pattern: &str, service: Service, operation: &str) -> bool {
    let name = match pattern.split_once(':') {
        Some((of, name)) if of == service.name() => name,
        Some(_) => return false,
        None => pattern,
    };
    match name.strip_suffix('*') {
        Some(begin) => operation.starts_with(begin),
        None => operation == name,
    }
}

/// Whether `pattern` can name anything in AWS: a misspelt name would silently do nothing.
pub fn is_known(pattern: &str) -> bool {
    crate::operation::all_names().any(|(service, name)| names(pattern, service, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, service, operation, expected) in [
            ("CreateChannel", Service::Ivs, "CreateChannel", true),
            ("CreateChannel", Service::Ivs, "CreateChannelX", false),
            ("ivs:CreateChannel", Service::Ivs, "CreateChannel", true),
            ("ivschat:TagResource", Service::Ivs, "TagResource", false),
            ("TagResource", Service::Chat, "TagResource", true),
            ("ivs:Create*", Service::Ivs, "CreateStreamKey", true),
            ("ivs:*", Service::Chat, "CreateRoom", false),
            ("*", Service::Chat, "CreateRoom", true),
        ] {
            assert_eq!(
                names(pattern, service, operation),
                expected,
                "{pattern} {operation}"
            );
        }
        assert!(is_known("PutMetadata") && is_known("ivs:Get*"));
        assert!(!is_known("CreateChanel") && !is_known("s3:*"));
    }
}
