//! Tables of the planner: what is known, and what is done about it.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    aws::model::{Channel, ChannelMember, Endpoints, Room, RoomMember, Secret, Stream, Value},
    controller::observed::{Fact, Intent, Seen, SeenIntent, SeenKey, SeenSecret, SeenStream},
    crd::{Reason, status::ChannelStatus},
};

const RULES: Rules = Rules {
    creation_grace: Duration::from_secs(45),
    registry: true,
};

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn desired_of(spec: &Json, metadata: &Json, status: &Json) -> Desired {
    let mut object = json!({
        "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": "keynote", "namespace": "shows", "uid": "u", "generation": 1},
        "spec": spec, "status": status,
    });
    for (key, value) in metadata.as_object().unwrap() {
        object["metadata"][key] = value.clone();
    }
    Desired::new(&serde_json::from_value(object).unwrap(), "cluster", "us-east-1")
}

fn desired(spec: &Json) -> Desired {
    desired_of(spec, &json!({}), &json!({}))
}

fn deleted(spec: &Json) -> Desired {
    desired_of(
        spec,
        &json!({"deletionTimestamp": "2026-01-01T11:00:00Z"}),
        &json!({}),
    )
}

fn endpoints() -> Endpoints {
    Endpoints {
        playback_url: "https://play".into(),
        ingest_endpoint: "in".into(),
        srt_endpoint: "srt".into(),
        srt_passphrase: Secret::new("p"),
    }
}

fn channel(desired: &Desired) -> Channel {
    Channel {
        arn: "channel".into(),
        tags: desired.tags.clone(),
        settings: desired.channel.clone(),
        endpoints: Some(endpoints()),
    }
}

fn room(desired: &Desired) -> Room {
    Room {
        arn: "room".into(),
        id: "r".into(),
        tags: desired.tags.clone(),
        settings: desired.room.clone().unwrap_or_default(),
        update_time: "t".into(),
    }
}

fn stream() -> Stream {
    Stream {
        channel_arn: "channel".into(),
        id: "st-1".into(),
        health: "HEALTHY".into(),
        viewers: Some(1),
        started_at: None,
    }
}

/// A world in which nothing is left to do.
fn converged(desired: &Desired) -> Observed {
    let mut observed = Observed {
        finalizer: true,
        channel: Seen::Listed(channel(desired)),
        endpoints: Some(endpoints()),
        room: desired
            .room
            .as_ref()
            .map_or(Seen::Absent, |_| Seen::Listed(room(desired))),
        stream: SeenStream::Offline,
        key: SeenKey::Known {
            arn: "key".into(),
            value: None,
        },
        published_key: Some("key".into()),
        status_channel: Some(ChannelStatus {
            arn: "channel".into(),
            playback_url: "https://play".into(),
            ingest_endpoint: "in".into(),
        }),
        secret: SeenSecret::Ours {
            key_arn: Some("key".into()),
        },
        record_may_exist: true,
        ..Observed::nothing()
    };
    let Some(Step::PutRecord(record)) = plan(desired, &observed, RULES, now()).steps.pop() else {
        panic!("an unregistered stream is registered")
    };
    observed.registered = Some(record.digest());
    observed
}

/// A world in which nothing exists.
fn empty() -> Observed {
    Observed {
        channel: Seen::Absent,
        room: Seen::Absent,
        secret: SeenSecret::Absent,
        stream: SeenStream::Offline,
        ..Observed::nothing()
    }
}

fn pending(age: i64, what: &[Kind]) -> SeenIntent {
    let at = now().checked_sub(age.seconds()).unwrap();
    SeenIntent::Pending(Intent {
        what: what.to_vec(),
        name: "n".into(),
        at,
    })
}

/// Short names of the steps, and reasons of waits and problems.
fn say(plan: &Plan) -> Vec<String> {
    let steps = plan.steps.iter().map(|step| {
        let text = format!("{step:?}");
        text.split([' ', '(']).next().unwrap().to_owned()
    });
    let waits = plan
        .waits
        .iter()
        .map(|wait| format!("wait:{}", wait.reason.as_str()));
    let problems = plan
        .problems
        .iter()
        .map(|problem| format!("problem:{}", problem.reason.as_str()));
    steps.chain(waits).chain(problems).collect()
}

