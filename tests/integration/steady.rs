//! Steady state is silent.

use std::{path::Path, time::Duration};

use serde_json::{Value, json};

use crate::world;

/// Writes to Kubernetes that the audit log tells of from an offset on, by the operator: all but Leases and Events.
pub fn writes(audit: &Path, from: usize) -> Vec<String> {
    let log = std::fs::read_to_string(audit).unwrap();
    log[from..]
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["stage"] == "ResponseComplete")
        .filter(|event| {
            ["create", "update", "patch", "delete"]
                .iter()
                .any(|verb| event["verb"] == *verb)
        })
        .filter(|event| {
            let agent = event["userAgent"].as_str().unwrap_or_default();
            let user = event["user"]["username"].as_str().unwrap_or_default();
            user.contains("ivs-operator") || agent.starts_with("kube.rs") && !user.contains("admin")
        })
        .filter(|event| {
            !["leases", "events"]
                .iter()
                .any(|resource| event["objectRef"]["resource"] == *resource)
        })
        .map(|event| format!("{} {}", event["verb"], event["requestURI"]))
        .collect()
}

/// The same, once no more come: the log is written a little after the fact.
pub async fn settled_writes(audit: &Path, from: usize) -> Vec<String> {
    let mut last = Vec::new();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = writes(audit, from);
        if !now.is_empty() && now == last {
            return now;
        }
        last = now;
    }
}

#[tokio::test]
async fn ten_resync_periods_bring_no_mutation_and_no_write() {
    let world = world::own("steady").await;
    let space = world.namespace("steady").await;
    let specs = [
        json!({"title": "plain"}),
        json!({"chat": {"enabled": false}}),
        json!({"playback": {"access": "Private"}, "channel": {"type": "ADVANCED_SD", "preset": "HIGHER_BANDWIDTH_DELIVERY"}}),
        json!({"tags": {"team": "x"}, "channel": {"containerFormat": "FRAGMENTED_MP4",
            "multitrackInput": {"enabled": true}}}),
    ];
    for (number, spec) in specs.iter().enumerate() {
        space.ready(&format!("s{number}"), spec.clone()).await;
    }
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/examples");
    world
        .env
        .kubectl(&["apply", "-f", examples.to_str().unwrap()])
        .await
        .unwrap();
    let all = [
        "wait",
        "livestreams",
        "--all",
        "-n",
        "demo",
        "--for=condition=Ready",
        "--timeout=60s",
    ];
    world.env.kubectl(&all).await.unwrap();
    // The writes that made them ready are still being told about.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let audit = world.env.audit_log_path();
    let (seq, from) = (
        world.last_call().await,
        std::fs::read_to_string(&audit).unwrap().len(),
    );
    // Ten times the resync of 3 s.
    tokio::time::sleep(Duration::from_secs(30)).await;
    let (calls, _) = world.calls_since(seq).await;
    let mutations: Vec<_> = calls.iter().filter(|call| call["mutation"] == true).collect();
    assert!(mutations.is_empty(), "{mutations:#?}");
    assert!(
        calls
            .iter()
            .filter(|call| call["operation"] == "ListChannels")
            .count()
            >= 20,
        "the sweeps went on"
    );
    let writes = writes(&audit, from);
    assert!(writes.is_empty(), "{writes:#?}");
    let metrics = format!("{}/metrics", world.env.controller_url(1));
    let metrics = world
        .http
        .get(metrics)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("ivs_operator_reconciles_total{outcome=\"unchanged\"}"),
        "{metrics}"
    );
    let direct: Vec<_> = calls
        .iter()
        .map(|call| call["operation"].as_str().unwrap_or_default())
        .filter(|operation| {
            [
                "GetChannel",
                "GetRoom",
                "GetStream",
                "GetStreamKey",
                "ListStreamKeys",
            ]
            .contains(operation)
        })
        .collect();
    assert!(direct.is_empty(), "lists are enough: {direct:?}");
}
