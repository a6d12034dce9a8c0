//! Prometheus metrics of the controller.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConditionLabels {
    condition: &'static str,
    status: &'static str,
}

/// The controller's own metrics.
#[derive(Clone, Debug, Default)]
pub struct ControllerMetrics {
    reconciles: Family<Outcome, Counter>,
    objects: Family<ConditionLabels, Gauge>,
    /// Objects that pause after a failure.
    pub backing_off: Gauge,
    /// Running streams.
    pub live: Gauge,
    /// Channels and rooms that are ours and belong to no object.
    pub orphans: Gauge,
    /// Objects that do not parse.
    pub unparsable: Gauge,
    /// Whether this replica leads.
    pub leading: Gauge,
}

impl ControllerMetrics {
    /// Makes the metrics and registers them.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register(
            "ivs_operator_reconciles",
            "Reconciliations by outcome: unchanged, changed, waiting, failed, stalled, paused",
            metrics.reconciles.clone(),
        );
        registry.register(
            "ivs_operator_livestreams",
            "LiveStreams by condition and status",
            metrics.objects.clone(),
        );
        for (name, help, gauge) in [
            (
                "ivs_operator_backing_off",
                "LiveStreams that pause after a failure",
                &metrics.backing_off,
            ),
            ("ivs_operator_live_streams", "Running streams", &metrics.live),
            (
                "ivs_operator_orphans",
                "Channels and rooms with this cluster's tags and no LiveStream",
                &metrics.orphans,
            ),
            (
                "ivs_operator_unparsable",
                "LiveStreams that cannot be parsed",
                &metrics.unparsable,
            ),
            (
                "ivs_operator_leading",
                "1 if this replica leads",
                &metrics.leading,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        metrics
    }

    /// Counts a reconciliation.
    pub fn reconciled(&self, outcome: &'static str) {
        self.reconciles.get_or_create(&Outcome { outcome }).inc();
    }

    /// Sets the number of objects with a condition.
    pub fn objects(&self, condition: &'static str, status: &'static str, count: usize) {
        let labels = ConditionLabels { condition, status };
        self.objects
            .get_or_create(&labels)
            .set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
