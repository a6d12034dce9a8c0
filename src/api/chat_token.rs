//! `POST /api/chat/token`: who asks, for which stream, may they, mint, answer.

use std::{collections::HashMap, sync::Arc};

use axum::extract::State;
use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    authz::{Caller, Capability, Denied, Grant, Wanted, grant},
    extract::Json,
    problem::Problem,
    state::AppState,
    stream_view,
};
use crate::{
    aws::{AwsError, ChatTokenRequest, ErrorKind, Turn},
    crd::{ConditionType, Conditions, LiveStream},
};

/// Which stream's chat: by the ARN of its room, or by namespace and name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ChatTokenRequest)]
pub(super) struct Request {
    /// ARN of the chat room, as a stream's `chatRoomArn` says it.
    #[schema(example = "arn:aws:ivschat:us-east-1:123456789012:room/AbCdEf123456")]
    room_identifier: Option<String>,
    /// Namespace of the stream.
    namespace: Option<String>,
    /// Name of the stream.
    name: Option<String>,
}

/// A chat token, with the fields and times of AWS's own answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChatToken)]
pub(super) struct Answer {
    /// The token: good for one connection.
    token: String,
    /// When the chat session ends, ISO 8601.
    session_expiration_time: String,
    /// Until when a connection has to be begun, ISO 8601; about a minute.
    token_expiration_time: String,
}

/// Make a chat token
///
/// Owners and moderators may write, delete messages and disconnect users; signed-in viewers may write; guests may only
/// read, and only where the stream's `chat.anonymousRead` allows it.
#[utoipa::path(
    post,
    path = "/api/chat/token",
    request_body = Request,
    responses(
        (status = 200, description = "A token for one connection", body = Answer),
        (status = 400, description = "The body is not as it must be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "User not authenticated", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such stream, or not for this user", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The stream has no chat, or not yet", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body has more than 64 KiB", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "AWS does not answer or allows no more just now", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn create_chat_token(
    State(state): State<AppState>,
    // Taken as results, so that a refused sign-in or body is counted too.
    caller: Result<Caller, Problem>,
    request: Result<Json<Request>, Problem>,
) -> Result<axum::Json<Answer>, Problem> {
    let result = async { mint(&state, &caller?, request?.0).await }.await;
    if let Err(problem) = &result {
        state.metrics.refused(problem.slug());
    }
    result.map(axum::Json)
}

async fn mint(state: &AppState, caller: &Caller, request: Request) -> Result<Answer, Problem> {
    let stream = find(state, &request)?;
    let granted =
        grant(caller, stream.as_deref().map(|stream| &stream.spec), Wanted::Chat).map_err(denied)?;
    let stream = stream.ok_or_else(Problem::no_such_stream)?;
    let room = room(&stream)?;
    let region = state
        .aws
        .region(stream_view::region(&stream, &state.options.region));
    let turn = Turn::namespace(stream.namespace().unwrap_or_default());
    let token = region
        .create_chat_token(&turn, token_request(caller, granted, &stream, room))
        .await
        .map_err(|error| unavailable(&error))?;
    state.metrics.minted(granted.role.as_str());
    Ok(Answer {
        token: token.token.expose().to_owned(),
        session_expiration_time: token.session_expiration_time,
        token_expiration_time: token.token_expiration_time,
    })
}

/// A room's ARN is only a key into our own cache.
fn find(state: &AppState, request: &Request) -> Result<Option<Arc<LiveStream>>, Problem> {
    match (&request.room_identifier, &request.namespace, &request.name) {
        (Some(arn), None, None) => Ok(state.streams.by_room(arn)),
        (None, Some(namespace), Some(name)) => Ok(state.streams.by_name(namespace, name)),
        _ => Err(Problem::bad_request(
            "give either roomIdentifier, or namespace and name",
        )),
    }
}

fn denied(denied: Denied) -> Problem {
    match denied {
        Denied::SignIn => Problem::not_authenticated(),
        Denied::Hidden => Problem::no_such_stream(),
    }
}

fn room(stream: &LiveStream) -> Result<String, Problem> {
    if !stream.spec.chat.enabled {
        return Err(Problem::chat_disabled());
    }
    let status = stream.status.as_ref();
    if let Some(chat) = status.and_then(|status| status.chat.as_ref()) {
        return Ok(chat.arn.clone());
    }
    // The conditions' own words are for those who run the stream: they name accounts, roles and quotas.
    let conditions = status.map(|status| status.conditions.clone()).unwrap_or_default();
    Err(Problem::not_ready(
        if Conditions::new(conditions).is_true(ConditionType::Stalled) {
            "the stream's chat room cannot be made at present; the conditions of its LiveStream say why"
        } else {
            "the stream's chat room is still being made: try again shortly"
        },
    ))
}

/// A user is known by the verified subject and shown by name; a guest is a stranger each time.
fn token_request(caller: &Caller, granted: Grant, stream: &LiveStream, room: String) -> ChatTokenRequest {
    let mut attributes = HashMap::from([("role".to_owned(), granted.role.as_str().to_owned())]);
    let user_id = match caller {
        Caller::User(user) => {
            let name = user
                .display_name
                .clone()
                .unwrap_or_else(|| user.subject.chars().take(64).collect());
            attributes.insert("displayName".to_owned(), name);
            user.subject.clone()
        }
        Caller::Guest => format!("guest-{:032x}", rand::random::<u128>()),
    };
    let capability = |capability: &Capability| match capability {
        Capability::SendMessage => "SEND_MESSAGE",
        Capability::DeleteMessage => "DELETE_MESSAGE",
        Capability::DisconnectUser => "DISCONNECT_USER",
    };
    ChatTokenRequest {
        room,
        user_id,
        capabilities: granted.capabilities.iter().map(capability).collect(),
        session_minutes: stream.spec.chat.session_duration_minutes,
        attributes,
    }
}

fn unavailable(error: &AwsError) -> Problem {
    tracing::warn!(%error, "could not mint a chat token");
    match error.kind {
        ErrorKind::NotFound => {
            Problem::not_ready("the stream's chat room is being made again: try again shortly")
        }
        ErrorKind::Throttled => {
            Problem::unavailable("too many are joining just now: try again in a moment", 1)
        }
        _ => Problem::unavailable("the chat service does not answer: try again shortly", 5),
    }
}
