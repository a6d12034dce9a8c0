//! `/healthz`, `/readyz`, `/metrics`.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::encoding::text::encode;

use super::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    if state.streams.is_ready() {
        (StatusCode::OK, "ok\n")
    } else {
        let awaited = "waiting for the first list of LiveStreams: is the CustomResourceDefinition \
                       livestreams.ivs-operator.dev installed, and may this ServiceAccount list them?\n";
        (StatusCode::SERVICE_UNAVAILABLE, awaited)
    }
}

async fn metrics(State(state): State<AppState>) -> Result<impl IntoResponse, StatusCode> {
    let mut text = String::new();
    encode(&mut text, &state.registry).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let type_ = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, type_)], text))
}
