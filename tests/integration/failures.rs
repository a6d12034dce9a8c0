//! What goes wrong is said in words, costs little, and passes by itself when its cause does.

use devenv::{Part, Signal};
use kube::api::{Patch, PatchParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{self, condition, eventually, is_ready, message, stalls};

#[tokio::test]
async fn what_aws_refuses_is_said_with_its_reason_and_what_to_do() {
    let world = world::own("refusals").await;
    let space = world.namespace("refusals").await;
    for (name, effect, reason, words) in [
        ("quota", "quota402", "QuotaExceeded", "ask AWS to raise the quota"),
        (
            "denied",
            "accessDenied",
            "AccessDenied",
            "manifests/iam/controller.json",
        ),
        (
            "pending",
            "pendingVerification",
            "PendingVerification",
            "wait until AWS has verified the account",
        ),
    ] {
        world
            .fault(
                "refusal",
                &json!({"operation": "CreateChannel", "effect": effect}),
            )
            .await;
        space.create(name, json!({})).await;
        let object = space.until(name, stalls(reason)).await;
        let message = message(&object, "Stalled");
        assert!(
            message.contains("CreateChannel answered") && message.contains(words),
            "{message}"
        );
        assert_eq!(
            condition(&object, "ChatSynced").unwrap().0,
            "True",
            "the room does not wait for the channel"
        );
        assert_eq!(
            condition(&object, "Ready").unwrap(),
            ("False".into(), reason.into())
        );
        world.no_fault("refusal").await;
        // The cause is gone, and a user asks for another try.
        space
            .patch(
                name,
                json!({"metadata": {"annotations": {"ivs-operator.dev/reconcile-at": "1"}}}),
            )
            .await;
        let object = space.until(name, is_ready).await;
        assert!(condition(&object, "Stalled").is_none(), "not false but absent");
    }
    let events = space.events("quota").await;
    assert!(events.contains("QuotaExceeded"), "{events:?}");
}

#[tokio::test]
async fn a_broken_object_costs_few_calls() {
    let world = world::own("broken").await;
    let space = world.namespace("broken").await;
    world
        .fault(
            "broken",
            &json!({"operation": "Create*", "effect": "accessDenied"}),
        )
        .await;
    let seq = world.last_call().await;
    space.create("a", json!({})).await;
    space.until("a", stalls("AccessDenied")).await;
    let calls = async || {
        let (calls, _) = world.calls_since(seq).await;
        calls
            .iter()
            .filter(|call| {
                call["name"]
                    .as_str()
                    .is_some_and(|name| name.starts_with(&space.name))
            })
            .count()
    };
    let begun = calls().await;
    // Its own status and other events wake it; that is no reason to ask AWS again.
    for number in 0..5 {
        space
            .patch(
                "a",
                json!({"metadata": {"labels": {"touched": number.to_string()}}}),
            )
            .await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(calls().await, begun);
}

#[tokio::test]
async fn throttled_creates_are_tried_again_and_make_no_twin() {
    let world = world::own("throttled").await;
    let space = world.namespace("throttled").await;
    world
        .fault(
            "busy",
            &json!({"operation": "CreateRoom", "count": 3, "effect": "throttle"}),
        )
        .await;
    space.ready("a", json!({})).await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (1, 1));
}

#[tokio::test]
async fn parts_that_are_away_come_back_to_a_controller_that_goes_on() {
    let world = world::own("outages").await;
    let space = world.namespace("outages").await;
    space.ready("before", json!({})).await;
    let running = async || {
        let status = world.env.status().await.unwrap();
        status
            .into_iter()
            .find(|part| part.part == Part::Controller(1))
            .unwrap()
            .pid
    };
    let pid = running().await;
    for part in [Part::Emulator, Part::Dynamodb] {
        // Frozen: connections stay open and nothing answers, which is worse than a refusal.
        world.env.stop(part, Signal::STOP).await.unwrap();
        let name = format!("during-{part}");
        space.create(&name, json!({})).await;
        let reason = if part == Part::Emulator {
            "AwsUnavailable"
        } else {
            "RegistryUnavailable"
        };
        let told = |object: &_| condition(object, "Reconciling").is_some_and(|(_, why)| why == reason);
        space.until(&name, told).await;
        world.env.stop(part, Signal::CONT).await.unwrap();
        space.until(&name, is_ready).await;
    }
    world.env.stop(Part::Apiserver, Signal::TERM).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    world.env.start_part(Part::Apiserver).await.unwrap();
    space.ready("after", json!({})).await;
    assert_eq!(running().await, pid, "the controller did not restart");
    assert_eq!(
        (space.channels().await.len(), space.rooms().await.len()),
        (4, 4),
        "nothing lost, nothing twice"
    );
    for name in ["before", "during-emulator", "during-dynamodb", "after"] {
        space.delete(name).await;
    }
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (0, 0));
}

