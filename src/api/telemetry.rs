//! One log line and one count a request. The caller appears as a hash, tokens not at all.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, Method},
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};

use super::{authn::Subject, problem::Refused, state::AppState};

pub(super) async fn observe(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let id = format!("{:016x}", rand::random::<u64>());
    // The template, not the path: it has no names in it, and there are only so many.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let method = match *request.method() {
        Method::GET
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::HEAD
        | Method::OPTIONS => request.method().to_string(),
        _ => "other".to_owned(),
    };
    let subject = Subject::default();
    request.extensions_mut().insert(subject.clone());
    let mut response = next.run(request).await;
    let duration = begin.elapsed();
    let status = response.status().as_u16();
    state
        .metrics
        .requested(&method, &route, status, duration.as_secs_f64());
    let refused = response.extensions().get::<Refused>().map(|refused| refused.0);
    let caller = subject
        .0
        .get()
        .map(|subject| crate::hex(&Sha256::digest(subject)[..4]));
    tracing::info!(
        id,
        method,
        route,
        status,
        refused,
        caller,
        duration_ms = duration.as_secs_f64() * 1000.0,
        "request"
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
