//! Tables of the status.

use jiff::ToSpan;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    aws::{
        AwsError, ErrorKind,
        model::{Channel, Endpoints, Room, Secret, Stream},
    },
    controller::{
        observed::{Failure, Seen},
        plan::Wait,
    },
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

#[test]
fn what_could_not_be_taken_back_yet_stays_remembered() {
    let desired = desired(&json!({}));
    let mut old = of(
        &LiveStreamStatus::default(),
        &desired,
        &complete(&desired),
        &Plan::default(),
    );
    // The spec had a recording configuration once; the stream is live, so it is still in force.
    old.applied.channel = vec!["recordingConfigurationArn".into()];
    let wait = Wait {
        part: Part::Channel,
        reason: Reason::ChannelLive,
        message: "later".into(),
        recheck: std::time::Duration::from_secs(1),
        blocks_ready: true,
    };
    let waiting = Plan {
        waits: vec![wait],
        ..Plan::default()
    };
    let pending = of(&old, &desired, &complete(&desired), &waiting);
    assert_eq!(pending.applied.channel, ["recordingConfigurationArn"]);
    let done = of(&pending, &desired, &complete(&desired), &Plan::default());
    assert!(done.applied.channel.is_empty());
}
