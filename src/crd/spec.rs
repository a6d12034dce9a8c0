//! What a user writes: `LiveStream.spec`.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{limits, status::LiveStreamStatus};

/// A live stream: an Amazon IVS channel, an IVS Chat room, the stream key as a Secret, and a registry record, kept
/// true until the object is deleted and removed with it.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[kube(
    group = "ivs-operator.dev",
    version = "v1alpha1",
    kind = "LiveStream",
    namespaced,
    status = "LiveStreamStatus",
    shortname = "lst",
    category = "ivs",
    derive = "PartialEq",
    doc = "A live stream: an Amazon IVS channel, an IVS Chat room, the stream key as a Secret, and a registry record, kept true until the object is deleted and removed with it.",
    validation = Rule::new("self.metadata.name.size() <= 63").message("metadata.name must have at most 63 characters: the Secret and the AWS resources are named after it"),
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.stream.state"),
    printcolumn(name = "Health", type_ = "string", json_path = ".status.stream.health"),
    printcolumn(name = "Viewers", type_ = "integer", json_path = ".status.stream.viewers"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Region", type_ = "string", priority = 1, json_path = ".status.region"),
    printcolumn(name = "Playback URL", type_ = "string", priority = 1, json_path = ".status.channel.playbackUrl"),
    printcolumn(name = "Reason", type_ = "string", priority = 1, json_path = ".status.conditions[?(@.type=='Ready')].reason")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.region) == has(oldSelf.region) && (!has(self.region) || self.region == oldSelf.region)")
        .message("region cannot be changed: a channel stays in the region where it was created. Create a new LiveStream in the other region and delete this one"),
    validation = Rule::new("has(self.__import__) == has(oldSelf.__import__)")
        .message("import cannot be changed after creation: it names what this LiveStream took over. Create a new LiveStream to import something else"),
    validation = Rule::new("!has(self.__import__) || !has(self.__import__.roomArn) || self.chat.enabled")
        .message("import.roomArn needs chat.enabled: true"),
    validation = Rule::new("!has(self.region) || !has(self.__import__) || !has(self.__import__.channelArn) || self.__import__.channelArn.split(':')[3] == self.region")
        .message("import.channelArn must be in spec.region: write the region that stands in the ARN"),
    validation = Rule::new("!has(self.region) || !has(self.__import__) || !has(self.__import__.roomArn) || self.__import__.roomArn.split(':')[3] == self.region")
        .message("import.roomArn must be in spec.region: write the region that stands in the ARN")
)]
pub struct LiveStreamSpec {
    /// Title that viewers see. At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::TITLE))]
    pub title: Option<String>,

    /// Longer text that viewers see. At most 2000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::DESCRIPTION))]
    pub description: Option<String>,

    /// AWS region of channel and room, for example `us-east-1`. Default: the operator's own region. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^[a-z]{2}(-[a-z]+)+-[0-9]+$"))]
    pub region: Option<String>,

    /// Settings of the Amazon IVS channel.
    #[serde(default)]
    pub channel: ChannelSpec,

    /// Who may play the stream.
    #[serde(default)]
    pub playback: PlaybackSpec,

    /// Settings of the IVS Chat room.
    #[serde(default)]
    pub chat: ChatSpec,

    /// Who owns, moderates and views the stream, as the sign-in of the API names them.
    #[serde(default)]
    pub access: AccessSpec,

    /// Where the stream key goes.
    #[serde(default)]
    pub stream_key: StreamKeySpec,

