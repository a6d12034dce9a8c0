//! READ THIS FIRST: the HTTP API. [`router`] is the list of routes; each route's handler is a file of its own and reads
//! from top to bottom: who asks ([`authn`]), which stream ([`streams`], a watch cache), may they ([`authz`], pure), one
//! call, answer. No Kubernetes call and no AWS read is made for a request.

mod authn;
pub mod authz;
mod chat_token;
mod config;
mod cursor;
mod docs;
mod extract;
mod headers;
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
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::{cors::CorsLayer, timeout::TimeoutLayer};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{problem::Problem, state::AppState, streams::Streams};
use crate::aws::{Aws, AwsMetrics};

/// Largest request body in bytes: a title, a description and lists of people fit many times.
const BODY_LIMIT: usize = 64 * 1024;
/// Longest that a request may take.
const TIMEOUT: Duration = Duration::from_secs(15);

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
    let streams = Arc::new(Streams::default());
    let listen = options.listen;
    let state = AppState::new(options, aws, Arc::clone(&streams), registry)?;
    let watching = tokio::spawn(streams::watch(client, streams));
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| StartError::Listen(listen, error))?;
    tracing::info!(%listen, "API serves");
    let served = serve(listener, state, shutdown).await;
    watching.abort();
    tracing::info!("API has stopped");
    served
}

/// Serves on a listener until `shutdown`.
async fn serve(
    listener: TcpListener,
    state: AppState,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    axum::serve(listener, router(state))
        .with_graceful_shutdown(shutdown)
        .await?;
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
    let api = api
        .route(
            "/api/{*rest}",
            axum::routing::any(|| async { Problem::no_such_route() }),
        )
        .layer(middleware::from_fn(headers::no_store))
        .layer(cors(&state))
        .layer(middleware::from_fn(problem::refusals))
        .layer(
            ServiceBuilder::new()
                .layer(TimeoutLayer::with_status_code(
                    StatusCode::SERVICE_UNAVAILABLE,
                    TIMEOUT,
                ))
                .layer(DefaultBodyLimit::max(BODY_LIMIT)),
        );
    Router::new()
        .merge(api)
        .merge(ops::routes())
        .merge(docs::routes(openapi))
        .merge(headers::web_client(&state))
        .layer(middleware::from_fn_with_state(state.clone(), headers::security))
        .layer(middleware::from_fn_with_state(state.clone(), telemetry::observe))
        .with_state(state)
}

/// Which other origins' pages may call: none unless configured.
fn cors(state: &AppState) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(state.options.cors_origins.clone())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
}