#[track_caller]
fn expect(desired: &Desired, observed: &Observed, expected: &[&str]) -> Plan {
    let plan = plan(desired, observed, RULES, now());
    assert_eq!(say(&plan), expected, "{plan:#?}");
    plan
}

#[test]
fn a_converged_stream_needs_nothing() {
    for spec in [
        json!({}),
        json!({"chat": {"enabled": false}}),
        json!({"playback": {"access": "Private"}}),
    ] {
        let desired = desired(&spec);
        expect(&desired, &converged(&desired), &[]);
    }
}

#[test]
fn creation_goes_intent_first_then_both_then_secret_and_record() {
    let desired = desired(&json!({}));
    let mut observed = empty();
    let plan = expect(&desired, &observed, &["WriteIntent"]);
    let Step::WriteIntent { what, name } = &plan.steps[0] else {
        unreachable!()
    };
    assert_eq!(
        (what.as_slice(), name),
        (&[Kind::Channel, Kind::Room][..], &desired.identity.aws_name())
    );

    let intent = Intent {
        what: what.clone(),
        name: name.clone(),
        at: now(),
    };
    observed.learn(Fact::IntentWritten(Some(intent)));
    expect(&desired, &observed, &["CreateChannel", "CreateRoom"]);

    let key = crate::aws::model::StreamKey {
        arn: "key".into(),
        value: Secret::new("sk"),
    };
    observed.learn(Fact::ChannelCreated(channel(&desired), key));
    observed.learn(Fact::RoomCreated(room(&desired)));
    let plan = expect(&desired, &observed, &["PublishSecret", "PutRecord"]);
    let Step::PutRecord(record) = plan.steps[1].clone() else {
        unreachable!()
    };

    observed.learn(Fact::SecretPublished {
        key_arn: "key".into(),
    });
    observed.learn(Fact::Registered(record.digest()));
    expect(&desired, &observed, &[]);
}

#[test]
fn a_create_without_an_outcome_is_looked_for_until_it_cannot_show_up_any_more() {
    let desired = desired(&json!({}));
    for (intent, expected) in [
        (
            pending(10, &[Kind::Channel, Kind::Room]),
            vec!["wait:CreationPending", "wait:CreationPending"],
        ),
        (pending(10, &[Kind::Room]), vec!["wait:CreationPending"]),
        (pending(46, &[Kind::Channel, Kind::Room]), vec!["WriteIntent"]),
    ] {
        let observed = Observed {
            finalizer: true,
            intent,
            ..empty()
        };
        expect(&desired, &observed, &expected);
    }
}

#[test]
fn what_a_lost_answer_left_is_taken_and_not_made_again() {
    let desired = desired(&json!({}));
    let found = Channel {
        endpoints: None,
        ..channel(&desired)
    };
    let observed = Observed {
        finalizer: true,
        intent: pending(10, &[Kind::Channel, Kind::Room]),
        channel: Seen::Listed(found),
        room: Seen::Listed(room(&desired)),
        ..empty()
    };
    expect(&desired, &observed, &["ReadChannel", "FindKey"]);
}

#[test]
fn a_predecessors_resources_are_adopted() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    let mut old = channel(&desired);
    old.tags.insert(crate::crd::tags::UID.into(), "old".into());
    (observed.finalizer, observed.channel) = (false, Seen::Listed(old.clone()));
    expect(&desired, &observed, &["WriteIntent"]);
    observed.learn(Fact::IntentWritten(None));
    expect(&desired, &observed, &["ReadChannel"]);
    observed.learn(Fact::ChannelRead(old));
    let plan = expect(&desired, &observed, &["TagChannel"]);
    let Step::TagChannel { set, .. } = &plan.steps[0] else {
        unreachable!()
    };
    assert_eq!(set.get(crate::crd::tags::UID).map(String::as_str), Some("u"));
}

