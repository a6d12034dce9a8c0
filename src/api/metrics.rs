//! Prometheus metrics of the API.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RoleLabel {
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// The API's own metrics.
#[derive(Clone, Debug)]
pub(super) struct ApiMetrics {
    requests: Family<RequestLabels, Counter>,
    duration: Histogram,
    minted: Family<RoleLabel, Counter>,
    refused: Family<ReasonLabel, Counter>,
}

impl ApiMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            requests: Family::default(),
            duration: Histogram::new(exponential_buckets(0.000_25, 2.0, 16)),
            minted: Family::default(),
            refused: Family::default(),
        };
        registry.register(
            "ivs_operator_api_requests",
            "Requests by route and status",
            metrics.requests.clone(),
        );
        registry.register(
            "ivs_operator_api_request_duration_seconds",
            "Duration of requests",
            metrics.duration.clone(),
        );
        registry.register(
            "ivs_operator_api_chat_tokens",
            "Chat tokens minted, by role",
            metrics.minted.clone(),
        );
        registry.register(
            "ivs_operator_api_chat_token_refusals",
            "Chat tokens refused, by reason",
            metrics.refused.clone(),
        );
        metrics
    }

    pub(super) fn requested(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let labels = RequestLabels {
            method: method.to_owned(),
            route: route.to_owned(),
            status,
        };
        self.requests.get_or_create(&labels).inc();
        self.duration.observe(seconds);
    }

    pub(super) fn minted(&self, role: &'static str) {
        self.minted.get_or_create(&RoleLabel { role }).inc();
    }

    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabel { reason }).inc();
    }
}
