//! The environment's parts, started for real and asked through real clients.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed test says so by panicking"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use devenv::{Environment, Error, Part, Signal};
use serde_json::{Value, json};

const PARTS: [Part; 5] = [
    Part::Etcd,
    Part::Apiserver,
    Part::ControllerManager,
    Part::Dynamodb,
    Part::Oidc,
];

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[tokio::test]
async fn the_foreign_parts_do_their_work_and_leave_nothing_behind() {
    let env = Environment::builder(folder("foreign-parts"))
        .parts(PARTS)
        .start()
        .await
        .unwrap();
    let pids: Vec<u32> = env
        .status()
        .await
        .unwrap()
        .into_iter()
        .map(|part| {
            assert_eq!(part.ready, Ok(()), "{}", part.part);
            part.pid.unwrap()
        })
        .collect();
    assert_eq!(pids.len(), PARTS.len());

    kubernetes_garbage_collects(&env).await;
    kubernetes_enforces_permissions_and_pod_security(&env).await;
    the_audit_log_counts_writes(&env).await;
    dynamodb_keeps_an_item(&env).await;
    let token = oidc_signs_demo_users_in(&env).await;
    nothing_listens_beyond_loopback(&pids);

    // A part may die and come back: Kubernetes has kept its objects, and tokens are still signed by a known key.
    env.stop(Part::Etcd, Signal::KILL).await.unwrap();
    env.start_part(Part::Etcd).await.unwrap();
    env.restart(Part::Oidc).await.unwrap();
    assert!(keys(&env).await.contains(&key_id(&token)));
    eventually(async || env.kubectl(&["get", "configmap", "kept"]).await.map(drop)).await;

    drop(env);
    for pid in pids {
        assert!(!runs(pid), "{pid} still runs");
    }
}

async fn kubernetes_garbage_collects(env: &Environment) {
    env.kubectl(&["create", "configmap", "owner"]).await.unwrap();
    env.kubectl(&["create", "configmap", "kept"]).await.unwrap();
    let uid = env
        .kubectl(&["get", "configmap", "owner", "-o", "jsonpath={.metadata.uid}"])
        .await
        .unwrap();
    let owned = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owned", "namespace": "default",
        "ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}]},
    });
    env.apply(&owned.to_string()).await.unwrap();
    env.kubectl(&["delete", "configmap", "owner"]).await.unwrap();
    env.kubectl(&["wait", "--for=delete", "configmap/owned", "--timeout=30s"])
        .await
        .unwrap();
}

async fn kubernetes_enforces_permissions_and_pod_security(env: &Environment) {
    let allowed = |account: &'static str| async move {
        let user = format!("--as=system:serviceaccount:default:{account}");
        env.kubectl(&["auth", "can-i", "get", "secrets", &user])
            .await
            .is_ok()
    };
    assert!(!allowed("nobody").await);
    env.kubectl(&["create", "role", "reader", "--verb=get", "--resource=secrets"])
        .await
        .unwrap();
    let binding = [
        "create",
        "rolebinding",
        "reader",
        "--role=reader",
        "--serviceaccount=default:somebody",
    ];
    env.kubectl(&binding).await.unwrap();
    eventually(async || {
        if allowed("somebody").await {
            Ok(())
        } else {
            Err("not allowed yet")
        }
    })
    .await;

    env.kubectl(&["create", "namespace", "strict"]).await.unwrap();
    let label = [
        "label",
        "namespace",
        "strict",
        "pod-security.kubernetes.io/enforce=restricted",
    ];
    env.kubectl(&label).await.unwrap();
    let pod = ["run", "root", "-n", "strict", "--image=x"];
    let refusal = env.kubectl(&pod).await.unwrap_err().to_string();
    assert!(refusal.contains("PodSecurity"), "{refusal}");
}

async fn the_audit_log_counts_writes(env: &Environment) {
    let writes = || {
        let text = std::fs::read_to_string(env.audit_log_path()).unwrap();
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        events
            .filter(|event| event["verb"] == "create" && event["objectRef"]["name"] == "audited")
            .count()
    };
    assert_eq!(writes(), 0);
    env.kubectl(&["create", "configmap", "audited"]).await.unwrap();
    assert_eq!(writes(), 1);
}

