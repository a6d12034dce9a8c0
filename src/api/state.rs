//! What handlers share.

use std::{ops::Deref, sync::Arc};

use prometheus_client::registry::Registry;
use tokio::sync::Semaphore;

use super::{
    ApiOptions, StartError, csp, limits::CONCURRENCY, metrics::ApiMetrics, oidc::Verifier, streams::Streams,
};
use crate::aws::Aws;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct AppState(Arc<Shared>);

pub(super) struct Shared {
    pub(super) options: ApiOptions,
    pub(super) aws: Aws,
    pub(super) streams: Arc<Streams>,
    pub(super) verifier: Verifier,
    pub(super) metrics: ApiMetrics,
    pub(super) registry: Registry,
    /// One for each request that is worked on.
    pub(super) slots: Semaphore,
}

impl Deref for AppState {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AppState {
    pub(super) fn new(
        options: ApiOptions,
        aws: Aws,
        streams: Arc<Streams>,
        mut registry: Registry,
    ) -> Result<Self, StartError> {
        if let Some(dir) = options
            .client_dir
            .as_ref()
            .filter(|dir| !dir.join("index.html").is_file())
        {
            return Err(StartError::ClientDir(dir.clone()));
        }
        let verifier = Verifier::new(
            &options.oidc_issuers,
            options.oidc_audiences.clone(),
            options.oidc_client_id.clone(),
            options.oidc_groups_claim.clone(),
        )?;
        let metrics = ApiMetrics::register(&mut registry);
        Ok(Self(Arc::new(Shared {
            options,
            aws,
            streams,
            verifier,
            metrics,
            registry,
            slots: Semaphore::new(CONCURRENCY),
        })))
    }
}

impl Shared {
    /// WebSocket endpoint of the chat of a region.
    pub(super) fn chat_endpoint(&self, region: &str) -> String {
        match &self.options.chat_endpoint {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => csp::chat_endpoint(region),
        }
    }
}