    /// Tags for channel and room, beside the operator's own. At most 40. Keys must not begin with `aws:` or
    /// `ivs-operator.dev/`; keys have 1 to 128 characters, values at most 256: letters, digits, spaces and `_.:/=+-@`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = limits::USER_TAGS), schema_with = "tags_schema")]
    #[x_kube(
        validation = Rule::new("self.all(key, !key.startsWith('aws:') && !key.startsWith('ivs-operator.dev/'))").message("tag keys must not begin with 'aws:' (reserved by AWS) or 'ivs-operator.dev/' (reserved by the operator): choose another key"),
        validation = Rule::new("self.all(key, key.size() >= 1 && key.size() <= 128)").message("tag keys must have 1 to 128 characters"),
        validation = Rule::new("self.all(key, key.matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$') && self[key].matches('^[\\\\p{L}\\\\p{Z}\\\\p{N}_.:/=+@-]*$'))").message("tag keys and values may have letters, digits, spaces and _ . : / = + - @ only")
    )]
    pub tags: BTreeMap<String, String>,

    /// An existing channel or room to take over instead of creating one. It must not belong to another LiveStream.
    /// Cannot be changed after creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportSpec>,

    /// What happens to channel and room when this object is deleted: `Delete` removes them, `Retain` leaves them in AWS.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,

    /// How deletion goes about a running stream.
    #[serde(default)]
    pub deletion: DeletionSpec,
}

fn tags_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "maxProperties": limits::USER_TAGS,
        "additionalProperties": {"type": "string", "maxLength": limits::TAG_VALUE},
    })
}

/// Settings of the Amazon IVS channel. A change is applied at once, or when the stream ends if it is live.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.preset) || self.type.startsWith('ADVANCED_')")
        .message("preset goes with type ADVANCED_SD or ADVANCED_HD only: remove preset or change type"),
    validation = Rule::new("!has(self.multitrackInput) || !self.multitrackInput.enabled || (self.type == 'STANDARD' && self.containerFormat == 'FRAGMENTED_MP4')")
        .message("multitrackInput.enabled needs type: STANDARD and containerFormat: FRAGMENTED_MP4")
)]
pub struct ChannelSpec {
    /// Channel type: which input is allowed and what AWS transcodes. `BASIC` passes the input through; `STANDARD`,
    /// `ADVANCED_SD` and `ADVANCED_HD` make several qualities. Default `STANDARD`.
    #[serde(default, rename = "type")]
    pub type_: ChannelType,

    /// `LOW` for interaction with viewers (under 5 s), `NORMAL` for most robust playback. Default `LOW`.
    #[serde(default)]
    pub latency_mode: LatencyMode,

    /// Bandwidth of the transcoded qualities. Only with `ADVANCED_SD` and `ADVANCED_HD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,

    /// Container of the video segments. `FRAGMENTED_MP4` is needed for multitrack input. Default `TS`.
    #[serde(default)]
    pub container_format: ContainerFormat,

    /// `true` also allows RTMP and SRT without encryption. Default `false`: RTMPS only.
    #[serde(default)]
    pub insecure_ingest: bool,

    /// Several qualities sent by the encoder instead of transcoded by AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multitrack_input: Option<MultitrackInputSpec>,

    /// ARN of an IVS recording configuration; the stream is recorded to its S3 bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:recording-configuration/[a-zA-Z0-9-]+$"))]
    pub recording_configuration_arn: Option<String>,

    /// ARN of an IVS playback restriction policy (countries and origins that may play).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:playback-restriction-policy/[a-zA-Z0-9-]+$"))]
    pub playback_restriction_policy_arn: Option<String>,

    /// ARN of an IVS ad configuration (server-side ad insertion).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:ad-configuration/[a-zA-Z0-9-]+$"))]
    pub ad_configuration_arn: Option<String>,

    /// ARN of an IVS failover slate configuration (what viewers see when the input drops).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:failover-slate-configuration/[a-zA-Z0-9-]+$"))]
    pub failover_slate_configuration_arn: Option<String>,
}

macro_rules! aws_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The value as AWS writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

