//! `/healthz`, `/readyz`, `/metrics`.

use axum::{
    Extension, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::encoding::text::encode;

use super::{problem::Refused, state::AppState};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(state): State<AppState>) -> Response {
    match state.streams.awaited() {
        None => "ok\n".into_response(),
        Some(awaited) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Extension(Refused("not-ready")),
            format!("{awaited}\n"),
        )
            .into_response(),
    }
}

async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, StatusCode> {
    let mut text = String::new();
    encode(&mut text, &state.registry).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let type_ = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, type_)], text))
}
