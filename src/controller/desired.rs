//! Step 1, pure: what a `LiveStream` asks for, in AWS's terms.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::ResourceExt;
use sha2::{Digest, Sha256};

use crate::{
    aws::model::{ChannelMember, ChannelSettings, Member, RoomMember, RoomSettings, Tags, Value},
    crd::{
        LiveStream, annotations,
        spec::{DeletionPolicy, PlaybackAccess, Subject, WhileLive},
        status::AppliedStatus,
        tags,
    },
};

/// Whose a resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Id of the cluster.
    pub cluster: String,
    /// Namespace of the object.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
    /// UID of the object.
    pub uid: String,
}

/// How a resource's tags relate to an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// All four tags are ours.
    Ours,
    /// Our cluster, namespace and name, but the UID of an object that is gone: it may be taken over.
    Predecessor,
    /// No owner's tags at all.
    Unowned,
    /// Somebody else's.
    Foreign,
}

impl Identity {
    /// The owner's tags.
    #[must_use]
    pub fn tags(&self) -> Tags {
        [
            (tags::CLUSTER, &self.cluster),
            (tags::NAMESPACE, &self.namespace),
            (tags::NAME, &self.name),
            (tags::UID, &self.uid),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.clone()))
        .collect()
    }

    /// Keys of the owner's tags.
    pub const TAG_KEYS: [&str; 4] = [tags::CLUSTER, tags::NAMESPACE, tags::NAME, tags::UID];

    /// Judges a resource by its tags. Names are unique in a namespace, so a resource with our namespace and name but
    /// another UID can only be a predecessor's.
    #[must_use]
    pub fn ownership(&self, of: &Tags) -> Ownership {
        let is = |key: &str, value: &str| of.get(key).is_some_and(|tag| tag == value);
        if Self::TAG_KEYS.iter().all(|key| !of.contains_key(*key)) {
            Ownership::Unowned
        } else if !(is(tags::CLUSTER, &self.cluster)
            && is(tags::NAMESPACE, &self.namespace)
            && is(tags::NAME, &self.name))
        {
            Ownership::Foreign
        } else if is(tags::UID, &self.uid) {
            Ownership::Ours
        } else {
            Ownership::Predecessor
        }
    }

    /// Name of channel and room in AWS: readable, within AWS's alphabet, and the same for the same cluster, namespace
    /// and name whatever the UID, so that one filtered list finds what a predecessor or a lost answer left.
    #[must_use]
    pub fn aws_name(&self) -> String {
        let digest = Sha256::digest(format!("{}/{}/{}", self.cluster, self.namespace, self.name));
        let suffix = crate::hex(&digest[..6]);
        let readable: String = format!("{}-{}", self.namespace, self.name)
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || c == '-' {
                    c
                } else {
                    '_'
                }
            })
            .take(128 - 1 - suffix.len())
            .collect();
        format!("{readable}-{suffix}")
    }
}

/// Whether channel and room should be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// They should.
    Present,
    /// They should not: the object is being deleted.
    Absent {
        /// Leave them in AWS.
        retain: bool,
        /// How to go about a running stream.
        while_live: WhileLive,
    },
}

/// A wish for a new stream key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The annotation's value, by which this wish is told from the last.
    pub value: String,
    /// Even while live.
    pub force: bool,
}

/// What a `LiveStream` asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Whose.
    pub identity: Identity,
    /// Where.
    pub region: String,
    /// Generation of the spec.
    pub generation: i64,
    /// Whether it should be there.
    pub presence: Presence,
    /// Whether the operator keeps its hands off.
    pub paused: bool,
    /// Settings of the channel.
    pub channel: ChannelSettings,
    /// Settings of the room, if there should be one.
    pub room: Option<RoomSettings>,
    /// All tags of both.
    pub tags: Tags,
    /// Keys of the user's tags that are no longer wanted.
    pub stale_tags: Vec<String>,
    /// Channel to take over.
    pub import_channel: Option<String>,
    /// Room to take over.
    pub import_room: Option<String>,
    /// Name of the Secret.
    pub secret_name: String,
    /// Name of the Secret of before, if it differs.
    pub stale_secret: Option<String>,
    /// A wish for a new stream key that was not fulfilled yet.
    pub rotation: Option<Rotation>,
    /// Title for the registry.
    pub title: Option<String>,
    /// Owners for the registry.
    pub owners: Vec<String>,
    /// When the object was created.
    pub created_at: Option<Timestamp>,
}

