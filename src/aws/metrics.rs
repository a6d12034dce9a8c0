//! Prometheus metrics of the calls to AWS.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use super::AwsError;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

/// Counts calls by operation and result, and how long they waited for their turn.
#[derive(Clone, Debug, Default)]
pub struct AwsMetrics {
    calls: Family<CallLabels, Counter>,
    wait: Family<OperationLabel, Counter<f64, std::sync::atomic::AtomicU64>>,
}

impl AwsMetrics {
    /// Makes the metrics and registers them.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "ivs_operator_aws_calls",
            "Calls to AWS by operation and result",
            metrics.calls.clone(),
        );
        registry.register(
            "ivs_operator_aws_limiter_wait_seconds",
            "Seconds that calls waited for their turn under the account's quota",
            metrics.wait.clone(),
        );
        metrics
    }

    pub(crate) fn called(&self, operation: &'static str, error: Option<&AwsError>) {
        let result = error.map_or("ok", |error| error.kind.label());
        self.calls.get_or_create(&CallLabels { operation, result }).inc();
    }

    pub(crate) fn waited(&self, operation: &'static str, waited: Duration) {
        self.wait
            .get_or_create(&OperationLabel { operation })
            .inc_by(waited.as_secs_f64());
    }
}
