//! One error for all of AWS: which operation, what kind, and AWS's own words.

use aws_sdk_ivs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// What an error means for the caller. The kinds follow AWS's error names, not the status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The resource does not exist.
    NotFound,
    /// The channel has no live stream.
    NotBroadcasting,
    /// Refused in the present state: live, or referenced.
    Conflict,
    /// Too many calls.
    Throttled,
    /// A quota of the account is used up.
    QuotaExceeded,
    /// The caller lacks the permission.
    AccessDenied,
    /// AWS is still verifying the account.
    PendingVerification,
    /// The request is not valid.
    Validation,
    /// No usable credentials, or AWS does not know them.
    Credentials,
    /// No answer, or an error on AWS's side.
    Unavailable,
    /// Not sent: the right to it was lost while it waited for its turn.
    Withdrawn,
}

impl ErrorKind {
    /// The kind as a metric label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotBroadcasting => "not_broadcasting",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::QuotaExceeded => "quota_exceeded",
            Self::AccessDenied => "access_denied",
            Self::PendingVerification => "pending_verification",
            Self::Validation => "validation",
            Self::Credentials => "credentials",
            Self::Unavailable => "unavailable",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// An error of a call to AWS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct AwsError {
    /// Operation, for example `CreateChannel`.
    pub operation: &'static str,
    /// What it means.
    pub kind: ErrorKind,
    /// AWS's error name, or how the call failed.
    pub code: String,
    /// AWS's message; may be empty.
    pub message: String,
    /// Whether it is certain that the call changed nothing: AWS refused it, or it was never sent.
    pub refused: bool,
}

impl AwsError {
    pub(super) fn withdrawn(operation: &'static str) -> Self {
        Self {
            operation,
            kind: ErrorKind::Withdrawn,
            code: "Withdrawn".into(),
            message: "the right to the call was lost while it waited for its turn".into(),
            refused: true,
        }
    }

    pub(crate) fn from_sdk<E>(operation: &'static str, error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let body = error
            .raw_response()
            .and_then(|response| response.body().bytes())
            .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
        match error {
            SdkError::ServiceError(context) => {
                let service = context.err();
                let code = service.code().unwrap_or("UnknownError").to_owned();
                // IVS words its errors in `exceptionMessage`, which the SDK's generic accessor does not read.
                let message = service
                    .message()
                    .map(ToOwned::to_owned)
                    .or_else(|| Some(body?.get("exceptionMessage")?.as_str()?.to_owned()))
                    .unwrap_or_default();
                let status = status.unwrap_or(500);
                Self {
                    operation,
                    kind: kind(&code, status),
                    code,
                    message,
                    refused: (400..500).contains(&status),
                }
            }
            SdkError::ConstructionFailure(_) => Self {
                operation,
                kind: ErrorKind::Validation,
                code: "InvalidRequest".into(),
                message: DisplayErrorContext(&error).to_string(),
                refused: true,
            },
            other => {
                let message = DisplayErrorContext(&other).to_string();
                // Signing fails before anything is sent.
                let credentials = message.contains("redential");
                Self {
                    operation,
                    kind: if credentials {
                        ErrorKind::Credentials
                    } else {
                        ErrorKind::Unavailable
                    },
                    code: match other {
                        _ if credentials => "CredentialsNotLoaded",
                        SdkError::TimeoutError(_) => "Timeout",
                        SdkError::ResponseError(_) => "InvalidResponse",
                        _ => "ConnectionFailed",
                    }
                    .into(),
                    message: summary(&message),
                    refused: credentials,
                }
            }
        }
    }
}

/// The chain of causes without the SDK's debug dump, which follows in brackets.
fn summary(message: &str) -> String {
    message
        .split(" (")
        .next()
        .unwrap_or(message)
        .chars()
        .take(300)
        .collect()
}

fn kind(code: &str, status: u16) -> ErrorKind {
    match code {
        "ChannelNotBroadcasting" => ErrorKind::NotBroadcasting,
        "ResourceNotFoundException" => ErrorKind::NotFound,
        "ConflictException" => ErrorKind::Conflict,
        "ThrottlingException" | "TooManyRequestsException" | "ProvisionedThroughputExceededException" => {
            ErrorKind::Throttled
        }
        "ServiceQuotaExceededException" => ErrorKind::QuotaExceeded,
        "PendingVerification" => ErrorKind::PendingVerification,
        "AccessDeniedException" | "NotAuthorized" | "OptInRequired" => ErrorKind::AccessDenied,
        "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "IncompleteSignature"
        | "InvalidSignatureException" => ErrorKind::Credentials,
        "ValidationException" | "ValidationError" => ErrorKind::Validation,
        _ => match status {
            402 => ErrorKind::QuotaExceeded,
            403 => ErrorKind::AccessDenied,
            404 => ErrorKind::NotFound,
            409 => ErrorKind::Conflict,
            429 => ErrorKind::Throttled,
            400..500 => ErrorKind::Validation,
            _ => ErrorKind::Unavailable,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_decide_before_status_codes() {
        for (code, status, expected) in [
            ("ChannelNotBroadcasting", 404, ErrorKind::NotBroadcasting),
            ("ResourceNotFoundException", 404, ErrorKind::NotFound),
            ("PendingVerification", 403, ErrorKind::PendingVerification),
            ("AccessDeniedException", 403, ErrorKind::AccessDenied),
            ("ExpiredTokenException", 403, ErrorKind::Credentials),
            ("ServiceQuotaExceededException", 402, ErrorKind::QuotaExceeded),
            ("ThrottlingException", 400, ErrorKind::Throttled),
            ("SomethingNew", 400, ErrorKind::Validation),
            ("SomethingNew", 503, ErrorKind::Unavailable),
        ] {
            assert_eq!(kind(code, status), expected, "{code} {status}");
        }
    }
}