impl Desired {
    /// Reads the object. `cluster` and `default_region` are the operator's.
    #[must_use]
    pub fn new(object: &LiveStream, cluster: &str, default_region: &str) -> Self {
        let identity = Identity {
            cluster: cluster.to_owned(),
            namespace: object.namespace().unwrap_or_default(),
            name: object.name_any(),
            uid: object.uid().unwrap_or_default(),
        };
        let (spec, status) = (&object.spec, object.status.as_ref());
        let annotation = |key| object.annotations().get(key);
        let applied = status.map(|status| status.applied.clone()).unwrap_or_default();
        let mut tags: Tags = spec.tags.clone();
        tags.extend(identity.tags());
        let handled = status.and_then(|status| status.last_handled_rotation.as_ref());
        let secret_name = spec
            .stream_key
            .secret_name
            .clone()
            .unwrap_or_else(|| format!("{}-stream-key", identity.name));
        let import = spec.import.clone().unwrap_or_default();
        Self {
            // The operator's default may change; a channel stays where it was created.
            region: spec
                .region
                .clone()
                .or_else(|| status.and_then(|status| status.region.clone()))
                .unwrap_or_else(|| default_region.to_owned()),
            generation: object.metadata.generation.unwrap_or_default(),
            presence: match object.metadata.deletion_timestamp {
                None => Presence::Present,
                Some(_) => Presence::Absent {
                    retain: spec.deletion_policy == DeletionPolicy::Retain,
                    while_live: spec.deletion.while_live,
                },
            },
            paused: annotation(annotations::PAUSED).is_some_and(|value| value == "true"),
            channel: channel_settings(object, &identity, &applied.channel),
            room: spec
                .chat
                .enabled
                .then(|| room_settings(object, &identity, &applied.chat)),
            stale_tags: applied
                .tags
                .into_iter()
                .filter(|key| !tags.contains_key(key))
                .collect(),
            tags,
            import_channel: import.channel_arn,
            import_room: import.room_arn,
            stale_secret: status
                .and_then(|status| status.ingest.as_ref()?.secret_name.clone())
                .filter(|published| *published != secret_name),
            secret_name,
            rotation: annotation(annotations::ROTATE_STREAM_KEY)
                .filter(|value| handled != Some(*value))
                .map(|value| Rotation {
                    value: value.clone(),
                    force: annotation(annotations::FORCE).is_some_and(|force| force == "true"),
                }),
            title: spec.title.clone(),
            owners: spec.access.owners.iter().filter_map(owner).collect(),
            created_at: object.creation_timestamp().map(|time| time.0),
            identity,
        }
    }
}

impl Desired {
    /// The optional settings and tags that are in force once all of this is.
    #[must_use]
    pub fn applied(&self) -> AppliedStatus {
        let owner = self.identity.tags();
        AppliedStatus {
            channel: set_members(&self.channel),
            chat: self.room.as_ref().map(set_members).unwrap_or_default(),
            tags: self
                .tags
                .keys()
                .filter(|key| !owner.contains_key(*key))
                .cloned()
                .collect(),
        }
    }
}

/// The optional members that are set.
fn set_members<M: Member>(settings: &BTreeMap<M, Value>) -> Vec<String> {
    let set = settings
        .iter()
        .filter(|(member, value)| member.unset().is_some_and(|unset| unset != **value));
    let mut names: Vec<_> = set.map(|(member, _)| member.as_str().to_owned()).collect();
    names.sort();
    names
}

/// What the spec asked for before goes back to none, unless it is asked for again; what others set in AWS is left
/// alone.
fn taken_back<M: Member>(applied: &[String]) -> impl Iterator<Item = (M, Value)> {
    applied.iter().filter_map(|name| {
        let member = M::from_name(name)?;
        Some((member, member.unset()?))
    })
}

fn owner(subject: &Subject) -> Option<String> {
    let user = subject.user.as_ref().map(|user| format!("user:{user}"));
    user.or_else(|| subject.group.as_ref().map(|group| format!("group:{group}")))
}

fn channel_settings(object: &LiveStream, identity: &Identity, applied: &[String]) -> ChannelSettings {
    let spec = &object.spec.channel;
    let mut settings = ChannelSettings::from([
        (ChannelMember::Type, Value::text(spec.type_.as_str())),
        (
            ChannelMember::LatencyMode,
            Value::text(spec.latency_mode.as_str()),
        ),
        (
            ChannelMember::ContainerFormat,
            Value::text(spec.container_format.as_str()),
        ),
        (ChannelMember::InsecureIngest, Value::Flag(spec.insecure_ingest)),
        (
            ChannelMember::Authorized,
            Value::Flag(object.spec.playback.access == PlaybackAccess::Private),
        ),
    ]);
    // An imported channel keeps its name: it may mean something to somebody.
    if object
        .spec
        .import
        .as_ref()
        .is_none_or(|import| import.channel_arn.is_none())
    {
        settings.insert(ChannelMember::Name, Value::text(identity.aws_name()));
    }
    settings.extend(taken_back(applied));
    settings.extend(
        spec.preset
            .map(|preset| (ChannelMember::Preset, Value::text(preset.as_str()))),
    );
    settings.extend(spec.multitrack_input.as_ref().map(|multitrack| {
        let on = multitrack.enabled;
        let value = on.then(|| {
            (
                multitrack.policy.as_str().into(),
                multitrack.maximum_resolution.as_str().into(),
            )
        });
        (ChannelMember::MultitrackInput, Value::Multitrack(value))
    }));
    let references = [
        (
            ChannelMember::RecordingConfiguration,
            &spec.recording_configuration_arn,
        ),
        (
            ChannelMember::PlaybackRestrictionPolicy,
            &spec.playback_restriction_policy_arn,
        ),
        (ChannelMember::AdConfiguration, &spec.ad_configuration_arn),
        (
            ChannelMember::FailoverSlateConfiguration,
            &spec.failover_slate_configuration_arn,
        ),
    ];
    settings.extend(
        references
            .into_iter()
            .filter_map(|(member, arn)| Some((member, Value::text(arn.clone()?)))),
    );
    settings
}

