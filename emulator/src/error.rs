//! The errors of both services: name, status, and the body that each service gives them.
//!
//! Which error an operation answers is decided in its module; what a rule's violation looks like is decided here.

use http::StatusCode;
use serde_json::{Value, json};

use crate::operation::Service;
use crate::validate::{Fault, Violation};

/// The errors of the two service models and of the front end before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The caller lacks a permission.
    AccessDenied,
    /// The channel has no live stream.
    ChannelNotBroadcasting,
    /// The change would leave things inconsistent.
    Conflict,
    /// Something unexpected.
    InternalServer,
    /// AWS still verifies the account.
    PendingVerification,
    /// No such resource.
    ResourceNotFound,
    /// A quota would be exceeded.
    ServiceQuotaExceeded,
    /// Too many calls.
    Throttling,
    /// The input is invalid.
    Validation,
    /// `Authorization` is absent or not in AWS's form.
    IncompleteSignature,
    /// The body is too large.
    RequestEntityTooLarge,
    /// The request could not be read.
    MalformedHttpRequest,
    /// There is no such operation.
    UnknownOperation,
}

impl ErrorKind {
    /// The name that SDKs branch on.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "AccessDeniedException",
            Self::ChannelNotBroadcasting => "ChannelNotBroadcasting",
            Self::Conflict => "ConflictException",
            Self::InternalServer => "InternalServerException",
            Self::PendingVerification => "PendingVerification",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::ServiceQuotaExceeded => "ServiceQuotaExceededException",
            Self::Throttling => "ThrottlingException",
            Self::Validation => "ValidationException",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::MalformedHttpRequest => "MalformedHttpRequestException",
            Self::UnknownOperation => "UnknownOperationException",
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::AccessDenied | Self::PendingVerification | Self::IncompleteSignature => {
                StatusCode::FORBIDDEN
            }
            Self::ChannelNotBroadcasting | Self::ResourceNotFound | Self::UnknownOperation => {
                StatusCode::NOT_FOUND
            }
            Self::Conflict => StatusCode::CONFLICT,
            Self::InternalServer => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceQuotaExceeded => StatusCode::PAYMENT_REQUIRED,
            Self::Throttling => StatusCode::TOO_MANY_REQUESTS,
            Self::Validation | Self::MalformedHttpRequest => StatusCode::BAD_REQUEST,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

/// An error answer.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// Which.
    pub kind: ErrorKind,
    /// For people.
    pub message: String,
    /// ARN of the resource concerned. Chat errors carry its id.
    pub resource: String,
    /// The quota that was exceeded. Chat errors carry it.
    pub limit: u64,
    /// What is wrong with which member.
    pub violations: Vec<Violation>,
}

