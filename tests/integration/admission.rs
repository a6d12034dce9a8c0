//! What `kubectl apply` refuses, with words that help, and what it accepts: every rule both ways, by the real
//! apiserver.

use kube::api::{Patch, PatchParams, PostParams};
use serde_json::{Value, json};

use crate::world::{self, Space};

const DRY_RUN: PostParams = PostParams {
    dry_run: true,
    field_manager: None,
};

async fn admit(space: &Space<'_>, name: &str, spec: &Value) -> Result<(), String> {
    // As JSON, so that what the types could not even hold is sent too.
    let object = json!({
        "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": name, "namespace": space.name}, "spec": spec,
    });
    let resource = kube::api::ApiResource::erase::<ivs_operator::crd::LiveStream>(&());
    let api: kube::Api<kube::api::DynamicObject> =
        kube::Api::namespaced_with(space.world.client.clone(), &space.name, &resource);
    let object = serde_json::from_value(object).unwrap();
    api.create(&DRY_RUN, &object)
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:us-east-1:123456789012:{resource}")
}

fn numbered(count: usize, item: impl Fn(usize) -> Value) -> Value {
    (0..count).map(item).collect()
}

fn tags(count: usize) -> Value {
    (0..count)
        .map(|number| (format!("k{number}"), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[tokio::test]
async fn accepted() {
    let world = world::shared().await;
    let space = world.namespace("accepted").await;
    for spec in [
        json!({}),
        json!({"title": "ü".repeat(200), "description": "x".repeat(2000), "region": "ap-northeast-1"}),
        json!({"channel": {"type": "ADVANCED_HD", "preset": "CONSTRAINED_BANDWIDTH_DELIVERY"}}),
        json!({"channel": {"type": "BASIC", "latencyMode": "NORMAL", "insecureIngest": true}}),
        json!({"channel": {"type": "STANDARD", "containerFormat": "FRAGMENTED_MP4",
            "multitrackInput": {"enabled": true, "policy": "REQUIRE", "maximumResolution": "SD"}}}),
        json!({"channel": {"type": "BASIC", "multitrackInput": {"enabled": false}}}),
        json!({"channel": {
            "recordingConfigurationArn": arn("ivs", "recording-configuration/a"),
            "playbackRestrictionPolicyArn": arn("ivs", "playback-restriction-policy/a"),
            "adConfigurationArn": arn("ivs", "ad-configuration/a"),
            "failoverSlateConfigurationArn": arn("ivs", "failover-slate-configuration/a"),
        }}),
        json!({"playback": {"access": "Private"}}),
        json!({"chat": {"maximumMessageLength": 1, "maximumMessageRatePerSecond": 100, "sessionDurationMinutes": 180}}),
        json!({"chat": {"reviewHandler": {"lambdaArn": arn("lambda", "function:f"), "fallback": "DENY"},
            "loggingConfigurationArns": numbered(3, |n| json!(arn("ivschat", &format!("logging-configuration/{n}"))))}}),
        json!({"access": {"owners": [{"user": "a"}], "moderators": [{"group": "g"}], "viewers": []}}),
        json!({"access": {"viewers": numbered(100, |n| json!({"user": n.to_string()}))}}),
        json!({"streamKey": {"secretName": "my.key-1"}}),
        json!({"tags": tags(40)}),
        json!({"tags": {"Cost centre:ä/1=+-@.": "ünï 1"}}),
        json!({"import": {"channelArn": arn("ivs", "channel/a")}}),
        json!({"region": "us-east-1", "import": {"channelArn": arn("ivs", "channel/a"), "roomArn": arn("ivschat", "room/a")}}),
        json!({"deletionPolicy": "Retain", "deletion": {"whileLive": "Wait"}}),
    ] {
        assert_eq!(admit(&space, "a", &spec).await, Ok(()), "{spec}");
    }
    for name in ["a", "a.b.c", &"x".repeat(63)] {
        assert_eq!(admit(&space, name, &json!({})).await, Ok(()), "{name}");
    }
}

#[tokio::test]
async fn refused() {
    let world = world::shared().await;
    let space = world.namespace("refused").await;
    for (spec, words) in [
        (
            json!({"title": "x".repeat(201)}),
            "spec.title: Too long: may not be more than 200",
        ),
        (
            json!({"description": "x".repeat(2001)}),
            "spec.description: Too long: may not be more than 2000",
        ),
        (json!({"region": "Virginia"}), "spec.region"),
        (
            json!({"channel": {"type": "PREMIUM"}}),
            "supported values: \"BASIC\", \"STANDARD\", \"ADVANCED_SD\", \"ADVANCED_HD\"",
        ),
        (
            json!({"channel": {"latencyMode": "ULTRA"}}),
            "supported values: \"LOW\", \"NORMAL\"",
        ),
        (
            json!({"channel": {"preset": "HIGHER_BANDWIDTH_DELIVERY"}}),
            "preset goes with type ADVANCED_SD or ADVANCED_HD only",
        ),
        (
            json!({"channel": {"multitrackInput": {"enabled": true}}}),
            "needs type: STANDARD and containerFormat: FRAGMENTED_MP4",
        ),
        (
            json!({"channel": {"type": "BASIC", "containerFormat": "FRAGMENTED_MP4", "multitrackInput": {"enabled": true}}}),
            "needs type: STANDARD",
        ),
        (
            json!({"channel": {"recordingConfigurationArn": arn("ivs", "channel/a")}}),
            "spec.channel.recordingConfigurationArn",
        ),
        (
            json!({"channel": {"playbackRestrictionPolicyArn": "x"}}),
            "spec.channel.playbackRestrictionPolicyArn",
        ),
        (
            json!({"channel": {"adConfigurationArn": "x"}}),
            "spec.channel.adConfigurationArn",
        ),
        (
            json!({"channel": {"failoverSlateConfigurationArn": "x"}}),
            "spec.channel.failoverSlateConfigurationArn",
        ),
        (
            json!({"playback": {"access": "Secret"}}),
            "supported values: \"Public\", \"Private\"",
        ),
        (
            json!({"chat": {"maximumMessageLength": 501}}),
            "should be less than or equal to 500",
        ),
        (
            json!({"chat": {"maximumMessageLength": 0}}),
            "should be greater than or equal to 1",
        ),
        (
            json!({"chat": {"maximumMessageRatePerSecond": 101}}),
            "should be less than or equal to 100",
        ),
        (
            json!({"chat": {"sessionDurationMinutes": 181}}),
            "should be less than or equal to 180",
        ),
        (
            json!({"chat": {"reviewHandler": {"lambdaArn": "x"}}}),
            "spec.chat.reviewHandler.lambdaArn",
        ),
        (
            json!({"chat": {"reviewHandler": {}}}),
            "spec.chat.reviewHandler.lambdaArn: Required value",
        ),
        (
            json!({"chat": {"loggingConfigurationArns": ["x"]}}),
            "spec.chat.loggingConfigurationArns[0]",
        ),
        (
            json!({"chat": {"loggingConfigurationArns": numbered(4, |n| json!(arn("ivschat", &format!("logging-configuration/{n}"))))}}),
            "must have at most 3 items",
        ),
        (json!({"access": {"owners": [{}]}}), "write either user or group"),
        (
            json!({"access": {"moderators": [{"user": "a", "group": "b"}]}}),
            "write either user or group",
        ),
        (
            json!({"access": {"viewers": [{"user": ""}]}}),
            "spec.access.viewers[0].user",
        ),
        (
            json!({"access": {"viewers": numbered(101, |n| json!({"user": n.to_string()}))}}),
            "must have at most 100 items",
        ),
        (
            json!({"streamKey": {"secretName": "My_Key"}}),
            "spec.streamKey.secretName",
        ),
        (json!({"tags": tags(41)}), "must have at most 40 items"),
        (
            json!({"tags": {"aws:x": "y"}}),
            "must not begin with 'aws:' (reserved by AWS)",
        ),
        (
            json!({"tags": {"ivs-operator.dev/uid": "y"}}),
            "or 'ivs-operator.dev/' (reserved by the operator): choose another key",
        ),
        (
            json!({"tags": {"": "y"}}),
            "tag keys must have 1 to 128 characters",
        ),
        (
            json!({"tags": {"k".repeat(129): "y"}}),
            "tag keys must have 1 to 128 characters",
        ),
        (
            json!({"tags": {"k": "v".repeat(257)}}),
            "may not be more than 256",
        ),
        (
            json!({"tags": {"k!": "v"}}),
            "letters, digits, spaces and _ . : / = + - @ only",
        ),
        (
            json!({"tags": {"k": "v#"}}),
            "letters, digits, spaces and _ . : / = + - @ only",
        ),
        (json!({"import": {}}), "import needs channelArn, roomArn or both"),
        (json!({"import": {"channelArn": "x"}}), "spec.import.channelArn"),
        (
            json!({"import": {"roomArn": arn("ivs", "room/a")}}),
            "spec.import.roomArn",
        ),
        (
            json!({"chat": {"enabled": false}, "import": {"roomArn": arn("ivschat", "room/a")}}),
            "import.roomArn needs chat.enabled: true",
        ),
        (
            json!({"region": "eu-west-1", "import": {"channelArn": arn("ivs", "channel/a")}}),
            "import.channelArn must be in spec.region",
        ),
        (
            json!({"region": "eu-west-1", "import": {"roomArn": arn("ivschat", "room/a")}}),
            "import.roomArn must be in spec.region",
        ),
        (
            json!({"deletionPolicy": "Orphan"}),
            "supported values: \"Delete\", \"Retain\"",
        ),
        (
            json!({"deletion": {"whileLive": "Never"}}),
            "supported values: \"Stop\", \"Wait\"",
        ),
    ] {
        let refusal = admit(&space, "a", &spec).await.expect_err(&spec.to_string());
        assert!(refusal.contains(words), "{spec}: {refusal}");
    }
    let refusal = admit(&space, &"x".repeat(64), &json!({})).await.unwrap_err();
    assert!(
        refusal.contains("metadata.name must have at most 63 characters"),
        "{refusal}"
    );
}

#[tokio::test]
async fn what_cannot_change_is_refused_with_what_to_do_instead() {
    let world = world::shared().await;
    let space = world.namespace("immutable").await;
    // Paused, so that nothing is imported.
    for (name, spec, change, words) in [
        (
            "a",
            json!({}),
            json!({"region": "eu-west-1"}),
            "Create a new LiveStream in the other region and delete this one",
        ),
        (
            "b",
            json!({"region": "us-east-1"}),
            json!({"region": "eu-west-1"}),
            "region cannot be changed",
        ),
        (
            "c",
            json!({"region": "us-east-1"}),
            json!({"region": null}),
            "region cannot be changed",
        ),
        (
            "d",
            json!({}),
            json!({"import": {"channelArn": arn("ivs", "channel/a")}}),
            "import cannot be changed after creation",
        ),
        (
            "e",
            json!({"import": {"channelArn": arn("ivs", "channel/a")}}),
            json!({"import": null}),
            "import cannot be changed",
        ),
        (
            "f",
            json!({"import": {"channelArn": arn("ivs", "channel/a")}}),
            json!({"import": {"channelArn": arn("ivs", "channel/b")}}),
            "Create a new LiveStream to import something else",
        ),
    ] {
        let mut object = space.object(name, &spec);
        object.metadata.annotations =
            Some([("ivs-operator.dev/paused".to_owned(), "true".to_owned())].into());
        space
            .streams()
            .create(&PostParams::default(), &object)
            .await
            .unwrap();
        let patch = Patch::Merge(json!({"spec": change}));
        let refusal = space
            .streams()
            .patch(name, &PatchParams::default(), &patch)
            .await
            .unwrap_err()
            .to_string();
        assert!(refusal.contains(words), "{name}: {refusal}");
        // Everything else about it can change.
        space.patch(name, json!({"spec": {"title": "new"}})).await;
    }
}

#[tokio::test]
async fn a_new_object_is_in_progress_from_its_first_instant() {
    let world = world::shared().await;
    let space = world.namespace("newborn").await;
    let created = space.create("a", json!({})).await;
    assert_eq!(created.status.unwrap().observed_generation, -1);
}

#[tokio::test]
async fn explain_reads_like_documentation() {
    let world = world::shared().await;
    for (path, words) in [
        ("livestream", "kept true until the object is"),
        ("livestream.spec", "Who owns, moderates and views the stream"),
        (
            "livestream.spec.chat.sessionDurationMinutes",
            "in minutes, 1 to 180",
        ),
        ("livestream.status.ingest", "The stream key itself is in the"),
    ] {
        let text = world.env.kubectl(&["explain", path]).await.unwrap();
        assert!(text.contains(words), "{path}: {text}");
    }
}