aws_enum! {
    /// Channel type.
    ChannelType {
        /// Pass-through of the input.
        Basic = "BASIC",
        /// Transcoded, the input itself being the best quality.
        #[default] Standard = "STANDARD",
        /// Transcoded up to SD.
        AdvancedSd = "ADVANCED_SD",
        /// Transcoded up to HD.
        AdvancedHd = "ADVANCED_HD",
    }
}
aws_enum! {
    /// Latency of playback.
    LatencyMode {
        /// Under 5 seconds.
        #[default] Low = "LOW",
        /// For most robust playback.
        Normal = "NORMAL",
    }
}
aws_enum! {
    /// Bandwidth preset of the ADVANCED channel types.
    Preset {
        /// Better pictures.
        #[default] HigherBandwidthDelivery = "HIGHER_BANDWIDTH_DELIVERY",
        /// Lower bit rates.
        ConstrainedBandwidthDelivery = "CONSTRAINED_BANDWIDTH_DELIVERY",
    }
}
aws_enum! {
    /// Container of the video segments.
    ContainerFormat {
        /// MPEG transport stream.
        #[default] Ts = "TS",
        /// Fragmented MP4.
        FragmentedMp4 = "FRAGMENTED_MP4",
    }
}
aws_enum! {
    /// Whether an encoder may or must send several tracks.
    MultitrackPolicy {
        /// One track or several.
        #[default] Allow = "ALLOW",
        /// Several tracks only.
        Require = "REQUIRE",
    }
}
aws_enum! {
    /// Largest input of a multitrack encoder.
    MaximumResolution {
        /// 480p.
        Sd = "SD",
        /// 720p.
        Hd = "HD",
        /// 1080p.
        #[default] FullHd = "FULL_HD",
    }
}
aws_enum! {
    /// What happens to a message when the review handler fails.
    ReviewFallback {
        /// The message passes.
        #[default] Allow = "ALLOW",
        /// The message is refused.
        Deny = "DENY",
    }
}

/// Multitrack input: the encoder sends several qualities.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MultitrackInputSpec {
    /// Whether multitrack input is on. Default `false`.
    #[serde(default)]
    pub enabled: bool,
    /// `ALLOW` takes one track or several, `REQUIRE` only several. Default `ALLOW`.
    #[serde(default)]
    pub policy: MultitrackPolicy,
    /// Largest input. Default `FULL_HD`.
    #[serde(default)]
    pub maximum_resolution: MaximumResolution,
}

/// Who may play the stream.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PlaybackSpec {
    /// `Public`: whoever knows the playback URL. `Private`: only with a signed playback token. Default `Public`.
    #[serde(default)]
    pub access: PlaybackAccess,
}

/// Who may play the stream.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaybackAccess {
    /// Whoever knows the URL.
    #[default]
    Public,
    /// Only with a signed playback token.
    Private,
}

/// Settings of the IVS Chat room.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ChatSpec {
    /// Whether the stream has a chat room. `false` removes the room. Default `true`.
    #[serde(default = "yes")]
    pub enabled: bool,

    /// Longest message in characters, 1 to 500. Default 500.
    #[serde(default = "ChatSpec::default_message_length")]
    #[schemars(range(min = 1, max = limits::MESSAGE_LENGTH))]
    pub maximum_message_length: i32,

    /// Most messages a second in the whole room, 1 to 100. Default 10.
    #[serde(default = "ChatSpec::default_message_rate")]
    #[schemars(range(min = 1, max = limits::MESSAGE_RATE))]
    pub maximum_message_rate_per_second: i32,

    /// A Lambda function that sees every message before the room does and may change or refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_handler: Option<ReviewHandlerSpec>,

    /// ARNs of IVS Chat logging configurations that store the messages. At most 3.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = limits::LOGGING_CONFIGURATIONS),
        inner(length(max = limits::ARN), regex(pattern = "^arn:aws:ivschat:[a-z0-9-]+:[0-9]+:logging-configuration/[a-zA-Z0-9-]+$"))
    )]
    pub logging_configuration_arns: Vec<String>,

    /// Whether guests who are not signed in may read the chat. Default `true`.
    #[serde(default = "yes")]
    pub anonymous_read: bool,

    /// How long one chat session lasts, in minutes, 1 to 180. Default 60.
    #[serde(default = "ChatSpec::default_session_duration")]
    #[schemars(range(min = 1, max = limits::SESSION_MINUTES))]
    pub session_duration_minutes: i32,
}