impl ApiError {
    /// An error without further members.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            resource: String::new(),
            limit: 0,
            violations: Vec::new(),
        }
    }

    /// 404, there is no such resource.
    pub fn not_found(arn: &str) -> Self {
        Self::new(ErrorKind::ResourceNotFound, format!("Resource: {arn} not found")).about(arn)
    }

    /// 404, the channel is offline.
    pub fn not_broadcasting(arn: &str) -> Self {
        Self::new(
            ErrorKind::ChannelNotBroadcasting,
            format!("Channel: {arn} is not currently online"),
        )
        .about(arn)
    }

    /// 409.
    pub fn conflict(arn: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message).about(arn)
    }

    /// 402.
    pub fn quota(arn: &str, limit: u64, message: impl Into<String>) -> Self {
        Self {
            limit,
            ..Self::new(ErrorKind::ServiceQuotaExceeded, message).about(arn)
        }
    }

    /// 429.
    pub fn throttled(service: Service, operation: &str, limit: u64) -> Self {
        let message = format!(
            "Operation: {}:{operation} exceeded call rate: {limit}",
            service.name()
        );
        Self {
            limit,
            ..Self::new(ErrorKind::Throttling, message)
        }
    }

    /// 403, the account is being verified; AWS's own words.
    pub fn pending_verification() -> Self {
        Self::new(
            ErrorKind::PendingVerification,
            "Your account is pending verification. Until the verification process is complete, you may not be \
             able to carry out requests with this account. If you have questions, contact AWS Support.",
        )
    }

    /// 403, no permission; AWS's own words.
    pub fn access_denied(principal: &str, service: Service, operation: &str, resource: &str) -> Self {
        let service = service.name();
        Self::new(
            ErrorKind::AccessDenied,
            format!(
                "User: {principal} is not authorized to perform: {service}:{operation} on resource: {resource}"
            ),
        )
        .about(resource)
    }

    /// 400, for these reasons.
    pub fn invalid(operation: &str, violations: Vec<Violation>) -> Self {
        let message = violations
            .iter()
            .map(|violation| match violation.fault {
                Fault::Missing => format!("{operation}.{} {}", violation.path, violation.message),
                _ => format!("{} {}", violation.path, violation.message),
            })
            .collect::<Vec<_>>()
            .join("; ");
        Self {
            violations,
            ..Self::new(ErrorKind::Validation, message)
        }
    }

    /// 400, for one reason about one member.
    pub fn invalid_member(path: &str, message: impl Into<String>) -> Self {
        Self::invalid("", vec![Violation::combination(path, message)])
    }

    fn about(mut self, arn: &str) -> Self {
        arn.clone_into(&mut self.resource);
        self
    }

    /// The body as `service` writes it; before the service is known, one that the SDKs of both can read.
    pub fn body(&self, service: Option<Service>) -> Value {
        match service {
            Some(Service::Chat) => self.chat_body(),
            Some(Service::Ivs) | None => json!({
                "__type": self.kind.name(),
                "message": self.message,
                "exceptionMessage": self.message,
            }),
        }
    }

    fn chat_body(&self) -> Value {
        let mut body = json!({"__type": self.kind.name(), "message": self.message});
        let mut set = |name: &str, value: Value| body[name] = value;
        match self.kind {
            ErrorKind::Conflict | ErrorKind::ResourceNotFound => {
                set("resourceId", self.resource_id().into());
                set("resourceType", "ROOM".into());
            }
            ErrorKind::ServiceQuotaExceeded | ErrorKind::Throttling => {
                set("resourceId", self.resource_id().into());
                set("resourceType", "ROOM".into());
                set("limit", self.limit.into());
            }
            ErrorKind::Validation => {
                set("message", self.chat_validation_message().into());
                set(
                    "reason",
                    if self.violations.is_empty() {
                        "OTHER"
                    } else {
                        "FIELD_VALIDATION_FAILED"
                    }
                    .into(),
                );
                let fields: Vec<Value> = self
                    .violations
                    .iter()
                    .map(|violation| json!({"name": violation.path, "message": violation.message}))
                    .collect();
                set("fieldList", fields.into());
            }
            _ => {}
        }
        body
    }

    /// AWS answers a malformed room ARN with an empty message (seen); the reason is in `fieldList` all the same.
    fn chat_validation_message(&self) -> String {
        match self.violations.as_slice() {
            [] => self.message.clone(),
            [only] if only.path == "identifier" && only.fault == Fault::Pattern => String::new(),
            [only] => format!("1 validation error: {} {}", only.path, only.message),
            more => format!("{} validation errors", more.len()),
        }
    }

    /// The last part of the ARN; `0` where there is no resource, since the member is required and not empty.
    fn resource_id(&self) -> &str {
        self.resource
            .rsplit('/')
            .next()
            .filter(|id| !id.is_empty() && *id != "*")
            .unwrap_or("0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ivs_errors_have_both_messages() {
        let body = ApiError::not_found("arn:aws:ivs:eu-west-1:1:channel/A").body(Some(Service::Ivs));
        assert_eq!(body["__type"], "ResourceNotFoundException");
        assert_eq!(body["message"], body["exceptionMessage"]);
    }

    #[test]
    fn chat_errors_have_their_required_members() {
        let arn = "arn:aws:ivschat:eu-west-1:1:room/Ab12";
        let not_found = ApiError::not_found(arn).body(Some(Service::Chat));
        assert_eq!(
            (&not_found["resourceId"], &not_found["resourceType"]),
            (&json!("Ab12"), &json!("ROOM"))
        );
        let throttled = ApiError::throttled(Service::Chat, "CreateRoom", 5).body(Some(Service::Chat));
        assert_eq!(
            (&throttled["limit"], &throttled["resourceId"]),
            (&json!(5), &json!("0"))
        );
        let invalid = ApiError::invalid_member("attributes", "too large").body(Some(Service::Chat));
        assert_eq!(invalid["reason"], "FIELD_VALIDATION_FAILED");
        assert_eq!(
            invalid["fieldList"],
            json!([{"name": "attributes", "message": "too large"}])
        );
    }

    #[test]
    fn a_missing_member_is_named_as_aws_names_it() {
        let violation = Violation {
            path: "channelArn".to_owned(),
            fault: Fault::Missing,
            message: "is a required attribute".to_owned(),
        };
        let error = ApiError::invalid("PutMetadata", vec![violation]);
        assert_eq!(error.message, "PutMetadata.channelArn is a required attribute");
    }
}
