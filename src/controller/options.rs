//! Flags of `ivs-operator controller`; each can be given as an environment variable too.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, ValueEnum};

/// Where the registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RegistryKind {
    /// A DynamoDB table.
    Dynamodb,
    /// Nowhere.
    None,
}

/// Flags of the controller.
#[derive(Args, Clone, Debug)]
pub struct ControllerOptions {
    /// Region of LiveStreams that name none, and of the registry table.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1", value_parser = crate::region_name)]
    pub region: String,

    /// Id of this cluster in the tags of what is created in AWS, 1 to 63 of `[a-zA-Z0-9.-]`. Default: the UID of
    /// namespace kube-system. Two clusters that share an AWS account must not share an id.
    #[arg(long, env = "IVS_OPERATOR_CLUSTER_ID", value_parser = cluster_id)]
    pub cluster_id: Option<String>,

    /// Where streams are registered for applications outside the cluster.
    #[arg(long, env = "IVS_OPERATOR_REGISTRY", value_enum, default_value = "dynamodb")]
    pub registry: RegistryKind,

    /// Name of the DynamoDB table.
    #[arg(long, env = "IVS_OPERATOR_REGISTRY_TABLE", default_value = "ivs-operator")]
    pub registry_table: String,

    /// Create the table if it does not exist; for development.
    #[arg(long, env = "IVS_OPERATOR_REGISTRY_CREATE_TABLE")]
    pub registry_create_table: bool,

    /// Address of /healthz, /readyz and /metrics.
    #[arg(long, env = "IVS_OPERATOR_LISTEN", default_value = "0.0.0.0:8080")]
    pub listen: SocketAddr,

    /// How often all channels and rooms are listed, 1s to 1h. A change made in AWS by hand is put back within this time.
    #[arg(long, env = "IVS_OPERATOR_SWEEP_INTERVAL", default_value = "60s", value_parser = crate::duration)]
    pub sweep_interval: Duration,

    /// How often running streams are listed, 1s to 1h.
    #[arg(long, env = "IVS_OPERATOR_STREAM_INTERVAL", default_value = "5s", value_parser = crate::duration)]
    pub stream_interval: Duration,

    /// How often stream keys and the settings that lists lack are verified, 1s to 24h.
    #[arg(long, env = "IVS_OPERATOR_DEEP_INTERVAL", default_value = "15m", value_parser = crate::duration)]
    pub deep_interval: Duration,

    /// How often an object is looked at though nothing has happened, 1s to 24h.
    #[arg(long, env = "IVS_OPERATOR_RESYNC_INTERVAL", default_value = "10m", value_parser = crate::duration)]
    pub resync_interval: Duration,

    /// How long a create request without an answer is waited for before it is sent again, 1s to 1h. Must be longer
    /// than the call's own time-out (10 s) and the lag of AWS's lists together.
    #[arg(long, env = "IVS_OPERATOR_CREATION_GRACE", default_value = "45s", value_parser = crate::duration)]
    pub creation_grace: Duration,

    /// Whether several replicas elect one that writes.
    #[arg(long, env = "IVS_OPERATOR_LEADER_ELECT", default_value_t = true, action = clap::ArgAction::Set)]
    pub leader_elect: bool,

    /// Namespace of the Lease.
    #[arg(long, env = "POD_NAMESPACE", default_value = "ivs-system")]
    pub lease_namespace: String,

    /// Name of this replica in the Lease and in events; must differ between replicas.
    #[arg(long, env = "POD_NAME", default_value_t = default_identity())]
    pub identity: String,
}

fn default_identity() -> String {
    format!(
        "ivs-operator-{}-{:04x}",
        std::process::id(),
        rand::random::<u16>()
    )
}

fn cluster_id(value: &str) -> Result<String, String> {
    let valid = (1..=63).contains(&value.len())
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    if valid {
        Ok(value.to_owned())
    } else {
        Err("must be 1 to 63 of [a-zA-Z0-9.-]".to_owned())
    }
}