impl ChatSpec {
    const fn default_message_length() -> i32 {
        limits::MESSAGE_LENGTH
    }
    const fn default_message_rate() -> i32 {
        10
    }
    const fn default_session_duration() -> i32 {
        60
    }
}

impl Default for ChatSpec {
    fn default() -> Self {
        Self {
            enabled: true,
            maximum_message_length: Self::default_message_length(),
            maximum_message_rate_per_second: Self::default_message_rate(),
            review_handler: None,
            logging_configuration_arns: Vec::new(),
            anonymous_read: true,
            session_duration_minutes: Self::default_session_duration(),
        }
    }
}

const fn yes() -> bool {
    true
}

/// A Lambda function that reviews messages.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReviewHandlerSpec {
    /// ARN of the function. IVS Chat must be allowed to invoke it, and it must be in the room's region.
    #[schemars(length(max = limits::LAMBDA_ARN), regex(pattern = "^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:.+$"))]
    pub lambda_arn: String,
    /// What happens to a message when the function fails or takes more than 200 ms. Default `ALLOW`.
    #[serde(default)]
    pub fallback: ReviewFallback,
}

/// Who owns, moderates and views the stream.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccessSpec {
    /// Owners see server and stream key, and may do everything moderators may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::SUBJECTS))]
    pub owners: Vec<Subject>,

    /// Moderators may delete messages and disconnect users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::SUBJECTS))]
    pub moderators: Vec<Subject>,

    /// Who may see the stream and its chat. Absent: everyone, guests included. Empty: owners and moderators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::SUBJECTS))]
    pub viewers: Option<Vec<Subject>>,
}

/// A user or a group of users.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.user) != has(self.group)").message("write either user or group, not both and not neither"))]
pub struct Subject {
    /// Subject (`sub` claim) of a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::SUBJECT))]
    pub user: Option<String>,
    /// Name of a group in the sign-in's groups claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::SUBJECT))]
    pub group: Option<String>,
}

/// Where the stream key goes.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct StreamKeySpec {
    /// Name of the Secret with keys `streamKey`, `ingestServer`, `ingestUrl`, `srtUrl` and `srtPassphrase`.
    /// Default `<name>-stream-key`. A Secret of that name that the operator did not make is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
    )]
    pub secret_name: Option<String>,
}

/// An existing channel or room to take over.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.channelArn) || has(self.roomArn)").message("import needs channelArn, roomArn or both; leave import out to have them created"),
    validation = Rule::new("has(self.channelArn) == has(oldSelf.channelArn) && (!has(self.channelArn) || self.channelArn == oldSelf.channelArn) && has(self.roomArn) == has(oldSelf.roomArn) && (!has(self.roomArn) || self.roomArn == oldSelf.roomArn)")
        .message("import cannot be changed after creation: it names what this LiveStream took over. Create a new LiveStream to import something else")
)]
pub struct ImportSpec {
    /// ARN of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivs:[a-z0-9-]+:[0-9]+:channel/[a-zA-Z0-9-]+$"))]
    pub channel_arn: Option<String>,
    /// ARN of the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::ARN), regex(pattern = "^arn:aws:ivschat:[a-z0-9-]+:[0-9]+:room/[a-zA-Z0-9-]+$"))]
    pub room_arn: Option<String>,
}

/// What happens to channel and room when the object is deleted.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// They are deleted.
    #[default]
    Delete,
    /// They stay in AWS, without the operator's tags of ownership.
    Retain,
}

/// How deletion goes about a running stream.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct DeletionSpec {
    /// `Stop` ends the running stream and deletes. `Wait` deletes when the stream has ended by itself. Default `Stop`.
    #[serde(default)]
    pub while_live: WhileLive,
}

/// How deletion goes about a running stream.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhileLive {
    /// The stream is ended.
    #[default]
    Stop,
    /// Deletion waits until the stream has ended.
    Wait,
}
