//! Headers that make browsers careful, and the web client's files.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tower_http::services::{ServeDir, ServeFile};

use super::{csp, state::AppState};

/// The web client at `/`: its files, and its page for every other path, which the page itself understands.
pub(super) fn web_client(state: &AppState) -> Router<AppState> {
    match &state.options.client_dir {
        Some(dir) => {
            let page = ServeFile::new(dir.join("index.html"));
            // A file that is missing is missing: the page in its place would be cached as if it were the file.
            let assets = ServeDir::new(dir.join("assets"));
            Router::new().nest_service("/assets", assets).fallback_service(
                ServeDir::new(dir)
                    .append_index_html_on_directories(true)
                    .fallback(page),
            )
        }
        None => Router::new().fallback(|| async { super::problem::Problem::no_such_route() }),
    }
}

/// Answers of the API are for the one who asked, now.
pub(super) async fn no_store(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What every answer says.
pub(super) async fn security(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let policy = if path == "/docs" || path.starts_with("/docs/") {
        csp::DOCS.to_owned()
    } else if path == "/api" || path.starts_with("/api/") {
        csp::DATA.to_owned()
    } else {
        let options = &state.options;
        csp::web_client(
            &state.verifier.origins(),
            options.chat_endpoint.as_ref(),
            &options.region,
        )
    };
    // Names of built files change with their content; the page itself must be asked for.
    let is_asset = path.starts_with("/assets/");
    let mut response = next.run(request).await;
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ];
    let found = response.status().is_success();
    let headers = response.headers_mut();
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    if state
        .options
        .public_url
        .as_ref()
        .is_some_and(|url| url.scheme() == "https")
    {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    let caching = if is_asset && found {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static(caching));
    response
}
