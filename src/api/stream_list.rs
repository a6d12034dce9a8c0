//! `GET /api/streams`: those that the caller may see, live first.

use std::sync::Arc;

use axum::{Json, extract::State};
use kube::ResourceExt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    authz::{Caller, Role, Wanted, grant},
    cursor::Cursor,
    extract::Query,
    problem::Problem,
    state::AppState,
    stream_view::{self, State as StreamState, Stream},
};
use crate::crd::LiveStream;

/// Entries of a page unless asked otherwise, and at most.
const PAGE: (usize, usize) = (50, 100);
/// Characters of a search.
const SEARCH_LIMIT: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// Entries of a page, 1 to 100; 50 unless given.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
    /// Only those in this state.
    state: Option<StreamState>,
    /// Only those whose title, name or description contains this text, in any case; at most 200 characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// `me`: only those that the caller owns.
    owner: Option<Owner>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Owner {
    /// The caller.
    Me,
}

/// A page of streams.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = StreamPage)]
pub(super) struct Page {
    /// Live ones first, then by namespace and name.
    items: Vec<Stream>,
    /// `cursor` of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List streams
#[utoipa::path(
    get,
    path = "/api/streams",
    params(Parameters),
    responses(
        (status = 200, description = "A page of streams", body = Page),
        (status = 400, description = "A parameter is not as it must be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "User not authenticated", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The sign-in does not answer, or too many requests", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn list_streams(
    State(state): State<AppState>,
    caller: Caller,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Page>, Problem> {
    let limit = parameters.limit.unwrap_or(PAGE.0);
    if !(1..=PAGE.1).contains(&limit) {
        return Err(Problem::bad_request("limit must be 1 to 100"));
    }
    if parameters
        .q
        .as_ref()
        .is_some_and(|q| q.chars().count() > SEARCH_LIMIT)
    {
        return Err(Problem::bad_request("q must have at most 200 characters"));
    }
    let after = parameters
        .cursor
        .as_deref()
        .map(|cursor| {
            Cursor::decode(cursor)
                .ok_or_else(|| Problem::bad_request("cursor must be a nextCursor of this list"))
        })
        .transpose()?;
    let mut visible: Vec<(Cursor, Role, Arc<LiveStream>)> = state
        .streams
        .all()
        .into_iter()
        .filter_map(|stream| {
            let role = grant(&caller, Some(&stream.spec), Wanted::View).ok()?.role;
            Some((position(&stream), role, stream))
        })
        .filter(|(at, role, stream)| {
            after.as_ref().is_none_or(|after| at > after)
                && parameters
                    .state
                    .is_none_or(|wanted| stream_view::state(stream) == wanted)
                && parameters.owner.is_none_or(|Owner::Me| *role == Role::Owner)
                && parameters.q.as_deref().is_none_or(|q| mentions(stream, q))
        })
        .collect();
    visible.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    let next_cursor = (visible.len() > limit).then(|| visible[limit - 1].0.encode());
    visible.truncate(limit);
    let items = visible
        .iter()
        .map(|(_, role, stream)| Stream::new(stream, *role, &state))
        .collect();
    Ok(Json(Page { items, next_cursor }))
}

fn position(stream: &LiveStream) -> Cursor {
    Cursor {
        offline: stream_view::state(stream) == StreamState::Offline,
        namespace: stream.namespace().unwrap_or_default(),
        name: stream.name_any(),
    }
}

fn mentions(stream: &LiveStream, text: &str) -> bool {
    let text = text.to_lowercase();
    let name = stream.name_any();
    [
        Some(name.as_str()),
        stream.spec.title.as_deref(),
        stream.spec.description.as_deref(),
    ]
    .into_iter()
    .flatten()
    .any(|field| field.to_lowercase().contains(&text))
}
