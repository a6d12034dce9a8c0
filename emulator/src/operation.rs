//! The table of operations: name, service, how it is reached, its call rate, and the request that implements it.
//!
//! What an operation does is in its family's module (`ivs`, `chat`, `tags`), how it is called over HTTP in
//! `http::control`, and what may befall a call besides its own rules in `layers`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::chat::{rooms, tokens};
use crate::error::{ApiError, ErrorKind};
use crate::ivs::{channels, stream_keys, streams};
use crate::state::{Ctx, Region};
use crate::tags;
use crate::validate::{Shaped, Violation, check};

/// The two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum Service {
    /// Amazon IVS, low-latency streaming.
    #[serde(rename = "ivs")]
    Ivs,
    /// Amazon IVS Chat.
    #[serde(rename = "ivschat")]
    Chat,
}

impl Service {
    /// The name in ARNs, credential scopes and IAM actions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ivs => "ivs",
            Self::Chat => "ivschat",
        }
    }

    /// The service that a credential scope names.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Ivs, Self::Chat]
            .into_iter()
            .find(|service| service.name() == name)
    }
}

/// A request type that is an operation.
pub trait Request: Shaped + DeserializeOwned + Send + 'static {
    /// Rules about several members at once, as far as they need no state.
    fn check(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Does it.
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError>;
}

/// A successful answer.
#[derive(Debug, Default)]
pub struct Reply {
    /// JSON, or nothing: then the status is 204.
    pub body: Option<Vec<u8>>,
    /// The ARN of what was created.
    pub created: Option<String>,
    /// What may be known about the chat token in the answer.
    pub minted: Option<tokens::Minted>,
}

impl Reply {
    /// 200 with a body.
    pub fn json(body: &impl Serialize) -> Result<Self, ApiError> {
        serde_json::to_vec(body)
            .map(|body| Self {
                body: Some(body),
                ..Self::default()
            })
            .map_err(|error| ApiError::new(ErrorKind::InternalServer, error.to_string()))
    }

    /// 200 with `{}`.
    pub fn empty_object() -> Self {
        Self {
            body: Some(b"{}".to_vec()),
            ..Self::default()
        }
    }

    /// 204.
    pub fn no_content() -> Self {
        Self::default()
    }

    /// Notes what was created.
    pub fn creating(self, arn: &str) -> Self {
        Self {
            created: Some(arn.to_owned()),
            ..self
        }
    }
}

