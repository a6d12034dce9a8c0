//! Headers that make browsers careful, and the web client's files.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use tower_http::services::{ServeDir, ServeFile};
use url::Url;

use super::state::{AppState, Shared};

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
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; \
         base-uri 'none'; frame-ancestors 'none'"
            .to_owned()
    } else if path.starts_with("/api/") {
        "default-src 'none'; frame-ancestors 'none'".to_owned()
    } else {
        content_security_policy(&state)
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

/// What the web client may load: itself, the sign-in, the chat, and IVS's playback hosts. The player needs WebAssembly
/// and workers from blobs.
fn content_security_policy(state: &Shared) -> String {
    let issuers: Vec<String> = state
        .options
        .oidc_issuers
        .iter()
        .filter_map(|issuer| origin(issuer))
        .collect();
    let issuers = issuers.join(" ");
    let (chat, playback) = match &state.options.chat_endpoint {
        // An emulator serves chat and video at one address.
        Some(url) => (
            url.as_str().trim_end_matches('/').to_owned(),
            format!(" {}", http_origin(url)),
        ),
        None => ("wss://*.amazonaws.com".to_owned(), String::new()),
    };
    let playback = format!("https://*.live-video.net{playback}");
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; worker-src 'self' blob:; media-src 'self' blob: {playback}; \
         connect-src 'self' {issuers} {chat} {playback}; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self' {issuers}"
    )
}

fn origin(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.origin().ascii_serialization())
}

/// The address of a WebSocket endpoint for plain requests.
fn http_origin(url: &Url) -> String {
    let url = url.as_str().replacen("ws", "http", 1);
    origin(&url).unwrap_or_default()
}
