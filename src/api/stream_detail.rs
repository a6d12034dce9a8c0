//! `GET /api/streams/{namespace}/{name}`.

use axum::{
    Json,
    extract::{Path, State},
};

use super::{
    authz::{Caller, Wanted, grant},
    problem::Problem,
    state::AppState,
    stream_view::Stream,
};

/// Look at a stream
#[utoipa::path(
    get,
    path = "/api/streams/{namespace}/{name}",
    params(
        ("namespace" = String, Path, description = "Namespace of the stream"),
        ("name" = String, Path, description = "Name of the stream"),
    ),
    responses(
        (status = 200, description = "The stream", body = Stream),
        (status = 401, description = "User not authenticated", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such stream, or not for this user", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The sign-in does not answer, or too many requests", body = Problem, content_type = "application/problem+json"),
    ),
    security((), ("bearer" = []))
)]
pub(super) async fn get_stream(
    State(state): State<AppState>,
    caller: Caller,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<Stream>, Problem> {
    let stream = state.streams.by_name(&namespace, &name);
    let granted = grant(
        &caller,
        stream.as_deref().map(|stream| &stream.spec),
        Wanted::View,
    )
    .map_err(|_| Problem::no_such_stream())?;
    let stream = stream.ok_or_else(Problem::no_such_stream)?;
    Ok(Json(Stream::new(&stream, granted.role, &state)))
}
