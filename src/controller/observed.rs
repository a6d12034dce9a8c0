//! What is known of the world while one object is reconciled, and how the outcome of a step changes it. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{
        AwsError, ErrorKind,
        model::{Channel, Endpoints, Room, Secret, Stream, StreamKey},
    },
    crd::status::ChannelStatus,
};

/// What is known of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// Nothing: it was not asked for, or the answer was an error.
    Unknown,
    /// It does not exist, as a direct read or a look-up by name said.
    Absent,
    /// It exists, as a list said a while ago.
    Listed(T),
    /// It exists, as a direct read or a write just said.
    Read(T),
}

impl<T> Seen<T> {
    /// The resource, if it is known to exist.
    pub fn found(&self) -> Option<&T> {
        match self {
            Self::Listed(resource) | Self::Read(resource) => Some(resource),
            Self::Unknown | Self::Absent => None,
        }
    }

    /// Whether it is known not to exist.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// What is known of the stream key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenKey {
    /// Nothing.
    Unknown,
    /// The channel has none.
    Missing,
    /// The channel has this one; its value is known if it was just made or read.
    Known {
        /// ARN of the key.
        arn: String,
        /// The key itself.
        value: Option<Secret>,
    },
}

/// What is known of the running stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenStream {
    /// Nothing.
    Unknown,
    /// There is none.
    Offline,
    /// There is one.
    Live(Stream),
}

/// What is known of a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenSecret {
    /// Nothing.
    Unknown,
    /// There is none of that name.
    Absent,
    /// It is not the object's.
    Foreign,
    /// It was made for an object of the same name that is gone; Kubernetes would collect it some time.
    Predecessor,
    /// It is the object's.
    Ours {
        /// ARN of the key inside; `None` if somebody has changed its data.
        key_arn: Option<String>,
    },
}

/// What is to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A channel.
    Channel,
    /// A room.
    Room,
}

/// Written before a create call is made, so that a lost answer is not a lost resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What is to be created.
    pub what: Vec<Kind>,
    /// Under which name.
    pub name: String,
    /// When this was written.
    pub at: Timestamp,
}

/// How far an intent has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeenIntent {
    /// Nothing was ever begun.
    None,
    /// Written by an earlier pass; whether its calls took effect is not known.
    Pending(Intent),
    /// Written by this pass: the calls may be made now, once.
    Fresh(Intent),
}

impl SeenIntent {
    /// The intent.
    pub const fn intent(&self) -> Option<&Intent> {
        match self {
            Self::None => None,
            Self::Pending(intent) | Self::Fresh(intent) => Some(intent),
        }
    }
}

/// The parts of the work. A failure of one does not hold up the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The channel and its stream.
    Channel,
    /// The room.
    Room,
    /// The stream key and its Secret.
    StreamKey,
    /// The registry record.
    Registry,
    /// The object itself: finalizer and intent.
    Object,
}

/// Why a step failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepError {
    /// AWS.
    #[error(transparent)]
    Aws(AwsError),
    /// Kubernetes.
    #[error("Kubernetes: {0}")]
    Kubernetes(#[source] std::sync::Arc<kube::Error>),
    /// The object was changed meanwhile; the next pass sees the change.
    #[error("the object was changed meanwhile")]
    Stale,
    /// This replica does not lead any more.
    #[error("this replica does not lead any more")]
    NotLeading,
}

impl From<AwsError> for StepError {
    fn from(error: AwsError) -> Self {
        match error.kind {
            ErrorKind::Withdrawn => Self::NotLeading,
            _ => Self::Aws(error),
        }
    }
}

impl From<kube::Error> for StepError {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.is_conflict() => Self::Stale,
            _ => Self::Kubernetes(std::sync::Arc::new(error)),
        }
    }
}

/// A step or a read that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Of which part.
    pub part: Part,
    /// Why.
    pub error: StepError,
}

/// The outcome of a step, in the words of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The intent stands in the object; the finalizer does in any case.
    IntentWritten(Option<Intent>),
    /// A channel was created, with its key.
    ChannelCreated(Channel, StreamKey),
    /// A channel was read.
    ChannelRead(Channel),
    /// A channel's settings were changed.
    ChannelUpdated(Channel),
    /// Tags of the channel were set and removed.
    ChannelTagged(crate::aws::model::Tags, Vec<String>),
    /// The channel is gone.
    ChannelGone,
    /// The channel refused because it is live.
    ChannelIsLive,
    /// A room was created.
    RoomCreated(Room),
    /// A room was read.
    RoomRead(Room),
    /// A room's settings were changed.
    RoomUpdated(Room),
    /// Tags of the room were set and removed.
    RoomTagged(crate::aws::model::Tags, Vec<String>),
    /// The room is gone.
    RoomGone,
    /// The channel has this key.
    KeyFound(String),
    /// A key was read with its value.
    KeyRead(StreamKey),
    /// A key was made.
    KeyCreated(StreamKey),
    /// The key is gone.
    KeyGone,
    /// The stream was told to end.
    StreamStopped,
    /// The Secret holds this key.
    SecretPublished {
        /// ARN of the key.
        key_arn: String,
    },
    /// The Secret is gone.
    SecretGone,
    /// The Secret of before is gone.
    StaleSecretGone,
    /// The registry has a record with this digest.
    Registered(String),
    /// The registry has nothing of this stream.
    RecordGone,
    /// The finalizer is gone, and the object with it.
    Released,
}

