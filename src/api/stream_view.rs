//! What a caller sees of a stream.

use kube::ResourceExt;
use serde::Serialize;
use utoipa::ToSchema;

use super::{authz::Role, state::AppState};
use crate::crd::{ConditionType, Conditions, LiveStream};

/// A stream, as the caller may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stream {
    /// Namespace.
    pub(super) namespace: String,
    /// Name.
    pub(super) name: String,
    /// Title; the name where the stream has none.
    pub(super) title: String,
    /// Longer text.
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// AWS region.
    region: String,
    /// Whether channel, room and key are as they should be.
    ready: bool,
    /// Whether it is on the air.
    pub(super) state: State,
    /// `HEALTHY`, `STARVING` or `UNKNOWN`, while live.
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<String>,
    /// Viewers, while live; up to a minute old.
    #[serde(skip_serializing_if = "Option::is_none")]
    viewers: Option<i64>,
    /// When it went live, ISO 8601.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    /// Where to play it.
    #[serde(skip_serializing_if = "Option::is_none")]
    playback_url: Option<String>,
    /// ARN of its chat room, for `POST /api/chat/token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_room_arn: Option<String>,
    /// WebSocket endpoint of its chat.
    chat_endpoint: String,
    /// Who may play it.
    playback: Playback,
    /// Its chat.
    chat: Chat,
    /// What the caller is to it.
    role: Role,
}

/// Whether a stream is on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum State {
    /// On the air.
    Live,
    /// Not on the air.
    Offline,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
struct Playback {
    /// `Public`, or `Private`: needs a playback token.
    access: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Chat {
    /// Whether there is one.
    enabled: bool,
    /// Whether guests may read.
    anonymous_read: bool,
    /// Longest message in characters.
    maximum_message_length: i32,
}

/// Region of a stream.
pub(super) fn region<'a>(stream: &'a LiveStream, default: &'a str) -> &'a str {
    let status = stream.status.as_ref().and_then(|status| status.region.as_deref());
    status.or(stream.spec.region.as_deref()).unwrap_or(default)
}

/// Whether it is on the air.
pub(super) fn state(stream: &LiveStream) -> State {
    let status = stream.status.as_ref().and_then(|status| status.stream.as_ref());
    if status.is_some_and(|stream| stream.state == "LIVE") {
        State::Live
    } else {
        State::Offline
    }
}

impl Stream {
    pub(super) fn new(stream: &LiveStream, role: Role, app: &AppState) -> Self {
        let status = stream.status.clone().unwrap_or_default();
        let live = status.stream.filter(|stream| stream.state == "LIVE");
        let region = region(stream, &app.options.region).to_owned();
        let spec = &stream.spec;
        Self {
            namespace: stream.namespace().unwrap_or_default(),
            name: stream.name_any(),
            title: spec.title.clone().unwrap_or_else(|| stream.name_any()),
            description: spec.description.clone(),
            ready: Conditions::new(status.conditions).is_true(ConditionType::Ready),
            state: if live.is_some() {
                State::Live
            } else {
                State::Offline
            },
            health: live.as_ref().and_then(|live| live.health.clone()),
            viewers: live.as_ref().and_then(|live| live.viewers),
            started_at: live.and_then(|live| live.started_at).map(|at| at.0.to_string()),
            playback_url: status.channel.map(|channel| channel.playback_url),
            chat_room_arn: status.chat.map(|chat| chat.arn),
            chat_endpoint: app.chat_endpoint(&region),
            region,
            playback: Playback {
                access: match spec.playback.access {
                    crate::crd::spec::PlaybackAccess::Public => "Public",
                    crate::crd::spec::PlaybackAccess::Private => "Private",
                },
            },
            chat: Chat {
                enabled: spec.chat.enabled,
                anonymous_read: spec.chat.anonymous_read,
                maximum_message_length: spec.chat.maximum_message_length,
            },
            role,
        }
    }
}