async fn dynamodb_keeps_an_item(env: &Environment) {
    let call = |operation: &'static str, body: Value| async move {
        let response = reqwest::Client::new()
            .post(env.dynamodb_url())
            .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
            .header("content-type", "application/x-amz-json-1.0")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, \
                 SignedHeaders=host, Signature=0",
            )
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        assert!(
            response.status().is_success(),
            "{operation}: {}",
            response.text().await.unwrap()
        );
        response.json::<Value>().await.unwrap()
    };
    call(
        "CreateTable",
        json!({"TableName": "things", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}),
    )
    .await;
    call(
        "PutItem",
        json!({"TableName": "things", "Item": {"pk": {"S": "a"}, "n": {"N": "1"}}}),
    )
    .await;
    let found = call(
        "GetItem",
        json!({"TableName": "things", "Key": {"pk": {"S": "a"}}}),
    )
    .await;
    assert_eq!(found["Item"]["n"]["N"], "1");
}

async fn oidc_signs_demo_users_in(env: &Environment) -> String {
    for (user, groups) in [
        ("alice", json!(["creators"])),
        ("mia", json!(["moderators"])),
        ("bob", json!([])),
    ] {
        let token = env.token(user).await.unwrap();
        let claims = decoded(token.split('.').nth(1).unwrap());
        assert_eq!(claims["sub"], user);
        assert_eq!(claims["preferred_username"], user);
        assert_eq!(claims["groups"], groups);
        assert_eq!(claims["aud"], "ivs-operator-api");
        assert_eq!(claims["iss"], env.oidc_issuer());
        assert!(keys(env).await.contains(&key_id(&token)));
    }
    let refusal = env.token("mallory").await.unwrap_err().to_string();
    assert!(refusal.contains("alice, mia and bob"), "{refusal}");
    env.token("alice").await.unwrap()
}

