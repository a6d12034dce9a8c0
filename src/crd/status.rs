//! What the controller reports: `LiveStream.status`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was last seen and done. Written by the operator only.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LiveStreamStatus {
    /// Generation of the spec that this status speaks of; -1 until the operator has seen the object.
    #[serde(default)]
    pub observed_generation: i64,

    /// Region of channel and room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// The Amazon IVS channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelStatus>,

    /// The IVS Chat room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatStatus>,

    /// Where an encoder sends the stream. The stream key itself is in the Secret only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ingest: Option<IngestStatus>,

    /// The stream as AWS sees it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamStatus>,

    /// `Ready`, `Reconciling` and `Stalled` say whether the stream can be used; `ChannelSynced`, `ChatSynced`,
    /// `StreamKeyPublished` and `Registered` say it part by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// What of the spec's optional settings is in force in AWS, so that a setting taken out of the spec is taken
    /// back there, and one that others made there is left alone.
    #[serde(default, skip_serializing_if = "AppliedStatus::is_empty")]
    pub applied: AppliedStatus,

    /// Digest of the registry record as last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<String>,

    /// Value of annotation `ivs-operator.dev/reconcile-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,

    /// Value of annotation `ivs-operator.dev/rotate-stream-key` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_rotation: Option<String>,
}

/// The Amazon IVS channel.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ChannelStatus {
    /// ARN of the channel.
    pub arn: String,
    /// URL at which the stream is played; answers 404 while it is offline.
    pub playback_url: String,
    /// Host to which an encoder connects.
    pub ingest_endpoint: String,
}

/// The IVS Chat room.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ChatStatus {
    /// ARN of the room.
    pub arn: String,
    /// Id of the room.
    pub id: String,
    /// When AWS says that the room was last changed; while it stands still the room needs no closer look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_time: Option<String>,
}

/// Where an encoder sends the stream.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IngestStatus {
    /// Server URL for an encoder, for example OBS.
    pub server: String,
    /// Secret with the stream key; absent until it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_name: Option<String>,
    /// ARN of the stream key in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_key_arn: Option<String>,
}

/// The stream as AWS sees it now.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StreamStatus {
    /// `LIVE` or `OFFLINE`.
    pub state: String,
    /// `HEALTHY`, `STARVING` or `UNKNOWN`; only while live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// Viewers now; only while live. Refreshed at most once a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewers: Option<i64>,
    /// When the viewer count was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewers_at: Option<Time>,
    /// When the stream went live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// AWS's id of this broadcast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Optional settings that are in force in AWS because the spec asked for them.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AppliedStatus {
    /// Optional members of the channel.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel: Vec<String>,
    /// Optional members of the room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chat: Vec<String>,
    /// Keys of the tags of `spec.tags`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl AppliedStatus {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