fn room_settings(object: &LiveStream, identity: &Identity, applied: &[String]) -> RoomSettings {
    let spec = &object.spec.chat;
    let mut settings = RoomSettings::from([
        (
            RoomMember::MaximumMessageLength,
            Value::Number(spec.maximum_message_length),
        ),
        (
            RoomMember::MaximumMessageRatePerSecond,
            Value::Number(spec.maximum_message_rate_per_second),
        ),
    ]);
    if object
        .spec
        .import
        .as_ref()
        .is_none_or(|import| import.room_arn.is_none())
    {
        settings.insert(RoomMember::Name, Value::text(identity.aws_name()));
    }
    settings.extend(taken_back(applied));
    settings.extend(spec.review_handler.as_ref().map(|handler| {
        let value = (handler.lambda_arn.clone(), handler.fallback.as_str().to_owned());
        (RoomMember::ReviewHandler, Value::ReviewHandler(Some(value)))
    }));
    if !spec.logging_configuration_arns.is_empty() {
        let arns = spec.logging_configuration_arns.iter().cloned();
        settings.insert(RoomMember::LoggingConfigurations, Value::set(arns));
    }
    settings
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(namespace: &str, name: &str) -> Identity {
        Identity {
            cluster: "c".into(),
            namespace: namespace.into(),
            name: name.into(),
            uid: "u".into(),
        }
    }

    #[test]
    fn aws_names_are_valid_stable_and_distinct() {
        let long = identity(&"n".repeat(63), &"x".repeat(63)).aws_name();
        assert!(long.len() <= 128, "{long}");
        let dotted = identity("a", "b.c").aws_name();
        assert!(
            dotted
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
            "{dotted}"
        );
        assert_ne!(dotted, identity("a", "b_c").aws_name());
        assert_ne!(identity("a-b", "c").aws_name(), identity("a", "b-c").aws_name());
        let restored = Identity {
            uid: "other".into(),
            ..identity("a", "b")
        };
        assert_eq!(restored.aws_name(), identity("a", "b").aws_name());
    }

    #[test]
    fn ownership_is_judged_by_tags() {
        let me = identity("a", "b");
        let with = |changes: &[(&str, &str)]| {
            let mut tags = me.tags();
            tags.extend(
                changes
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
            );
            tags
        };
        for (tags, expected) in [
            (me.tags(), Ownership::Ours),
            (with(&[("team", "x")]), Ownership::Ours),
            (with(&[(tags::UID, "old")]), Ownership::Predecessor),
            (with(&[(tags::CLUSTER, "other")]), Ownership::Foreign),
            (with(&[(tags::NAME, "other")]), Ownership::Foreign),
            (Tags::from([("team".into(), "x".into())]), Ownership::Unowned),
            (Tags::from([(tags::UID.into(), "u".into())]), Ownership::Foreign),
        ] {
            assert_eq!(me.ownership(&tags), expected, "{tags:?}");
        }
    }

    #[test]
    fn a_setting_taken_out_of_the_spec_is_taken_back_and_others_are_left_alone() {
        let object: LiveStream = serde_json::from_value(json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": "b", "namespace": "a", "uid": "u"},
            "spec": {},
            "status": {"applied": {"channel": ["recordingConfigurationArn"], "tags": ["team"]}},
        }))
        .unwrap();
        let desired = Desired::new(&object, "c", "us-east-1");
        assert_eq!(
            desired.channel.get(&ChannelMember::RecordingConfiguration),
            Some(&Value::text(""))
        );
        assert_eq!(desired.channel.get(&ChannelMember::AdConfiguration), None);
        assert_eq!(desired.stale_tags, ["team"]);
    }

    #[test]
    fn a_stream_stays_in_its_region_when_the_default_changes() {
        let region = |spec: serde_json::Value, status: serde_json::Value| {
            let object: LiveStream = serde_json::from_value(json!({
                "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
                "metadata": {"name": "b", "namespace": "a", "uid": "u"}, "spec": spec, "status": status,
            }))
            .unwrap();
            Desired::new(&object, "c", "us-east-1").region
        };
        assert_eq!(region(json!({}), json!({})), "us-east-1");
        assert_eq!(region(json!({}), json!({"region": "eu-west-1"})), "eu-west-1");
        assert_eq!(region(json!({"region": "ap-south-1"}), json!({})), "ap-south-1");
    }
}