async fn keys(env: &Environment) -> Vec<String> {
    let configuration = format!("{}/.well-known/openid-configuration", env.oidc_issuer());
    let configuration: Value = reqwest::get(configuration).await.unwrap().json().await.unwrap();
    assert_eq!(configuration["issuer"], env.oidc_issuer());
    let set = configuration["jwks_uri"].as_str().unwrap();
    let set: Value = reqwest::get(set).await.unwrap().json().await.unwrap();
    set["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

fn key_id(token: &str) -> String {
    decoded(token.split('.').next().unwrap())["kid"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn decoded(part: &str) -> Value {
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(part)
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Reads the kernel's tables: addresses of sockets that listen (state 0A) and belong to our processes.
fn nothing_listens_beyond_loopback(pids: &[u32]) {
    let mut seen = 0;
    for pid in pids {
        let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
            .filter_map(|link| {
                Some(
                    link.to_str()?
                        .strip_prefix("socket:[")?
                        .strip_suffix(']')?
                        .to_owned(),
                )
            })
            .collect();
        for (table, loopback) in [
            ("tcp", vec!["0100007F"]),
            // ::1, and 127.0.0.1 as an IPv6 address.
            (
                "tcp6",
                vec![
                    "00000000000000000000000001000000",
                    "0000000000000000FFFF00000100007F",
                ],
            ),
        ] {
            for line in std::fs::read_to_string(format!("/proc/net/{table}"))
                .unwrap()
                .lines()
                .skip(1)
            {
                let fields: Vec<&str> = line.split_whitespace().collect();
                if fields[3] == "0A" && sockets.iter().any(|inode| inode == fields[9]) {
                    seen += 1;
                    let (address, _) = fields[1].split_once(':').unwrap();
                    assert!(loopback.contains(&address), "pid {pid} listens on {}", fields[1]);
                }
            }
        }
    }
    // etcd has two; none would mean that the test does not see anything.
    assert_eq!(seen, PARTS.len() + 1);
}

/// Whether a process runs. One that has ended stays in the table as `Z` until its parent has asked for it, and as `X`
/// for the moment in which it is taken out.
fn runs(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        let state = stat.rsplit_once(')').unwrap().1.trim_start();
        !state.starts_with(['Z', 'X'])
    })
}

async fn eventually<E: std::fmt::Display>(check: impl AsyncFn() -> Result<(), E>) {
    let start = Instant::now();
    while let Err(error) = check().await {
        assert!(start.elapsed() < Duration::from_secs(30), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_part_that_does_not_come_up_is_named_with_its_log() {
    // Stands for an emulator that cannot start; it does not know the flags it is given.
    let error = Environment::builder(folder("broken-part"))
        .parts([Part::Emulator])
        .emulator_binary("/bin/mkdir")
        .start()
        .await
        .err()
        .unwrap();
    assert!(
        matches!(
            error,
            Error::Ended {
                part: Part::Emulator,
                ..
            }
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains("emulator ended while starting"), "{text}");
    assert!(text.contains("broken-part/logs/emulator.log"), "{text}");
    assert!(text.contains("unrecognized option"), "{text}");
}

/// The command leaves its environment up, finds it again, and ends it.
#[test]
fn the_command_keeps_an_environment_between_its_runs() {
    let dir = folder("command");
    let devenv = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_devenv"))
            .args(args)
            .arg("--run-dir")
            .arg(&dir)
            .env_remove("KUBECONFIG")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    devenv(&["down"]);
    let (ok, _, error) = devenv(&["status"]);
    assert!(!ok && error.contains("devenv up"), "{error}");

    let up = ["up", "--parts", "oidc"];
    let (ok, first, error) = devenv(&up);
    assert!(ok, "{error}");
    let pid = |table: &str| {
        let line = table.lines().find(|line| line.starts_with("oidc ")).unwrap();
        line.split_whitespace().nth(2).unwrap().parse::<u32>().unwrap()
    };
    let (ok, second, _) = devenv(&up);
    assert!(ok);
    assert_eq!(pid(&first), pid(&second), "a second `up` changes nothing");

    let (ok, token, error) = devenv(&["token", "alice"]);
    assert!(ok && token.trim().split('.').count() == 3, "{error}");
    assert!(
        std::fs::read_to_string(dir.join("env"))
            .unwrap()
            .contains("export OIDC_ISSUER='http://localhost:")
    );

    assert!(devenv(&["stop", "oidc", "--signal", "KILL"]).0);
    assert!(!runs(pid(&first)));
    assert!(!devenv(&["status"]).0);
    assert!(devenv(&["start", "oidc"]).0);
    let (ok, third, _) = devenv(&["status"]);
    assert!(ok && pid(&third) != pid(&first));
    let (ok, _, error) = devenv(&["restart", "kubelet"]);
    assert!(!ok && error.contains("parts are etcd, apiserver"), "{error}");

    assert!(devenv(&["down"]).0);
    assert!(!runs(pid(&third)));
    assert!(dir.join("logs/oidc.log").exists());
    assert!(!dir.join("state.json").exists());
}

/// Tells the second process of the test below to be the holder.
const HOLD: &str = "DEVENV_TEST_HOLD";

async fn hold_an_environment() {
    let env = Environment::builder(folder("killed-holder"))
        .parts([Part::Oidc])
        .start()
        .await
        .unwrap();
    println!("pid {}", env.status().await.unwrap()[0].pid.unwrap());
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn nothing_outlives_a_holder_that_is_killed() {
    if std::env::var_os(HOLD).is_some() {
        return hold_an_environment().await;
    }
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "nothing_outlives_a_holder_that_is_killed",
            "--nocapture",
        ])
        .env(HOLD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = BufReader::new(holder.stdout.take().unwrap())
        .lines()
        .find_map(|line| line.unwrap().rsplit_once("pid ")?.1.parse::<u32>().ok())
        .unwrap();
    assert!(runs(pid));
    // SIGKILL: nothing of ours gets to run.
    holder.kill().unwrap();
    holder.wait().unwrap();
    let start = Instant::now();
    while runs(pid) {
        assert!(start.elapsed() < Duration::from_secs(5), "{pid} still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}
