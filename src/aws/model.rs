//! AWS's resources in our words: what the planner compares, without the SDK's types.
//!
//! Settings are maps from member to value, so that comparing, remembering and sending them is one loop each and no
//! member can be forgotten in one of the three.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;
/// Settings of a channel. A member that is not in the map is not known (a summary lacks some), or not wanted.
pub type ChannelSettings = BTreeMap<ChannelMember, Value>;
/// Settings of a room.
pub type RoomSettings = BTreeMap<RoomMember, Value>;

/// Value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string or an enumeration; empty means none.
    Text(String),
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(i32),
    /// A list of ARNs, in no order.
    Set(Vec<String>),
    /// Multitrack input: policy and maximum resolution while enabled.
    Multitrack(Option<(String, String)>),
    /// A review handler: ARN and fallback.
    ReviewHandler(Option<(String, String)>),
}

impl Value {
    /// A string value.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A list value; its order does not count.
    pub fn set(items: impl IntoIterator<Item = String>) -> Self {
        let mut items: Vec<_> = items.into_iter().collect();
        items.sort();
        items.dedup();
        Self::Set(items)
    }
}

/// A member of a resource that can be set.
pub trait Member: Copy + Ord {
    /// AWS's name of the member.
    fn as_str(self) -> &'static str;

    /// The member of that name.
    fn from_name(name: &str) -> Option<Self>;

    /// The value that means "none", if the member is optional: what it goes back to when the spec no longer has it.
    fn unset(self) -> Option<Value>;
}

macro_rules! members {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? } unset { $($pattern:pat => $unset:expr),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is AWS's member of that name")]
        pub enum $name { $($variant),+ }

        impl Member for $name {
            fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            fn from_name(name: &str) -> Option<Self> {
                [$(Self::$variant),+].into_iter().find(|member| member.as_str() == name)
            }

            fn unset(self) -> Option<Value> {
                match self { $($pattern => Some($unset),)+ _ => None }
            }
        }
    };
}

members! {
    /// Members of a channel that can be set.
    ChannelMember {
        Name = "name",
        Type = "type",
        LatencyMode = "latencyMode",
        Preset = "preset",
        ContainerFormat = "containerFormat",
        InsecureIngest = "insecureIngest",
        Authorized = "authorized",
        MultitrackInput = "multitrackInputConfiguration",
        RecordingConfiguration = "recordingConfigurationArn",
        PlaybackRestrictionPolicy = "playbackRestrictionPolicyArn",
        AdConfiguration = "adConfigurationArn",
        FailoverSlateConfiguration = "failoverSlateConfigurationArn",
    }
    unset {
        Self::MultitrackInput => Value::Multitrack(None),
        Self::RecordingConfiguration
        | Self::PlaybackRestrictionPolicy
        | Self::AdConfiguration
        | Self::FailoverSlateConfiguration => Value::text(""),
    }
}

members! {
    /// Members of a room that can be set.
    RoomMember {
        Name = "name",
        MaximumMessageLength = "maximumMessageLength",
        MaximumMessageRatePerSecond = "maximumMessageRatePerSecond",
        ReviewHandler = "messageReviewHandler",
        LoggingConfigurations = "loggingConfigurationIdentifiers",
    }
    unset {
        Self::ReviewHandler => Value::ReviewHandler(None),
        Self::LoggingConfigurations => Value::Set(Vec::new()),
    }
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// ARN.
    pub arn: String,
    /// Tags.
    pub tags: Tags,
    /// Settings; all of them when read directly, those of a summary when listed.
    pub settings: ChannelSettings,
    /// Where to play and to send; `None` when listed.
    pub endpoints: Option<Endpoints>,
}

/// Where a channel is played and sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Playback URL.
    pub playback_url: String,
    /// Host for RTMP(S).
    pub ingest_endpoint: String,
    /// Host for SRT.
    pub srt_endpoint: String,
    /// Passphrase for SRT.
    pub srt_passphrase: Secret,
}

/// A stream key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamKey {
    /// ARN.
    pub arn: String,
    /// The key.
    pub value: Secret,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// ARN.
    pub arn: String,
    /// Id.
    pub id: String,
    /// Tags.
    pub tags: Tags,
    /// Settings; a listed room lacks the two message limits.
    pub settings: RoomSettings,
    /// When it was last changed, in AWS's words.
    pub update_time: String,
}

/// A running stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// ARN of its channel.
    pub channel_arn: String,
    /// Id of this broadcast.
    pub id: String,
    /// `HEALTHY`, `STARVING`, `UNKNOWN`.
    pub health: String,
    /// Viewers; absent when AWS could not count.
    pub viewers: Option<i64>,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// A string that does not show itself in debug output.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The secret itself; the name is long so that its uses stand out.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
