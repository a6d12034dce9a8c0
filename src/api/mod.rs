//! READ THIS FIRST: the HTTP API. [`router`] is the list of routes; each route's handler is a file of its own and reads
//! from top to bottom: who asks ([`authn`]), which stream ([`streams`], a watch cache), may they ([`authz`], pure), one
//! call, answer. No Kubernetes call and no AWS read is made for a request.

mod authn;
pub mod authz;
mod chat_token;
mod config;
mod csp;
mod cursor;
mod docs;
mod extract;
mod headers;
mod limits;
mod metrics;
mod oidc;
mod ops;
mod options;
mod problem;
mod state;
mod stream_detail;
mod stream_list;
mod stream_view;
mod streams;
mod telemetry;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use options::ApiOptions;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{Method, StatusCode, header},
    middleware,
};
use kube::Client;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tower_http::{cors::CorsLayer, timeout::TimeoutLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{problem::Problem, state::AppState, streams::Streams};
use crate::aws::{Aws, AwsMetrics};

/// Largest request body in bytes: a title, a description and lists of people fit many times.
const BODY_LIMIT: usize = 64 * 1024;
/// Longest that a request may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Longest that running requests have to end; a little less than the 30 s that Kubernetes gives a Pod.
const DRAIN: Duration = Duration::from_secs(20);

/// Why the API could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An issuer cannot be used.
    #[error("--oidc-issuer {0}")]
    Issuer(#[from] oidc::IssuerError),
    /// The client's folder has no page.
    #[error("--client-dir {0}: no index.html in it; build the web client, or leave the flag out")]
    ClientDir(std::path::PathBuf),
    /// The address is taken.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
    /// The server has failed.
    #[error("the server has failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// Runs the API until `shutdown`; then lets running requests end.
///
/// # Errors
/// [`StartError`], before anything is served.
pub async fn run(
    options: ApiOptions,
    client: Client,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let mut registry = prometheus_client::registry::Registry::default();
    let aws = Aws::connect(&options.region, AwsMetrics::register(&mut registry)).await;
    let streams = Arc::new(Streams::of(&options.watch_namespaces));
    let listen = options.listen;
    let state = AppState::new(options, aws, Arc::clone(&streams), registry)?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| StartError::Listen(listen, error))?;
    let mut background = JoinSet::new();
    background.spawn(streams::watch(client, streams));
    let warming = state.clone();
    background.spawn(async move { warming.verifier.warm().await });
    tracing::info!(%listen, "API serves");
    let served = serve(listener, state, shutdown, DRAIN).await;
    background.abort_all();
    tracing::info!("API has stopped");
    served
}

/// Serves on a listener until `shutdown`; then running requests have `drain` to end. A connection that is in the middle
/// of a request which never becomes whole would hold up the end for ever.
async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
    drain: Duration,
) -> Result<(), StartError> {
    let stopping = CancellationToken::new();
    let stop = stopping.clone();
    let serving = axum::serve(listener, router(state)).with_graceful_shutdown(async move {
        shutdown.await;
        stop.cancel();
    });
    let overdue = async {
        stopping.cancelled().await;
        tokio::time::sleep(drain).await;
    };
    tokio::select! {
        served = serving => served?,
        () = overdue => tracing::warn!("some connections did not end in time and are cut off"),
    }
    Ok(())
}

/// All routes.
fn router(state: AppState) -> Router {
    let (api, openapi) = OpenApiRouter::with_openapi(docs::openapi())
        // Whoever may view.
        .routes(routes!(stream_list::list_streams))
        .routes(routes!(stream_detail::get_stream))
        .routes(routes!(chat_token::create_chat_token))
        // Anyone.
        .routes(routes!(config::get_config))
        .split_for_parts();
    let nothing = || axum::routing::any(|| async { Problem::no_such_route() });
    let api = api
        .route("/api", nothing())
        .route("/api/", nothing())
        .route("/api/{*rest}", nothing());
    Router::new()
        .merge(bounded(api, &state, TIMEOUT))
        .merge(ops::routes())
        .merge(docs::routes(openapi))
        .merge(headers::web_client(&state))
        .layer(middleware::from_fn(problem::refusals))
        .layer(middleware::from_fn_with_state(state.clone(), headers::security))
        .layer(middleware::from_fn_with_state(state.clone(), telemetry::observe))
        .with_state(state)
}

/// What holds for every route under `/api`, the innermost first: a refusal by one layer has to pass those after it, so
/// that another origin's page can read also why it was not served.
fn bounded(api: Router<AppState>, state: &AppState, timeout: Duration) -> Router<AppState> {
    api.layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(state.clone(), limits::admit))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            timeout,
        ))
        .layer(middleware::from_fn(problem::refusals))
        .layer(cors(state))
        .layer(middleware::from_fn(headers::no_store))
}

/// Which other origins' pages may call: none unless configured.
fn cors(state: &AppState) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(state.options.cors_origins.clone())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([
            header::RETRY_AFTER,
            header::HeaderName::from_static("x-request-id"),
        ])
}