#[test]
fn what_belongs_to_somebody_else_is_left_alone() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    let (mut channel, mut room) = (channel(&desired), room(&desired));
    channel
        .tags
        .insert(crate::crd::tags::CLUSTER.into(), "other".into());
    channel.settings.insert(ChannelMember::Type, Value::text("BASIC"));
    room.tags.insert(crate::crd::tags::NAME.into(), "other".into());
    (observed.channel, observed.room) = (Seen::Read(channel), Seen::Read(room));
    expect(&desired, &observed, &["problem:NotOwned", "problem:NotOwned"]);

    let mut observed = converged(&desired);
    observed.secret = SeenSecret::Foreign;
    expect(&desired, &observed, &["problem:SecretNotOwned"]);
    observed.secret = SeenSecret::Predecessor;
    expect(&desired, &observed, &["DeleteSecret"]);
}

#[test]
fn an_import_that_does_not_exist_is_not_created() {
    let desired = desired(&json!({"import": {"channelArn": "arn:aws:ivs:us-east-1:1:channel/x"}}));
    let observed = Observed {
        finalizer: true,
        room: Seen::Listed(room(&desired)),
        ..empty()
    };
    expect(&desired, &observed, &["problem:ImportNotFound"]);
}

#[test]
fn drift_is_read_before_it_is_put_back() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    let (mut channel, mut room) = (channel(&desired), room(&desired));
    channel
        .settings
        .insert(ChannelMember::LatencyMode, Value::text("NORMAL"));
    channel.tags.remove(crate::crd::tags::UID);
    room.settings
        .insert(RoomMember::MaximumMessageLength, Value::Number(1));
    (observed.channel, observed.room) = (Seen::Listed(channel.clone()), Seen::Listed(room.clone()));
    expect(&desired, &observed, &["ReadChannel", "ReadRoom"]);
    (observed.channel, observed.room) = (Seen::Read(channel), Seen::Read(room));
    let plan = expect(&desired, &observed, &["TagChannel", "UpdateRoom"]);
    let Step::TagChannel { set, remove, .. } = plan.steps[0].clone() else {
        unreachable!()
    };
    observed.learn(Fact::ChannelTagged(set, remove));
    let plan = expect(&desired, &observed, &["UpdateChannel", "UpdateRoom"]);
    let Step::UpdateChannel { changes, .. } = &plan.steps[0] else {
        unreachable!()
    };
    assert_eq!(changes.len(), 1, "only what differs is sent");
}

#[test]
fn settings_that_nobody_asked_for_are_left_alone() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    let mut channel = channel(&desired);
    channel
        .settings
        .insert(ChannelMember::RecordingConfiguration, Value::text("arn"));
    channel.tags.insert("cost-centre".into(), "7".into());
    observed.channel = Seen::Read(channel);
    expect(&desired, &observed, &[]);
}

#[test]
fn a_change_waits_for_the_end_of_the_stream() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    let mut channel = channel(&desired);
    channel.settings.insert(ChannelMember::Type, Value::text("BASIC"));
    observed.channel = Seen::Read(channel);
    expect(&desired, &observed, &["UpdateChannel"]);
    // AWS knows better than the last list.
    observed.learn(Fact::ChannelIsLive);
    let plan = plan(&desired, &observed, RULES, now());
    assert!(
        plan.waits
            .iter()
            .any(|wait| wait.reason == Reason::ChannelLive && wait.blocks_ready),
        "{plan:#?}"
    );
}

#[test]
fn chat_switched_off_removes_the_room_and_no_other() {
    let desired = desired(&json!({"chat": {"enabled": false}}));
    let mut observed = converged(&desired);
    observed.room = Seen::Read(room(&desired));
    expect(&desired, &observed, &["DeleteRoom"]);
    let mut foreign = room(&desired);
    foreign.tags.clear();
    observed.room = Seen::Read(foreign);
    expect(&desired, &observed, &[]);
}

