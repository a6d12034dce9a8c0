//! Faults: each effect, what it leaves behind, and what the log says about it.

use aws_sdk_ivs::config::retry::RetryConfig;
use ivs_emulator::Config;
use serde_json::{Value, json};

use crate::support::{Emulator, REGION, is, is_unanswered, refusal};

async fn channels(emulator: &Emulator) -> usize {
    emulator.get("state").await["channels"].as_array().unwrap().len()
}

#[tokio::test]
async fn effects() {
    let emulator = Emulator::start().await;
    for (effect, answer, applied) in [
        ("throttle", Some(is("ThrottlingException", 429)), false),
        ("error500Before", Some(is("InternalServerException", 500)), false),
        ("error500After", Some(is("InternalServerException", 500)), true),
        ("dropBefore", None, false),
        ("dropAfter", None, true),
        ("accessDenied", Some(is("AccessDeniedException", 403)), false),
        ("quota402", Some(is("ServiceQuotaExceededException", 402)), false),
        ("pendingVerification", Some(is("PendingVerification", 403)), false),
    ] {
        emulator.post("reset").await;
        emulator
            .spoil(json!([{"id": "f", "operation": "CreateChannel", "effect": effect, "nth": 1}]))
            .await;
        let result = emulator.ivs.create_channel().name("a").send().await;
        assert_eq!(is_unanswered(&result), answer.is_none(), "{effect}: {result:?}");
        let status = answer.as_ref().map_or(Value::Null, |(_, status)| json!(status));
        let name = answer.as_ref().map_or(Value::Null, |(name, _)| json!(name));
        if let Some(answer) = answer {
            assert_eq!(refusal(result), answer, "{effect}");
        }
        assert_eq!(channels(&emulator).await, usize::from(applied), "{effect}");
        let call = &emulator.calls("CreateChannel").await[0];
        assert_eq!(call["fault"], "f", "{effect}");
        assert_eq!(call["applied"], applied, "{effect}");
        assert_eq!((&call["status"], &call["error"]), (&status, &name), "{effect}");
        emulator.ivs.create_channel().send().await.expect("one call only");
    }
}

#[tokio::test]
async fn a_retry_after_a_lost_answer_makes_a_twin() {
    let emulator = Emulator::start().await;
    for (effect, twins) in [
        ("dropAfter", 2),
        ("error500After", 2),
        ("error500Before", 1),
        ("dropBefore", 1),
    ] {
        emulator.post("reset").await;
        emulator
            .spoil(json!([{"operation": "CreateChannel", "effect": effect, "nth": 1}]))
            .await;
        let client = emulator.ivs_with(REGION, RetryConfig::standard());
        client.create_channel().name("a").send().await.unwrap();
        assert_eq!(channels(&emulator).await, twins, "{effect}");
    }
}

#[tokio::test]
async fn rules_pick_their_calls() {
    let emulator = Emulator::start().await;
    let (one, two) = (
        emulator.named_channel("one").await,
        emulator.named_channel("two").await,
    );
    emulator.spoil(json!([{"id": "f", "operation": "GetChannel", "match": one, "effect": "throttle", "nth": 2, "count": 2}])).await;
    let mut passed = Vec::new();
    for arn in [&one, &two, &one, &two, &one, &one] {
        passed.push(emulator.ivs.get_channel().arn(arn).send().await.is_ok());
    }
    assert_eq!(passed, [true, true, false, true, false, true]);
    let fault = &emulator.get("faults").await["faults"][0];
    assert_eq!((&fault["seen"], &fault["fired"]), (&json!(4), &json!(2)));

    emulator
        .spoil(json!([{"operation": "CreateRoom", "match": "special", "effect": "error500Before"}]))
        .await;
    emulator.room("ordinary").await;
    assert!(
        emulator
            .chat
            .create_room()
            .name("special-1")
            .send()
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_delay_delays_only_its_call() {
    let emulator = Emulator::start().await;
    emulator
        .spoil(json!([{"operation": "GetChannel", "effect": "delay", "ms": 1000}]))
        .await;
    let arn = emulator.channel().await;
    let (slow, quick) = tokio::join!(
        emulator.ivs.get_channel().arn(&arn).send(),
        emulator.ivs.list_channels().send()
    );
    slow.unwrap();
    quick.unwrap();
    let calls = emulator.get("calls").await;
    let order: Vec<_> = calls["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["operation"])
        .collect();
    assert_eq!(
        order,
        ["CreateChannel", "ListChannels", "GetChannel"],
        "others do not wait"
    );
    assert!(
        emulator.calls("GetChannel").await[0]["durationMs"]
            .as_u64()
            .unwrap()
            >= 1000
    );
}

#[tokio::test]
async fn a_dropped_connection_does_not_hurt_others() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    emulator
        .spoil(json!([{"operation": "ListChannels", "effect": "dropBefore"}]))
        .await;
    for _ in 0..5 {
        let (dropped, read) = tokio::join!(
            emulator.ivs.list_channels().send(),
            emulator.ivs.get_channel().arn(&arn).send()
        );
        assert!(is_unanswered(&dropped));
        read.unwrap();
    }
}

#[tokio::test]
async fn single_rules_are_set_and_removed() {
    let emulator = Emulator::start().await;
    emulator
        .put("faults/a", json!({"operation": "*", "effect": "throttle"}))
        .await;
    emulator
        .put("faults/b", json!({"operation": "*", "effect": "throttle"}))
        .await;
    let ids = |answer: &Value| {
        let faults = answer["faults"].as_array().unwrap();
        faults
            .iter()
            .map(|fault| fault["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&emulator.get("faults").await), ["a", "b"]);
    assert_eq!(ids(&emulator.delete("faults/a").await), ["b"]);
    assert_eq!(ids(&emulator.delete("faults").await), Vec::<String>::new());
    emulator.ivs.list_channels().send().await.unwrap();
}

#[tokio::test]
async fn chaos_is_survived_by_a_client_that_retries_and_looks_first() {
    let emulator = Emulator::start_with(Config {
        chaos: true,
        seed: Some(7),
        ..Config::default()
    })
    .await;
    let health = emulator.get("health").await;
    assert_eq!(health["chaos"], true);
    emulator
        .set(json!({"quotas": {"callRates": false}, "listLagMs": 50, "readAfterWriteLagMs": 20}))
        .await;
    let client = emulator.ivs_with(REGION, RetryConfig::standard().with_max_attempts(8));
    for n in 0..30 {
        client
            .create_channel()
            .name(format!("c{n}"))
            .send()
            .await
            .unwrap();
    }
    assert!(channels(&emulator).await >= 30);
    let spoiled = emulator
        .calls("CreateChannel")
        .await
        .iter()
        .filter(|call| call["fault"].is_string())
        .count();
    assert!(spoiled > 0, "with this seed some calls are spoiled");
}
