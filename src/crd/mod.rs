//! The `LiveStream` resource: its types, admission rules and conditions, and the names that everything else
//! shares (annotations, finalizer, tags). No IO and no decision lives here.
//!
//! The doc comments in [`spec`] and [`status`] are what `kubectl explain livestream` prints.

mod conditions;
pub mod limits;
pub mod spec;
pub mod status;

pub use conditions::{ConditionType, Conditions, Reason};
pub use spec::{LiveStream, LiveStreamSpec};
pub use status::LiveStreamStatus;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSON};
use kube::CustomResourceExt;

/// API group of the resource, and prefix of every annotation, tag and finalizer of the operator.
pub const GROUP: &str = "ivs-operator.dev";
/// Served and stored version.
pub const VERSION: &str = "v1alpha1";
/// Keeps a `LiveStream` until everything made for it is gone.
pub const FINALIZER: &str = "ivs-operator.dev/cleanup";
/// Field manager of every write to Kubernetes.
pub const FIELD_MANAGER: &str = "ivs-operator";

/// Annotations that a user sets or that the operator writes on a `LiveStream`.
pub mod annotations {
    /// `"true"`: nothing is created, changed or repaired; deletion still works.
    pub const PAUSED: &str = "ivs-operator.dev/paused";
    /// Any new value asks for one reconciliation now; echoed in `status.lastHandledReconcileAt`.
    pub const RECONCILE_AT: &str = "ivs-operator.dev/reconcile-at";
    /// Any new value replaces the stream key; waits for the end of a running stream.
    pub const ROTATE_STREAM_KEY: &str = "ivs-operator.dev/rotate-stream-key";
    /// `"true"` beside [`ROTATE_STREAM_KEY`]: replace the key even while live.
    pub const FORCE: &str = "ivs-operator.dev/force";
    /// Written by the operator before it creates anything in AWS: what, under which name, when.
    pub const CREATION_INTENT: &str = "ivs-operator.dev/creation-intent";
    /// Written by the operator on its Secret: ARN of the stream key inside.
    pub const STREAM_KEY_ARN: &str = "ivs-operator.dev/stream-key-arn";
    /// Written by the operator on its Secret: digest of the data, by which an edit by hand is noticed.
    pub const DIGEST: &str = "ivs-operator.dev/digest";
}

/// Keys of the tags by which a channel or room is known to be ours, and whose.
pub mod tags {
    /// Id of the cluster.
    pub const CLUSTER: &str = "ivs-operator.dev/cluster";
    /// Namespace of the `LiveStream`.
    pub const NAMESPACE: &str = "ivs-operator.dev/namespace";
    /// Name of the `LiveStream`.
    pub const NAME: &str = "ivs-operator.dev/name";
    /// UID of the `LiveStream`.
    pub const UID: &str = "ivs-operator.dev/uid";
}

/// The definition as it is installed in a cluster.
///
/// A new object's status starts as `observedGeneration: -1`, so that no tool takes an object for healthy that no
/// controller has looked at yet; the derive cannot say this.
#[must_use]
pub fn definition() -> CustomResourceDefinition {
    let mut crd = LiveStream::crd();
    for version in &mut crd.spec.versions {
        let status = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|root| root.properties.as_mut())
            .and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            status.default = Some(JSON(serde_json::json!({"observedGeneration": -1})));
        }
    }
    crd
}