/// What is known of the world.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub struct Observed {
    /// Whether the object has the finalizer.
    pub finalizer: bool,
    /// How far a creation has come.
    pub intent: SeenIntent,
    /// The channel.
    pub channel: Seen<Channel>,
    /// Endpoints of the channel, once they are known.
    pub endpoints: Option<Endpoints>,
    /// The room.
    pub room: Seen<Room>,
    /// The stream.
    pub stream: SeenStream,
    /// Whether this pass has told the stream to end.
    pub stream_stopped: bool,
    /// The key.
    pub key: SeenKey,
    /// ARN of the key that the status names.
    pub published_key: Option<String>,
    /// The channel that the status names.
    pub status_channel: Option<ChannelStatus>,
    /// State of the stream that the status names.
    pub last_state: Option<String>,
    /// The Secret.
    pub secret: SeenSecret,
    /// Whether a Secret of before is still there.
    pub stale_secret: bool,
    /// Digest of the record in the registry; `None` if there is none that is known of.
    pub registered: Option<String>,
    /// Whether the registry may have a record.
    pub record_may_exist: bool,
    /// What has been learned in this pass, in order: the source of events.
    pub facts: Vec<Fact>,
    /// What failed in this pass.
    pub failures: Vec<Failure>,
}

impl Observed {
    /// Nothing known yet.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            finalizer: false,
            intent: SeenIntent::None,
            channel: Seen::Unknown,
            endpoints: None,
            room: Seen::Unknown,
            stream: SeenStream::Unknown,
            stream_stopped: false,
            key: SeenKey::Unknown,
            published_key: None,
            status_channel: None,
            last_state: None,
            secret: SeenSecret::Unknown,
            stale_secret: false,
            registered: None,
            record_may_exist: false,
            facts: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Whether the status names this channel, with its endpoints.
    #[must_use]
    pub fn status_names_channel(&self, arn: &str) -> bool {
        self.status_channel
            .as_ref()
            .is_some_and(|channel| channel.arn == arn)
    }

    /// Playback URL and ingest endpoint of the channel, as far as they are known.
    #[must_use]
    pub fn places(&self) -> Option<(String, String)> {
        let read = self
            .endpoints
            .as_ref()
            .map(|read| (&read.playback_url, &read.ingest_endpoint));
        let arn = &self.channel.found()?.arn;
        let known = self.status_channel.as_ref().filter(|channel| channel.arn == *arn);
        read.or_else(|| known.map(|channel| (&channel.playback_url, &channel.ingest_endpoint)))
            .map(|(playback, ingest)| (playback.clone(), ingest.clone()))
    }

    /// Whether a part has failed in this pass.
    #[must_use]
    pub fn has_failed(&self, part: Part) -> bool {
        self.failures.iter().any(|failure| failure.part == part)
    }

    /// Whether the stream is known to run.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        matches!(self.stream, SeenStream::Live(_))
    }

    /// Takes in the outcome of a step.
    pub fn learn(&mut self, fact: Fact) {
        match fact.clone() {
            Fact::IntentWritten(intent) => {
                self.finalizer = true;
                if let Some(intent) = intent {
                    self.intent = SeenIntent::Fresh(intent);
                }
            }
            Fact::ChannelCreated(channel, key) => {
                self.endpoints.clone_from(&channel.endpoints);
                self.channel = Seen::Read(channel);
                self.key = SeenKey::Known {
                    arn: key.arn,
                    value: Some(key.value),
                };
                self.stream = SeenStream::Offline;
            }
            Fact::ChannelRead(channel) | Fact::ChannelUpdated(channel) => {
                self.endpoints.clone_from(&channel.endpoints);
                self.channel = Seen::Read(channel);
            }
            Fact::ChannelTagged(set, removed) => {
                if let Seen::Read(channel) | Seen::Listed(channel) = &mut self.channel {
                    retag(&mut channel.tags, set, &removed);
                }
            }
            Fact::ChannelGone => {
                (self.channel, self.key, self.stream) = (Seen::Absent, SeenKey::Missing, SeenStream::Offline);
            }
            Fact::ChannelIsLive if !self.is_live() => {
                self.stream = SeenStream::Live(Stream {
                    channel_arn: self
                        .channel
                        .found()
                        .map(|channel| channel.arn.clone())
                        .unwrap_or_default(),
                    id: String::new(),
                    health: "UNKNOWN".to_owned(),
                    viewers: None,
                    started_at: None,
                });
            }
            Fact::ChannelIsLive => {}
            Fact::RoomCreated(room) | Fact::RoomRead(room) | Fact::RoomUpdated(room) => {
                self.room = Seen::Read(room);
            }
            Fact::RoomTagged(set, removed) => {
                if let Seen::Read(room) | Seen::Listed(room) = &mut self.room {
                    retag(&mut room.tags, set, &removed);
                }
            }
            Fact::RoomGone => self.room = Seen::Absent,
            Fact::KeyFound(arn) => self.key = SeenKey::Known { arn, value: None },
            Fact::KeyRead(key) | Fact::KeyCreated(key) => {
                self.key = SeenKey::Known {
                    arn: key.arn,
                    value: Some(key.value),
                };
            }
            Fact::KeyGone => self.key = SeenKey::Missing,
            Fact::StreamStopped => self.stream_stopped = true,
            Fact::SecretPublished { key_arn } => {
                self.secret = SeenSecret::Ours {
                    key_arn: Some(key_arn),
                }
            }
            Fact::SecretGone => self.secret = SeenSecret::Absent,
            Fact::StaleSecretGone => self.stale_secret = false,
            Fact::Registered(digest) => self.registered = Some(digest),
            Fact::RecordGone => (self.registered, self.record_may_exist) = (None, false),
            Fact::Released => self.finalizer = false,
        }
        self.facts.push(fact);
    }
}

fn retag(tags: &mut crate::aws::model::Tags, set: crate::aws::model::Tags, removed: &[String]) {
    tags.extend(set);
    tags.retain(|key, _| !removed.contains(key));
}
