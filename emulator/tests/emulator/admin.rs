//! Administration: health, state, reset, calls, settings, faults, streams.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Emulator, NO_CHANNEL, REGION, id};

#[tokio::test]
async fn health() {
    let emulator = Emulator::start().await;
    let health = emulator.get("health").await;
    assert_eq!(
        (&health["status"], &health["account"]),
        (&json!("ok"), &json!("123456789012"))
    );
    assert_eq!(
        health["publicUrl"],
        emulator.url.replace("127.0.0.1", "localhost")
    );
    assert_eq!(health["operations"].as_array().unwrap().len(), 26);
}

#[tokio::test]
async fn state_hides_nothing_but_chat_tokens() {
    let emulator = Emulator::start().await;
    let created = emulator
        .ivs
        .create_channel()
        .name("a")
        .tags("k", "v")
        .send()
        .await
        .unwrap();
    let (channel, key) = (created.channel.unwrap(), created.stream_key.unwrap());
    emulator.room("r").await;
    emulator
        .live(channel.arn().unwrap(), json!({"viewerCount": 2}))
        .await;
    let state = emulator.get("state").await;
    let shown = &state["channels"][0];
    assert_eq!(shown["arn"], channel.arn().unwrap());
    assert_eq!(
        (&shown["region"], &shown["live"], &shown["tags"]),
        (&json!(REGION), &json!(true), &json!({"k": "v"}))
    );
    assert_eq!(shown["streamKeys"][0]["value"], key.value().unwrap());
    assert_eq!(
        (&state["rooms"][0]["name"], &state["rooms"][0]["region"]),
        (&json!("r"), &json!(REGION))
    );
    assert_eq!(state["streams"][0]["channelArn"], channel.arn().unwrap());
    assert_eq!(state["streams"][0]["viewerCount"], 2);
}

#[tokio::test]
async fn the_call_log() {
    let emulator = Emulator::start().await;
    let arn = emulator.named_channel("a").await;
    emulator.ivs.get_channel().arn(&arn).send().await.unwrap();
    let _ = emulator.ivs.get_channel().arn(NO_CHANNEL).send().await;
    emulator.room("r").await;
    let log = emulator.get("calls").await;
    let calls = log["calls"].as_array().unwrap();
    let told: Vec<_> = calls
        .iter()
        .map(|call| {
            json!([
                call["service"],
                call["operation"],
                call["status"],
                call["error"],
                call["mutation"]
            ])
        })
        .collect();
    assert_eq!(
        told,
        [
            json!(["ivs", "CreateChannel", 200, null, true]),
            json!(["ivs", "GetChannel", 200, null, false]),
            json!(["ivs", "GetChannel", 404, "ResourceNotFoundException", false]),
            json!(["ivschat", "CreateRoom", 200, null, true]),
        ]
    );
    let create = &calls[0];
    assert_eq!(
        (&create["arn"], &create["name"]),
        (&json!(arn), &json!("a")),
        "a create knows what it created"
    );
    assert_eq!(
        (&create["accessKey"], &create["region"]),
        (&json!("AKTEST"), &json!(REGION))
    );
    assert!(create["time"].as_str().unwrap().ends_with('Z'));

    let seqs = |log: &Value| {
        log["calls"]
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["seq"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!((seqs(&log), &log["lastSeq"]), (vec![1, 2, 3, 4], &json!(4)));
    assert_eq!(seqs(&emulator.get("calls?since=2").await), [3, 4]);
    assert_eq!(seqs(&emulator.get("calls?operation=GetChannel").await), [2, 3]);
    assert_eq!(
        seqs(&emulator.get("calls?operation=CreateRoom,CreateChannel").await),
        [1, 4]
    );
    assert_eq!(seqs(&emulator.get("calls?since=1&mutation=true").await), [4]);
    assert_eq!(emulator.delete("calls").await, json!({"lastSeq": 4}));
    emulator.room("r").await;
    assert_eq!(
        seqs(&emulator.get("calls").await),
        [5],
        "numbers are never given twice"
    );
    emulator.set(json!({"callLogSize": 2})).await;
    for _ in 0..4 {
        emulator.room("r").await;
    }
    assert_eq!(seqs(&emulator.get("calls").await), [8, 9]);
}

#[tokio::test]
async fn reset() {
    let emulator = Emulator::start().await;
    let prepare = || async {
        emulator.channel().await;
        emulator.room("r").await;
        emulator.set(json!({"stopDelayMs": 5})).await;
        emulator
            .put(
                "faults/f",
                json!({"operation": "*", "effect": "throttle", "nth": 1000}),
            )
            .await;
    };
    let left = || async {
        let state = emulator.get("state").await;
        json!([
            state["channels"].as_array().unwrap().len() + state["rooms"].as_array().unwrap().len(),
            emulator.get("calls").await["calls"].as_array().unwrap().len(),
            emulator.get("settings").await["stopDelayMs"],
            emulator.get("faults").await["faults"].as_array().unwrap().len(),
        ])
    };
    prepare().await;
    assert_eq!(left().await, json!([2, 2, 5, 1]));
    emulator.post("reset?keep=calls,settings,faults").await;
    assert_eq!(left().await, json!([0, 2, 5, 1]));
    emulator.post("reset").await;
    assert_eq!(left().await, json!([0, 0, 2000, 0]));
    let (status, answer) = emulator.try_admin(Method::POST, "reset?keep=streams", None).await;
    assert_eq!(status, 400);
    assert!(answer["error"].as_str().unwrap().contains("streams"));
}

#[tokio::test]
async fn streams_by_id_and_by_arn() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    let answer = emulator
        .put(
            &format!("streams/{encoded}"),
            json!({"state": "OFFLINE", "health": "UNKNOWN"}),
        )
        .await;
    assert_eq!(
        (&answer["stream"]["state"], &answer["stream"]["health"]),
        (&json!("OFFLINE"), &json!("UNKNOWN"))
    );
    emulator.delete(&format!("streams/{}", id(&arn))).await;
    for (method, path) in [
        (Method::PUT, "streams/unknown"),
        (Method::DELETE, &*format!("streams/{}", id(&arn))),
    ] {
        let (status, answer) = emulator.try_admin(method, path, None).await;
        assert_eq!(status, 404, "{answer}");
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    for (method, path, body, status, named) in [
        (Method::PUT, "settings", json!({"listLag": 1}), 400, "listLagMs"),
        (
            Method::PUT,
            "settings",
            json!({"accountStatus": "Closed"}),
            400,
            "PendingVerification",
        ),
        (Method::PUT, "settings", json!([]), 400, "map"),
        (
            Method::PUT,
            "faults",
            json!({"faults": [{"operation": "Nope", "effect": "throttle"}]}),
            400,
            "Nope",
        ),
        (
            Method::PUT,
            "faults/a",
            json!({"operation": "*", "effect": "boom"}),
            400,
            "dropAfter",
        ),
        (
            Method::PUT,
            "faults/a",
            json!({"id": "b", "operation": "*", "effect": "throttle"}),
            400,
            "\"b\"",
        ),
        (
            Method::PUT,
            &*format!("streams/{}", id(&arn)),
            json!({"viewers": 1}),
            400,
            "viewerCount",
        ),
        (Method::DELETE, "faults/nope", Value::Null, 404, "nope"),
        (Method::GET, "nope", Value::Null, 404, "GET health"),
    ] {
        let (found, answer) = emulator.try_admin(method, path, Some(&body)).await;
        assert_eq!(found, status, "{path} {body}: {answer}");
        assert!(
            answer["error"].as_str().unwrap_or_default().contains(named),
            "{path} {body}: {answer}"
        );
    }
}