#[test]
fn the_secret_follows_the_key() {
    let desired = desired(&json!({}));
    let mut observed = converged(&desired);
    observed.key = SeenKey::Missing;
    expect(&desired, &observed, &["CreateKey"]);
    observed.key = SeenKey::Known {
        arn: "new".into(),
        value: None,
    };
    expect(&desired, &observed, &["ReadKey"]);
    observed.key = SeenKey::Known {
        arn: "new".into(),
        value: Some(Secret::new("sk")),
    };
    expect(&desired, &observed, &["PublishSecret"]);
    observed.endpoints = None;
    expect(&desired, &observed, &["ReadChannel"]);
}

#[test]
fn rotation_replaces_the_key_once_and_not_while_live_unless_forced() {
    let rotate = |force: &str| {
        let annotations = json!({"annotations": {
            "ivs-operator.dev/rotate-stream-key": "1", "ivs-operator.dev/force": force,
        }});
        desired_of(&json!({}), &annotations, &json!({}))
    };
    let desired = rotate("false");
    let mut observed = converged(&desired);
    expect(&desired, &observed, &["DeleteKey"]);
    observed.stream = SeenStream::Live(stream());
    let plan = plan(&desired, &observed, RULES, now());
    assert!(
        plan.waits.iter().any(|wait| !wait.blocks_ready),
        "the stream stays usable meanwhile: {plan:#?}"
    );
    assert!(!say(&plan).contains(&"DeleteKey".to_owned()));
    assert!(say(&super::plan(&rotate("true"), &observed, RULES, now())).contains(&"DeleteKey".to_owned()));
    // The channel's key is not the one in status any more: the wish was fulfilled before the status was written.
    observed.stream = SeenStream::Offline;
    observed.key = SeenKey::Known {
        arn: "new".into(),
        value: Some(Secret::new("sk")),
    };
    expect(&desired, &observed, &["PublishSecret"]);
}

#[test]
fn a_renamed_secret_replaces_the_old_one() {
    let status = json!({"ingest": {"server": "s", "secretName": "old"}});
    let desired = desired_of(&json!({"streamKey": {"secretName": "new"}}), &json!({}), &status);
    let mut observed = converged(&desired);
    observed.stale_secret = true;
    let plan = expect(&desired, &observed, &["DeleteStaleSecret"]);
    assert_eq!(plan.steps[0], Step::DeleteStaleSecret { name: "old".into() });
}

#[test]
fn a_failed_part_rests_and_the_others_go_on() {
    let desired = desired(&json!({}));
    let intent = SeenIntent::Fresh(Intent {
        what: vec![Kind::Channel, Kind::Room],
        name: "n".into(),
        at: now(),
    });
    let mut observed = Observed {
        finalizer: true,
        intent,
        ..empty()
    };
    observed.failures.push(crate::controller::observed::Failure {
        part: Part::Room,
        error: crate::controller::observed::StepError::Stale,
    });
    expect(&desired, &observed, &["CreateChannel"]);
}

#[test]
fn a_paused_stream_is_left_alone_but_can_be_deleted() {
    let paused = json!({"annotations": {"ivs-operator.dev/paused": "true"}});
    expect(&desired_of(&json!({}), &paused, &json!({})), &empty(), &[]);
    let both = json!({"annotations": {"ivs-operator.dev/paused": "true"}, "deletionTimestamp": "2026-01-01T11:00:00Z"});
    let observed = Observed {
        finalizer: true,
        ..empty()
    };
    expect(
        &desired_of(&json!({}), &both, &json!({})),
        &observed,
        &["Release"],
    );
}

#[test]
fn deletion_removes_channel_and_room_then_secret_and_record_then_the_finalizer() {
    let desired = deleted(&json!({}));
    let mut observed = converged(&self::desired(&json!({})));
    (observed.channel, observed.room) = (Seen::Read(channel(&desired)), Seen::Read(room(&desired)));
    expect(&desired, &observed, &["DeleteChannel", "DeleteRoom"]);
    observed.learn(Fact::ChannelGone);
    observed.learn(Fact::RoomGone);
    expect(&desired, &observed, &["DeleteSecret", "DeleteRecord"]);
    observed.learn(Fact::SecretGone);
    expect(&desired, &observed, &["DeleteRecord"]);
    observed.learn(Fact::RecordGone);
    expect(&desired, &observed, &["Release"]);
    observed.learn(Fact::Released);
    expect(&desired, &observed, &[]);
}