#[tokio::test]
async fn a_controller_that_is_killed_in_the_middle_goes_on_where_it_was() {
    let world = world::own("killed").await;
    let space = world.namespace("killed").await;
    // The answers come late enough for the kill to come between request and answer.
    world
        .fault(
            "slow",
            &json!({"operation": "Create*", "effect": "delay", "ms": 1500}),
        )
        .await;
    let seq = world.last_call().await;
    space.create("a", json!({})).await;
    let intent = |object: &ivs_operator::crd::LiveStream| {
        object
            .metadata
            .annotations
            .as_ref()
            .is_some_and(|all| all.contains_key("ivs-operator.dev/creation-intent"))
    };
    space.until("a", intent).await;
    eventually("both requests are on their way", async || {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        Ok::<(), String>(())
    })
    .await;
    world.env.stop(Part::Controller(1), Signal::KILL).await.unwrap();
    world.no_fault("slow").await;
    world.env.start_part(Part::Controller(1)).await.unwrap();
    space.until("a", is_ready).await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (1, 1));
    let (calls, _) = world.calls_since(seq).await;
    let creates: Vec<_> = calls
        .iter()
        .filter(|call| {
            call["applied"] == true
                && call["operation"]
                    .as_str()
                    .is_some_and(|name| name.starts_with("Create"))
        })
        .collect();
    assert_eq!(creates.len(), 2, "{creates:#?}");
}

#[tokio::test]
async fn a_standby_takes_over_from_a_leader_that_is_killed_or_frozen() {
    let world = world::replicated("failover", 2).await;
    let space = world.namespace("failover").await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(world.client.clone(), "ivs-system");
    let leader = async || {
        let lease = leases.get("ivs-operator-controller").await.unwrap();
        let holder = lease
            .spec
            .and_then(|spec| spec.holder_identity)
            .unwrap_or_default();
        Part::Controller(if holder.ends_with('1') { 1 } else { 2 })
    };
    space.ready("before", json!({})).await;
    for (name, signal) in [("killed", Signal::KILL), ("frozen", Signal::STOP)] {
        let old = leader().await;
        world.env.stop(old, signal).await.unwrap();
        // Made while nobody leads.
        space.ready(name, json!({})).await;
        assert_ne!(leader().await, old, "the other one leads");
        // The old one comes back, past its lease, and finds that it may not write.
        match signal {
            Signal::STOP => world.env.stop(old, Signal::CONT).await.unwrap(),
            _ => world.env.start_part(old).await.unwrap(),
        }
        space.ready(&format!("after-{name}"), json!({})).await;
    }
    assert_eq!(
        (space.channels().await.len(), space.rooms().await.len()),
        (5, 5),
        "no twin"
    );
}

#[tokio::test]
async fn a_controller_that_is_asked_to_stop_finishes_and_gives_its_lease_back() {
    let world = world::own("stopped").await;
    let space = world.namespace("stopped").await;
    space.ready("a", json!({})).await;
    let leases: kube::Api<k8s_openapi::api::coordination::v1::Lease> =
        kube::Api::namespaced(world.client.clone(), "ivs-system");
    let holder = async || {
        let lease = leases.get("ivs-operator-controller").await.unwrap();
        lease
            .spec
            .and_then(|spec| spec.holder_identity)
            .filter(|holder| !holder.is_empty())
    };
    assert!(holder().await.is_some());
    // A lease that somebody deletes is made again; nothing waits for a human.
    leases
        .delete("ivs-operator-controller", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    space.ready("c", json!({})).await;
    assert!(holder().await.is_some());
    space.delete("c").await;
    world.env.stop(Part::Controller(1), Signal::TERM).await.unwrap();
    assert_eq!(
        holder().await,
        None,
        "a standby need not wait for the lease to run out"
    );
    assert!(
        world.controller_log().contains("controller has stopped"),
        "{}",
        world.controller_log()
    );
    world.env.start_part(Part::Controller(1)).await.unwrap();
    space.ready("b", json!({})).await;
    // What was ready before is left alone by the one that comes after.
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (2, 2));
}