/// A request that has passed validation and waits for the state.
pub type Prepared = Box<dyn FnOnce(&mut Region, &Ctx<'_>) -> Result<Reply, ApiError> + Send>;

/// One operation.
pub struct Operation {
    /// Its service.
    pub service: Service,
    /// Its name, which is also the last part of its IAM action.
    pub name: &'static str,
    /// Calls per second that an account has in a region.
    pub rate: u32,
    /// Whether it is refused while AWS verifies the account.
    pub needs_verification: bool,
    prepare: fn(&'static str, Map<String, Value>) -> Result<Prepared, ApiError>,
}

impl Operation {
    const fn new<R: Request>(service: Service, name: &'static str, rate: u32) -> Self {
        Self {
            service,
            name,
            rate,
            needs_verification: false,
            prepare: prepare::<R>,
        }
    }

    const fn verified<R: Request>(service: Service, name: &'static str, rate: u32) -> Self {
        Self {
            needs_verification: true,
            ..Self::new::<R>(service, name, rate)
        }
    }

    /// Validates a body.
    pub fn prepare(&self, body: Map<String, Value>) -> Result<Prepared, ApiError> {
        (self.prepare)(self.name, body)
    }

    /// Whether it changes anything.
    pub fn is_mutation(&self) -> bool {
        !["Get", "List", "BatchGet"]
            .iter()
            .any(|read| self.name.starts_with(read))
    }
}

fn prepare<R: Request>(name: &'static str, mut body: Map<String, Value>) -> Result<Prepared, ApiError> {
    body.retain(|_, value| !value.is_null());
    let violations = check(R::FIELDS, &body);
    if !violations.is_empty() {
        return Err(ApiError::invalid(name, violations));
    }
    let request: R = serde_json::from_value(Value::Object(body))
        .map_err(|error| ApiError::new(ErrorKind::Validation, error.to_string()))?;
    let violations = request.check();
    if !violations.is_empty() {
        return Err(ApiError::invalid(name, violations));
    }
    Ok(Box::new(move |region, ctx| request.apply(region, ctx)))
}

use Service::{Chat, Ivs};

/// Everything this version does.
pub static OPERATIONS: &[Operation] = &[
    Operation::verified::<channels::CreateChannel>(Ivs, "CreateChannel", 5),
    Operation::new::<channels::GetChannel>(Ivs, "GetChannel", 5),
    Operation::new::<channels::BatchGetChannel>(Ivs, "BatchGetChannel", 5),
    Operation::new::<channels::ListChannels>(Ivs, "ListChannels", 5),
    Operation::verified::<channels::UpdateChannel>(Ivs, "UpdateChannel", 5),
    Operation::verified::<channels::DeleteChannel>(Ivs, "DeleteChannel", 5),
    Operation::verified::<stream_keys::CreateStreamKey>(Ivs, "CreateStreamKey", 5),
    Operation::new::<stream_keys::GetStreamKey>(Ivs, "GetStreamKey", 5),
    Operation::new::<stream_keys::BatchGetStreamKey>(Ivs, "BatchGetStreamKey", 5),
    Operation::new::<stream_keys::ListStreamKeys>(Ivs, "ListStreamKeys", 5),
    Operation::verified::<stream_keys::DeleteStreamKey>(Ivs, "DeleteStreamKey", 5),
    Operation::new::<streams::GetStream>(Ivs, "GetStream", 5),
    Operation::new::<streams::ListStreams>(Ivs, "ListStreams", 5),
    Operation::new::<streams::StopStream>(Ivs, "StopStream", 5),
    Operation::new::<tags::ivs::ListTagsForResource>(Ivs, "ListTagsForResource", 10),
    Operation::new::<tags::ivs::TagResource>(Ivs, "TagResource", 10),
    Operation::new::<tags::ivs::UntagResource>(Ivs, "UntagResource", 10),
    Operation::verified::<rooms::CreateRoom>(Chat, "CreateRoom", 5),
    Operation::new::<rooms::GetRoom>(Chat, "GetRoom", 5),
    Operation::new::<rooms::ListRooms>(Chat, "ListRooms", 5),
    Operation::verified::<rooms::UpdateRoom>(Chat, "UpdateRoom", 5),
    Operation::verified::<rooms::DeleteRoom>(Chat, "DeleteRoom", 5),
    Operation::verified::<tokens::CreateChatToken>(Chat, "CreateChatToken", 200),
    Operation::new::<tags::chat::ListTagsForResource>(Chat, "ListTagsForResource", 10),
    Operation::new::<tags::chat::TagResource>(Chat, "TagResource", 10),
    Operation::new::<tags::chat::UntagResource>(Chat, "UntagResource", 10),
];

/// What AWS has and this version does not have yet.
const LATER: &[(Service, &[&str])] = &[
    (
        Ivs,
        &[
            "BatchStartViewerSessionRevocation",
            "CreateAdConfiguration",
            "CreateFailoverSlateConfiguration",
            "CreatePlaybackRestrictionPolicy",
            "CreateRecordingConfiguration",
            "DeleteAdConfiguration",
            "DeleteFailoverSlateConfiguration",
            "DeletePlaybackKeyPair",
            "DeletePlaybackRestrictionPolicy",
            "DeleteRecordingConfiguration",
            "GetAdConfiguration",
            "GetFailoverSlateConfiguration",
            "GetPlaybackKeyPair",
            "GetPlaybackRestrictionPolicy",
            "GetRecordingConfiguration",
            "GetStreamSession",
            "ImportPlaybackKeyPair",
            "InsertAdBreak",
            "ListAdConfigurations",
            "ListFailoverSlateConfigurations",
            "ListPlaybackKeyPairs",
            "ListPlaybackRestrictionPolicies",
            "ListRecordingConfigurations",
            "ListStreamSessions",
            "PutMetadata",
            "StartViewerSessionRevocation",
            "UpdateAdConfiguration",
            "UpdateFailoverSlateConfiguration",
            "UpdatePlaybackRestrictionPolicy",
        ],
    ),
    (
        Chat,
        &[
            "CreateLoggingConfiguration",
            "DeleteLoggingConfiguration",
            "DeleteMessage",
            "DisconnectUser",
            "GetLoggingConfiguration",
            "ListLoggingConfigurations",
            "SendEvent",
            "UpdateLoggingConfiguration",
        ],
    ),
];

/// The names of all operations of AWS, of this version or not.
pub fn all_names() -> impl Iterator<Item = (Service, &'static str)> {
    let now = OPERATIONS
        .iter()
        .map(|operation| (operation.service, operation.name));
    now.chain(
        LATER
            .iter()
            .flat_map(|(service, names)| names.iter().map(move |name| (*service, *name))),
    )
}

/// Finds an operation of a service, or says why there is none.
pub fn find(service: Service, name: &str) -> Result<&'static Operation, ApiError> {
    OPERATIONS
        .iter()
        .find(|operation| operation.service == service && operation.name == name)
        .ok_or_else(|| {
            let later = LATER
                .iter()
                .any(|(of, names)| *of == service && names.contains(&name));
            ApiError::new(
                ErrorKind::UnknownOperation,
                if later {
                    format!(
                        "This version of ivs-emulator does not have {}:{name} yet",
                        service.name()
                    )
                } else {
                    format!("{} has no operation {name:?}", service.name())
                },
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn together_they_are_all_operations_of_the_models() {
        for (service, expected) in [(Ivs, 46), (Chat, 17)] {
            let now = OPERATIONS
                .iter()
                .filter(|operation| operation.service == service)
                .count();
            let later: usize = LATER
                .iter()
                .filter(|(of, _)| *of == service)
                .map(|(_, names)| names.len())
                .sum();
            assert_eq!(now + later, expected, "{service:?}");
        }
    }

    #[test]
    fn an_operation_belongs_to_one_service() {
        assert!(find(Ivs, "CreateChannel").is_ok());
        assert!(find(Chat, "CreateChannel").is_err());
        assert!(find(Ivs, "PutMetadata").err().unwrap().message.contains("yet"));
        assert_eq!(
            find(Ivs, "createchannel").err().unwrap().kind,
            ErrorKind::UnknownOperation
        );
    }

    #[test]
    fn reads_are_told_from_mutations() {
        for (name, mutation) in [
            ("GetStream", false),
            ("BatchGetChannel", false),
            ("StopStream", true),
        ] {
            assert_eq!(find(Ivs, name).unwrap().is_mutation(), mutation, "{name}");
        }
    }
}