#[test]
fn a_live_channel_loses_its_key_then_its_stream_then_goes() {
    let desired = deleted(&json!({}));
    let mut observed = converged(&self::desired(&json!({})));
    observed.channel = Seen::Read(channel(&desired));
    observed.room = Seen::Absent;
    observed.stream = SeenStream::Live(stream());
    observed.key = SeenKey::Unknown;
    expect(&desired, &observed, &["FindKey", "wait:StoppingStream"]);
    observed.learn(Fact::KeyFound("key".into()));
    expect(&desired, &observed, &["DeleteKey", "wait:StoppingStream"]);
    observed.learn(Fact::KeyGone);
    expect(&desired, &observed, &["StopStream", "wait:StoppingStream"]);
    observed.learn(Fact::StreamStopped);
    expect(&desired, &observed, &["wait:StoppingStream"]);
    observed.stream = SeenStream::Offline;
    expect(&desired, &observed, &["DeleteChannel"]);
    // AWS's answer to a deletion that comes too early is a wait, not a failure.
    observed.learn(Fact::ChannelIsLive);
    expect(&desired, &observed, &["wait:StoppingStream"]);

    let wait = deleted(&json!({"deletion": {"whileLive": "Wait"}}));
    let mut observed = converged(&self::desired(&json!({})));
    observed.channel = Seen::Read(channel(&wait));
    (observed.room, observed.stream) = (Seen::Absent, SeenStream::Live(stream()));
    expect(&wait, &observed, &["wait:ChannelLive"]);
}

#[test]
fn retain_gives_channel_and_room_up_and_removes_the_rest() {
    let desired = deleted(&json!({"deletionPolicy": "Retain"}));
    let mut observed = converged(&self::desired(&json!({})));
    (observed.channel, observed.room) = (Seen::Read(channel(&desired)), Seen::Read(room(&desired)));
    observed.stream = SeenStream::Live(stream());
    let plan = expect(&desired, &observed, &["TagChannel", "TagRoom"]);
    for step in plan.steps {
        match step {
            Step::TagChannel { set, remove, .. } => observed.learn(Fact::ChannelTagged(set, remove)),
            Step::TagRoom { set, remove, .. } => observed.learn(Fact::RoomTagged(set, remove)),
            _ => unreachable!(),
        }
    }
    expect(&desired, &observed, &["DeleteSecret", "DeleteRecord"]);
}

#[test]
fn deletion_leaves_what_is_not_ours() {
    let desired = deleted(&json!({}));
    for change in [
        ("ivs-operator.dev/cluster", "other"),
        ("ivs-operator.dev/name", "other"),
    ] {
        let mut foreign = channel(&desired);
        foreign.tags.insert(change.0.into(), change.1.into());
        let observed = Observed {
            finalizer: true,
            channel: Seen::Read(foreign),
            secret: SeenSecret::Foreign,
            ..empty()
        };
        expect(&desired, &observed, &["Release"]);
    }
}

#[test]
fn an_object_that_never_created_anything_is_released_at_once() {
    let desired = deleted(&json!({}));
    expect(
        &desired,
        &Observed {
            finalizer: true,
            ..empty()
        },
        &["Release"],
    );
    expect(&desired, &empty(), &[]);
}

#[test]
fn deletion_does_not_release_while_something_is_not_known() {
    let desired = deleted(&json!({}));
    let known = Observed {
        finalizer: true,
        ..empty()
    };
    expect(
        &desired,
        &Observed {
            channel: Seen::Unknown,
            ..known.clone()
        },
        &[],
    );
    expect(
        &desired,
        &Observed {
            room: Seen::Unknown,
            ..known.clone()
        },
        &[],
    );
    expect(
        &desired,
        &Observed {
            secret: SeenSecret::Unknown,
            ..known.clone()
        },
        &[],
    );
    let created = Observed {
        intent: pending(10, &[Kind::Channel]),
        ..known
    };
    expect(&desired, &created, &["wait:CreationPending"]);
}
