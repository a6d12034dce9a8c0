//! Step 5, pure: what the object's status says, from what was seen, done, waited for and failed.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    desired::{Desired, Ownership, Presence},
    observed::{Failure, Observed, Part, SeenKey, SeenSecret, SeenStream, StepError},
    plan::{Plan, Problem, Wait},
    secret::ingest_server,
};
use crate::{
    aws::{AwsError, ErrorKind},
    crd::{
        ConditionType, Conditions, LiveStreamStatus, Reason,
        status::{ChannelStatus, ChatStatus, IngestStatus, StreamStatus},
    },
};

/// How long a viewer count is good for.
const VIEWERS_FRESH: SignedDuration = SignedDuration::from_secs(60);

/// What holds up a part.
struct Trouble {
    part: Part,
    reason: Reason,
    message: String,
    /// Only a change from outside ends it.
    stalled: bool,
    blocks_ready: bool,
}

impl From<&Wait> for Trouble {
    fn from(wait: &Wait) -> Self {
        Self {
            part: wait.part,
            reason: wait.reason,
            message: wait.message.clone(),
            stalled: false,
            blocks_ready: wait.blocks_ready,
        }
    }
}

impl From<&Problem> for Trouble {
    fn from(problem: &Problem) -> Self {
        Self {
            part: problem.part,
            reason: problem.reason,
            message: problem.message.clone(),
            stalled: true,
            blocks_ready: true,
        }
    }
}

impl From<&Failure> for Trouble {
    fn from(failure: &Failure) -> Self {
        let (reason, message, stalled) = explain(failure);
        Self {
            part: failure.part,
            reason,
            message,
            stalled,
            blocks_ready: true,
        }
    }
}

/// Whether only a change from outside ends a failure, so that trying again soon is of no use.
#[must_use]
pub fn is_lasting(failure: &Failure) -> bool {
    explain(failure).2
}

fn explain(failure: &Failure) -> (Reason, String, bool) {
    match &failure.error {
        StepError::Aws(error) if failure.part == Part::Registry => {
            let advice = match error.kind {
                ErrorKind::NotFound => "create the table, or start the operator with --registry=none",
                ErrorKind::AccessDenied => {
                    "allow the operator's role the actions of manifests/iam/controller.json"
                }
                _ => "trying again",
            };
            (
                Reason::RegistryUnavailable,
                format!("registry: {}: {advice}", words(error)),
                false,
            )
        }
        StepError::Aws(error) => {
            let (reason, advice, stalled) = match error.kind {
                ErrorKind::Throttled => (Reason::Throttled, "trying again as the quota allows", false),
                ErrorKind::Unavailable => (
                    Reason::AwsUnavailable,
                    "trying again; if it lasts, check spec.region and the network",
                    false,
                ),
                ErrorKind::Conflict | ErrorKind::Withdrawn => (Reason::Updating, "trying again", false),
                ErrorKind::AccessDenied => (
                    Reason::AccessDenied,
                    "allow the operator's role the actions of manifests/iam/controller.json",
                    true,
                ),
                ErrorKind::Credentials => (
                    Reason::CredentialsInvalid,
                    "give the operator valid AWS credentials (IRSA, Pod Identity or the usual environment variables)",
                    true,
                ),
                ErrorKind::QuotaExceeded => (
                    Reason::QuotaExceeded,
                    "ask AWS to raise the quota, or delete what is not needed",
                    true,
                ),
                ErrorKind::PendingVerification => (
                    Reason::PendingVerification,
                    "wait until AWS has verified the account, or ask AWS Support",
                    true,
                ),
                ErrorKind::Validation | ErrorKind::NotFound | ErrorKind::NotBroadcasting => (
                    Reason::InvalidSettings,
                    "change the spec: AWS does not accept it as it is",
                    true,
                ),
            };
            (reason, format!("{}: {advice}", words(error)), stalled)
        }
        StepError::Kubernetes(error) => (
            Reason::KubernetesError,
            format!("Kubernetes: {error}: trying again"),
            false,
        ),
        StepError::Stale => (
            Reason::Updating,
            "the object was changed meanwhile: trying again".into(),
            false,
        ),
        StepError::NotLeading => (Reason::Updating, "another replica takes over".into(), false),
    }
}

fn words(error: &AwsError) -> String {
    if error.message.is_empty() {
        format!("{} answered {}", error.operation, error.code)
    } else {
        format!(
            "{} answered {}: {}",
            error.operation,
            error.code,
            error.message.trim_end_matches('.')
        )
    }
}

