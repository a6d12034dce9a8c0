//! The command: flags, environment, what it says, and how it stops.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ivs-emulator"));
    command
        .args(args)
        .kill_on_drop(true)
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// Starts it on a free port and reads from its log where it listens.
async fn start(args: &[&str]) -> (Child, String) {
    let mut child = command(args).args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, rest)) = line.split_once(" ready address=") {
            let address = rest.split(' ').next().unwrap().to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (child, address);
        }
    }
    panic!("it ended without saying where it listens");
}

#[tokio::test]
async fn it_says_where_it_listens_and_stops_when_told() {
    for signal in ["TERM", "INT"] {
        let (mut child, address) = start(&["--account", "210987654321"]).await;
        // An open connection must not keep it from stopping.
        let client = reqwest::Client::new();
        let health = client
            .get(format!("http://{address}/_emulator/health"))
            .send()
            .await
            .unwrap();
        let health: serde_json::Value = health.json().await.unwrap();
        assert_eq!(health["account"], "210987654321");
        let id = child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .await
                .unwrap()
                .success()
        );
        assert!(child.wait().await.unwrap().success(), "{signal}");
    }
}

#[tokio::test]
async fn mistakes_are_named() {
    for (args, named) in [
        (vec!["--chaso"], "--chaos"),
        (vec!["--account", "12"], "12 digits"),
        (vec!["--seed", "x"], "--seed <NUMBER>"),
        (vec!["--public-url", "localhost"], "--public-url <URL>"),
        (vec!["--listen", "nowhere"], "127.0.0.1:4570"),
    ] {
        let output = command(&args).output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(named),
            "{args:?}: {said}"
        );
    }
    let output = command(&[])
        .env("IVS_EMULATOR_CHOAS", "true")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    assert!(
        said.contains("IVS_EMULATOR_CHOAS") && said.contains("IVS_EMULATOR_CHAOS,"),
        "{said}"
    );
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let (_running, address) = start(&[]).await;
    let output = command(&["--listen", &address]).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains(&address), "{said}");
}