#[tokio::test]
async fn an_object_that_does_not_parse_harms_nobody() {
    let world = world::own("unparsable").await;
    let space = world.namespace("unparsable").await;
    // A schema of another time lets through what this version does not know.
    let crds: kube::Api<
        k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    > = kube::Api::all(world.client.clone());
    let name = "livestreams.ivs-operator.dev";
    let mut loose: Value = serde_json::to_value(crds.get(name).await.unwrap()).unwrap();
    let channel = &mut loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
        ["channel"];
    channel["properties"]["type"]
        .as_object_mut()
        .unwrap()
        .remove("enum");
    let patch = Patch::Merge(json!({"spec": loose["spec"]}));
    crds.patch(name, &PatchParams::default(), &patch).await.unwrap();
    let resource = kube::api::ApiResource::erase::<ivs_operator::crd::LiveStream>(&());
    let api: kube::Api<kube::api::DynamicObject> =
        kube::Api::namespaced_with(world.client.clone(), &space.name, &resource);
    let strange = json!({
        "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": "strange", "namespace": space.name}, "spec": {"channel": {"type": "HOLOGRAM"}},
    });
    eventually("the looser schema is in force", async || {
        api.create(
            &kube::api::PostParams::default(),
            &serde_json::from_value(strange.clone()).unwrap(),
        )
        .await
        .map(drop)
        .map_err(|error| error.to_string())
    })
    .await;
    space.ready("ordinary", json!({})).await;
    eventually("an event tells", async || {
        let events = space.events("strange").await;
        if events.contains("Invalid") {
            Ok(())
        } else {
            Err(format!("{events:?}"))
        }
    })
    .await;
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
    assert!(metrics.contains("ivs_operator_unparsable 1"), "{metrics}");
}

#[tokio::test]
async fn wrong_flags_are_named_before_anything_starts() {
    let program = env!("CARGO_BIN_EXE_ivs-operator");
    for (arguments, words) in [
        (
            &["controller", "--nonsense"][..],
            "unexpected argument '--nonsense'",
        ),
        (
            &["controller", "--registry=mysql"],
            "possible values: dynamodb, none",
        ),
        (&["controller", "--sweep-interval=0s"], "must be from 1s to 24h"),
        (
            &["controller", "--sweep-interval=soon"],
            "must be a duration such as 30s, 15m or 1h",
        ),
        (
            &["controller", "--region=Virginia"],
            "must be an AWS region such as us-east-1",
        ),
        (
            &["controller", "--cluster-id=a b"],
            "must be 1 to 63 of [a-zA-Z0-9.-]",
        ),
        (&["controller", "--listen=8080"], "invalid socket address"),
        (
            &["api", "--oidc-issuer=http://example.com"],
            "must begin with https://",
        ),
        (
            &["api", "--cors-origin=https://example.com/"],
            "without path or trailing slash",
        ),
        (
            &["api", "--chat-endpoint=https://example.com"],
            "must begin with wss:// or ws://",
        ),
        (&["nonsense"], "unrecognized subcommand"),
        (&[], "Usage:"),
    ] {
        let output = std::process::Command::new(program)
            .args(arguments)
            .env_clear()
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success() && told.contains(words),
            "{arguments:?}: {told}"
        );
    }
    let wrong = std::process::Command::new(program)
        .args(["controller"])
        .env_clear()
        .env("IVS_OPERATOR_RESYNC_INTERVAL", "never")
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&wrong.stderr).contains("--resync-interval"),
        "an environment variable is named too"
    );
    let nowhere = std::process::Command::new(program)
        .args(["controller"])
        .env_clear()
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("set KUBECONFIG or run in a cluster"));
}

#[tokio::test]
async fn without_credentials_the_status_says_so() {
    let world = world::own("credentials").await;
    world.env.stop(Part::Controller(1), Signal::TERM).await.unwrap();
    let space = world.namespace("credentials").await;
    space.create("a", json!({})).await;
    let mut controller = std::process::Command::new(env!("CARGO_BIN_EXE_ivs-operator"))
        .args([
            "controller",
            "--registry=none",
            "--leader-elect=false",
            "--listen=127.0.0.1:0",
        ])
        .env_clear()
        .env("KUBECONFIG", world.env.kubeconfig_path())
        .env("AWS_ENDPOINT_URL", world.env.emulator_url())
        // No instance asks the link-local address of a cloud that is not there.
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let object = space.until("a", stalls("CredentialsInvalid")).await;
    assert!(
        message(&object, "Stalled").contains("IRSA, Pod Identity"),
        "{}",
        message(&object, "Stalled")
    );
    controller.kill().unwrap();
    controller.wait().unwrap();
    let _ = world.emulator(Method::GET, "health", None).await;
}