/// The new status. It equals the old one exactly when nothing has changed, so that a converged object is not written.
#[must_use]
pub fn status(
    old: &LiveStreamStatus,
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    reconcile_at: Option<&String>,
    registry: bool,
    now: Timestamp,
) -> LiveStreamStatus {
    let mut new = old.clone();
    new.observed_generation = desired.generation;
    new.last_handled_reconcile_at = reconcile_at.cloned();
    new.region = Some(desired.region.clone());
    if desired.paused && desired.presence == Presence::Present {
        let mut conditions = Conditions::new(old.conditions.clone());
        let message = "annotation ivs-operator.dev/paused: remove it to have the object reconciled";
        conditions.set(
            ConditionType::Reconciling,
            true,
            Reason::Paused,
            message,
            desired.generation,
            now,
        );
        conditions.remove(ConditionType::Stalled);
        new.conditions = conditions.into_vec();
        return new;
    }
    resources(&mut new, desired, observed);
    new.stream = stream(old.stream.as_ref(), observed, now);
    let troubles: Vec<Trouble> = observed
        .failures
        .iter()
        .map(Trouble::from)
        .chain(plan.problems.iter().map(Trouble::from))
        .chain(plan.waits.iter().map(Trouble::from))
        .collect();
    new.conditions = conditions(old, desired, observed, &troubles, registry, now);
    new
}

fn resources(new: &mut LiveStreamStatus, desired: &Desired, observed: &Observed) {
    // While the object is deleted its ARNs stay: they tell that creation is over, and what to read directly.
    let present = desired.presence == Presence::Present;
    let is_foreign = |tags| desired.identity.ownership(tags) == Ownership::Foreign;
    let channel = observed
        .channel
        .found()
        .filter(|channel| !is_foreign(&channel.tags));
    if let Some(channel) = channel
        && let Some((playback_url, ingest_endpoint)) = observed.places()
    {
        new.channel = Some(ChannelStatus {
            arn: channel.arn.clone(),
            playback_url,
            ingest_endpoint: ingest_endpoint.clone(),
        });
        let ingest = new.ingest.get_or_insert_default();
        ingest.server = ingest_server(&ingest_endpoint);
    } else if observed.channel.is_absent() && present {
        (new.channel, new.stream) = (None, None);
        if let Some(ingest) = &mut new.ingest {
            ingest.stream_key_arn = None;
        }
    }
    if let Some(room) = observed.room.found().filter(|room| !is_foreign(&room.tags)) {
        new.chat = Some(ChatStatus {
            arn: room.arn.clone(),
            id: room.id.clone(),
            update_time: Some(room.update_time.clone()).filter(|time| !time.is_empty()),
        });
    } else if observed.room.is_absent() && present {
        new.chat = None;
    }
    publish(new, desired, observed);
    new.registered.clone_from(&observed.registered);
    if desired.presence == Presence::Present && observed.failures.is_empty() && channel.is_some() {
        new.applied = desired.applied();
    }
}

/// Which key the Secret holds. The key in status moves only when the Secret has followed, so that a rotation that was
/// cut short is seen as such.
fn publish(new: &mut LiveStreamStatus, desired: &Desired, observed: &Observed) {
    let SeenSecret::Ours { key_arn } = &observed.secret else {
        if matches!(observed.secret, SeenSecret::Absent | SeenSecret::Foreign)
            && let Some(ingest) = &mut new.ingest
        {
            ingest.secret_name = None;
        }
        return;
    };
    let SeenKey::Known { arn, .. } = &observed.key else {
        return;
    };
    if key_arn.as_ref() != Some(arn) {
        return;
    }
    let IngestStatus {
        secret_name,
        stream_key_arn,
        ..
    } = new.ingest.get_or_insert_default();
    let rotated = stream_key_arn.as_ref() != Some(arn);
    // While the Secret of before is still there, its name is the only trace of it.
    if !observed.stale_secret {
        *secret_name = Some(desired.secret_name.clone());
    }
    *stream_key_arn = Some(arn.clone());
    if let Some(rotation) = desired.rotation.as_ref().filter(|_| rotated) {
        new.last_handled_rotation = Some(rotation.value.clone());
    }
}

fn stream(old: Option<&StreamStatus>, observed: &Observed, now: Timestamp) -> Option<StreamStatus> {
    match &observed.stream {
        _ if observed.channel.is_absent() => None,
        SeenStream::Unknown => old.cloned(),
        SeenStream::Offline => Some(StreamStatus {
            state: "OFFLINE".into(),
            ..StreamStatus::default()
        }),
        SeenStream::Live(live) => {
            let same = old.filter(|old| old.state == "LIVE" && old.id.as_ref() == Some(&live.id));
            // A count changes all the time: a write a minute is enough for people.
            let fresh = same.filter(|old| {
                old.viewers_at
                    .as_ref()
                    .is_some_and(|at| now.duration_since(at.0) < VIEWERS_FRESH)
                    || old.viewers == live.viewers
            });
            let (viewers, viewers_at) = match fresh {
                Some(old) => (old.viewers, old.viewers_at.clone()),
                None => (live.viewers, live.viewers.map(|_| Time(now))),
            };
            Some(StreamStatus {
                state: "LIVE".into(),
                health: Some(live.health.clone()),
                viewers,
                viewers_at,
                started_at: live.started_at.map(Time),
                id: Some(live.id.clone()).filter(|id| !id.is_empty()),
            })
        }
    }
}

fn conditions(
    old: &LiveStreamStatus,
    desired: &Desired,
    observed: &Observed,
    troubles: &[Trouble],
    registry: bool,
    now: Timestamp,
) -> Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    let mut conditions = Conditions::new(old.conditions.clone());
    let generation = desired.generation;
    let deleting = desired.presence != Presence::Present;
    let mut part = |type_, part: Part, synced: bool, reason_synced, pending: &str| {
        let trouble = troubles
            .iter()
            .find(|trouble| trouble.part == part && trouble.blocks_ready);
        let (status, reason, message) = match trouble {
            Some(trouble) => (false, trouble.reason, trouble.message.as_str()),
            None if deleting => (false, Reason::Deleting, "being deleted"),
            None if synced => (true, reason_synced, ""),
            None => (false, Reason::Creating, pending),
        };
        conditions.set(type_, status, reason, message, generation, now);
        status
    };
    let room_off = desired.room.is_none() && observed.room.found().is_none();
    let published = matches!(
        (&observed.secret, &observed.key),
        (SeenSecret::Ours { key_arn: Some(published) }, SeenKey::Known { arn, .. }) if published == arn
    );
    let channel = part(
        ConditionType::ChannelSynced,
        Part::Channel,
        observed.channel.found().is_some() && observed.places().is_some(),
        Reason::Synced,
        "waiting for the channel",
    );
    let chat = part(
        ConditionType::ChatSynced,
        Part::Room,
        room_off || (desired.room.is_some() && observed.room.found().is_some()),
        if room_off {
            Reason::Disabled
        } else {
            Reason::Synced
        },
        "waiting for the room",
    );
    let key = part(
        ConditionType::StreamKeyPublished,
        Part::StreamKey,
        published,
        Reason::Synced,
        "waiting for the stream key",
    );
    let registered = part(
        ConditionType::Registered,
        Part::Registry,
        !registry || observed.registered.is_some(),
        if registry {
            Reason::Synced
        } else {
            Reason::RegistryDisabled
        },
        "waiting for the registry record",
    );
    let ready = channel && chat && key && registered;
    // The first trouble that stalls says most; then whatever blocks; then whatever is only waited for.
    let leading = troubles
        .iter()
        .find(|trouble| trouble.stalled)
        .or_else(|| troubles.iter().find(|trouble| trouble.blocks_ready))
        .or_else(|| troubles.first());
    let (reason, message) = match leading.filter(|trouble| trouble.blocks_ready) {
        Some(trouble) => (trouble.reason, trouble.message.as_str()),
        None if deleting => (Reason::Deleting, "being deleted"),
        None if ready => (Reason::Ready, "the stream can be used"),
        None => (Reason::Creating, "work is in progress"),
    };
    conditions.set(ConditionType::Ready, ready, reason, message, generation, now);
    let stalled = leading.filter(|trouble| trouble.stalled);
    match stalled {
        Some(trouble) => {
            conditions.set(
                ConditionType::Stalled,
                true,
                trouble.reason,
                trouble.message.as_str(),
                generation,
                now,
            );
        }
        None => conditions.remove(ConditionType::Stalled),
    }
    match leading {
        Some(trouble) if stalled.is_none() => {
            conditions.set(
                ConditionType::Reconciling,
                true,
                trouble.reason,
                trouble.message.as_str(),
                generation,
                now,
            );
        }
        None if !ready => conditions.set(ConditionType::Reconciling, true, reason, message, generation, now),
        _ => conditions.remove(ConditionType::Reconciling),
    }
    conditions.into_vec()
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{
        aws::model::{Channel, Endpoints, Room, Secret, Stream},
        controller::{observed::Seen, plan::Wait},
        crd::LiveStream,
    };

    fn now() -> Timestamp {
        "2026-01-01T12:00:00Z".parse().unwrap()
    }

    fn desired(metadata: &Json) -> Desired {
        let mut object = json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": "keynote", "namespace": "shows", "uid": "u", "generation": 3},
            "spec": {"tags": {"team": "x"}},
        });
        for (key, value) in metadata.as_object().unwrap() {
            object["metadata"][key] = value.clone();
        }
        let object: LiveStream = serde_json::from_value(object).unwrap();
        Desired::new(&object, "cluster", "us-east-1")
    }

    fn complete(desired: &Desired) -> Observed {
        let endpoints = Endpoints {
            playback_url: "https://play".into(),
            ingest_endpoint: "in".into(),
            srt_endpoint: "srt".into(),
            srt_passphrase: Secret::new("p"),
        };
        Observed {
            finalizer: true,
            channel: Seen::Read(Channel {
                arn: "channel".into(),
                tags: desired.tags.clone(),
                settings: desired.channel.clone(),
                endpoints: Some(endpoints.clone()),
            }),
            endpoints: Some(endpoints),
            room: Seen::Read(Room {
                arn: "room".into(),
                id: "r".into(),
                tags: desired.tags.clone(),
                settings: desired.room.clone().unwrap_or_default(),
                update_time: "t".into(),
            }),
            stream: SeenStream::Offline,
            key: SeenKey::Known {
                arn: "key".into(),
                value: None,
            },
            secret: SeenSecret::Ours {
                key_arn: Some("key".into()),
            },
            registered: Some("digest".into()),
            ..Observed::nothing()
        }
    }

    fn of(old: &LiveStreamStatus, desired: &Desired, observed: &Observed, plan: &Plan) -> LiveStreamStatus {
        status(old, desired, observed, plan, None, true, now())
    }

    /// `type=status reason` of the conditions.
    fn say(status: &LiveStreamStatus) -> Vec<String> {
        let conditions = status.conditions.iter();
        conditions
            .map(|condition| format!("{}={} {}", condition.type_, condition.status, condition.reason))
            .collect()
    }

    fn refused(kind: ErrorKind) -> Failure {
        let error = AwsError {
            operation: "CreateChannel",
            kind,
            code: "SomeException".into(),
            message: "AWS's words.".into(),
            refused: true,
        };
        Failure {
            part: Part::Channel,
            error: error.into(),
        }
    }

    #[test]
    fn a_complete_stream_is_ready_and_its_status_settles() {
        let desired = desired(&json!({}));
        let observed = complete(&desired);
        let first = of(
            &LiveStreamStatus::default(),
            &desired,
            &observed,
            &Plan::default(),
        );
        assert_eq!(
            say(&first),
            [
                "Ready=True Ready",
                "ChannelSynced=True Synced",
                "ChatSynced=True Synced",
                "StreamKeyPublished=True Synced",
                "Registered=True Synced",
            ]
        );
        assert_eq!(
            (first.observed_generation, first.applied.tags.as_slice()),
            (3, &["team".to_owned()][..])
        );
        let later = now().checked_add(1.hour()).unwrap();
        let second = status(&first, &desired, &observed, &Plan::default(), None, true, later);
        assert_eq!(first, second, "nothing to write");
    }

    #[test]
    fn what_stalls_and_what_passes_by_itself() {
        let desired = desired(&json!({}));
        for (kind, reason, stalls) in [
            (ErrorKind::AccessDenied, "AccessDenied", true),
            (ErrorKind::Credentials, "CredentialsInvalid", true),
            (ErrorKind::QuotaExceeded, "QuotaExceeded", true),
            (ErrorKind::PendingVerification, "PendingVerification", true),
            (ErrorKind::Validation, "InvalidSettings", true),
            (ErrorKind::Throttled, "Throttled", false),
            (ErrorKind::Unavailable, "AwsUnavailable", false),
        ] {
            let mut observed = complete(&desired);
            observed.channel = Seen::Absent;
            observed.failures.push(refused(kind));
            assert_eq!(is_lasting(&observed.failures[0]), stalls, "{kind:?}");
            let status = of(
                &LiveStreamStatus::default(),
                &desired,
                &observed,
                &Plan::default(),
            );
            let told = say(&status);
            let (yes, no) = if stalls {
                ("Stalled", "Reconciling")
            } else {
                ("Reconciling", "Stalled")
            };
            assert!(told.contains(&format!("Ready=False {reason}")), "{told:?}");
            assert!(told.contains(&format!("{yes}=True {reason}")), "{told:?}");
            assert!(
                !told.iter().any(|condition| condition.starts_with(no)),
                "{told:?}"
            );
            assert!(told.contains(&"ChatSynced=True Synced".to_owned()), "{told:?}");
            let ready = &status.conditions[0].message;
            assert!(
                ready.starts_with("CreateChannel answered SomeException: AWS's words: "),
                "{ready}"
            );
        }
    }

    #[test]
    fn a_wait_that_leaves_the_stream_usable_leaves_it_ready() {
        let desired = desired(&json!({}));
        let wait = |blocks_ready| Plan {
            waits: vec![Wait {
                part: Part::StreamKey,
                reason: Reason::ChannelLive,
                message: "later".into(),
                recheck: std::time::Duration::from_secs(1),
                blocks_ready,
            }],
            ..Plan::default()
        };
        for (blocks, ready) in [(false, "Ready=True Ready"), (true, "Ready=False ChannelLive")] {
            let told = say(&of(
                &LiveStreamStatus::default(),
                &desired,
                &complete(&desired),
                &wait(blocks),
            ));
            assert!(told.contains(&ready.to_owned()), "{told:?}");
            assert!(
                told.contains(&"Reconciling=True ChannelLive".to_owned()),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_paused_or_deleted_object_says_so() {
        let paused = desired(&json!({"annotations": {"ivs-operator.dev/paused": "true"}}));
        let told = say(&of(
            &LiveStreamStatus::default(),
            &paused,
            &Observed::nothing(),
            &Plan::default(),
        ));
        assert_eq!(told, ["Reconciling=True Paused"]);

        let deleted = desired(&json!({"deletionTimestamp": "2026-01-01T11:00:00Z"}));
        let mut observed = complete(&deleted);
        let old = of(
            &LiveStreamStatus::default(),
            &deleted,
            &observed,
            &Plan::default(),
        );
        (observed.channel, observed.room) = (Seen::Absent, Seen::Absent);
        let new = of(&old, &deleted, &observed, &Plan::default());
        assert!(
            say(&new).contains(&"Ready=False Deleting".to_owned()),
            "{:?}",
            say(&new)
        );
        assert!(
            new.channel.is_some() && new.chat.is_some(),
            "the ARNs stay until the object goes"
        );
    }

    #[test]
    fn viewers_are_written_once_a_minute() {
        let live = |viewers| {
            SeenStream::Live(Stream {
                channel_arn: "channel".into(),
                id: "st-1".into(),
                health: "HEALTHY".into(),
                viewers: Some(viewers),
                started_at: None,
            })
        };
        let desired = desired(&json!({}));
        let observed = |viewers| Observed {
            stream: live(viewers),
            ..complete(&desired)
        };
        let at = |old: &LiveStreamStatus, viewers, seconds: i64| {
            let now = now().checked_add(seconds.seconds()).unwrap();
            status(
                old,
                &desired,
                &observed(viewers),
                &Plan::default(),
                None,
                true,
                now,
            )
        };
        let first = at(&LiveStreamStatus::default(), 1, 0);
        let count = |status: &LiveStreamStatus| status.stream.clone().unwrap().viewers;
        assert_eq!(count(&first), Some(1));
        assert_eq!(at(&first, 2, 59), first, "not yet");
        assert_eq!(at(&first, 1, 3600), first, "the same count is no news");
        assert_eq!(count(&at(&first, 2, 61)), Some(2));
    }

    #[test]
    fn what_belongs_to_somebody_else_is_not_shown_as_ours() {
        let desired = desired(&json!({}));
        let mut observed = complete(&desired);
        if let Seen::Read(channel) = &mut observed.channel {
            channel.tags.insert(crate::crd::tags::NAME.into(), "other".into());
        }
        let status = of(
            &LiveStreamStatus::default(),
            &desired,
            &observed,
            &Plan::default(),
        );
        assert!(status.channel.is_none());
    }
}
