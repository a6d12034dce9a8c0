//! What goes over the wire: statuses, headers, bodies, and requests that no SDK would send.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::{Emulator, id};

fn header(response: &Response, name: &str) -> String {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap().to_owned())
        .unwrap_or_default()
}

#[tokio::test]
async fn success() {
    let emulator = Emulator::start().await;
    let response = emulator
        .raw("ivs", Method::POST, "/CreateChannel")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(header(&response, "x-amzn-requestid").len(), 36);
    let body: Value = response.json().await.unwrap();
    let arn = body["channel"]["arn"].clone();

    let list = emulator
        .raw("ivs", Method::POST, "/ListChannels")
        .body("{}")
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(list.get("nextToken"), None, "absent, not null");
    let mut members: Vec<_> = list["channels"][0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "adConfigurationArn",
            "arn",
            "authorized",
            "failoverSlateConfigurationArn",
            "insecureIngest",
            "latencyMode",
            "name",
            "playbackRestrictionPolicyArn",
            "preset",
            "recordingConfigurationArn",
            "tags",
            "type",
        ]
    );

    let delete = emulator
        .raw("ivs", Method::POST, "/DeleteChannel")
        .json(&json!({"arn": arn}));
    let response = delete.send().await.unwrap();
    assert_eq!(response.status(), 204);
    assert_eq!(response.bytes().await.unwrap().len(), 0);
}

#[tokio::test]
async fn absent_null_empty_and_unknown_members() {
    let emulator = Emulator::start().await;
    for body in [
        "",
        "{}",
        r#"{"name":null}"#,
        r#"{"tags":{},"name":""}"#,
        r#"{"no":{"such":"member"}}"#,
    ] {
        let response = emulator
            .raw("ivs", Method::POST, "/CreateChannel")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200, "{body}");
    }
}

const INVALID: (u16, &str) = (400, "ValidationException");
const TOO_LARGE: (u16, &str) = (413, "RequestEntityTooLargeException");
const UNKNOWN: (u16, &str) = (404, "UnknownOperationException");
const UNSIGNED: (u16, &str) = (403, "IncompleteSignature");

#[tokio::test]
async fn refusals() {
    let emulator = Emulator::start().await;
    let huge = " ".repeat(1024 * 1024 + 1);
    let cases = [
        ("ivs", Method::POST, "/CreateChannel", "{", INVALID),
        ("ivs", Method::POST, "/CreateChannel", "[]", INVALID),
        ("ivs", Method::POST, "/GetChannel", "{}", INVALID),
        ("ivs", Method::POST, "/CreateChannel", &huge, TOO_LARGE),
        ("ivs", Method::GET, "/CreateChannel", "", UNKNOWN),
        ("ivs", Method::POST, "/createChannel", "{}", UNKNOWN),
        ("ivs", Method::POST, "/CreateRoom", "{}", UNKNOWN),
        ("ivs", Method::POST, "/PutMetadata", "{}", UNKNOWN),
        ("ivs", Method::POST, "/", "{}", UNKNOWN),
        ("ivs", Method::PATCH, "/tags/x", "{}", UNKNOWN),
        ("ivschat", Method::POST, "/SendEvent", "{}", UNKNOWN),
        ("s3", Method::POST, "/CreateChannel", "{}", UNSIGNED),
    ];
    let count = cases.len();
    for (service, method, path, body, expected) in cases {
        let request = emulator.raw(service, method, path).body(body.to_owned());
        check_refusal(request.send().await.unwrap(), expected, service != "ivschat").await;
    }
    let unsigned = emulator
        .http
        .post(format!("{}/CreateChannel", emulator.url))
        .body("{}");
    check_refusal(unsigned.send().await.unwrap(), UNSIGNED, true).await;
    let calls = emulator.get("calls").await;
    assert_eq!(
        calls["calls"].as_array().unwrap().len(),
        count + 1,
        "refused calls are logged, too"
    );
}

async fn check_refusal(response: Response, (status, name): (u16, &str), as_ivs: bool) {
    let url = response.url().path().to_owned();
    assert_eq!(response.status().as_u16(), status, "{url}");
    assert_eq!(header(&response, "x-amzn-errortype"), name, "{url}");
    assert_eq!(header(&response, "x-amzn-requestid").len(), 36, "{url}");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["__type"], name, "{url}");
    assert!(body["message"].is_string(), "{url}");
    assert_eq!(body.get("exceptionMessage").is_some(), as_ivs, "{url}");
}

#[tokio::test]
async fn a_missing_member_is_named_as_aws_names_it() {
    let emulator = Emulator::start().await;
    let response = emulator
        .raw("ivs", Method::POST, "/GetStream")
        .body("{}")
        .send()
        .await
        .unwrap();
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["exceptionMessage"],
        "GetStream.channelArn is a required attribute"
    );
}

#[tokio::test]
async fn playback_while_offline() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    let channel = emulator
        .ivs
        .get_channel()
        .arn(&arn)
        .send()
        .await
        .unwrap()
        .channel
        .unwrap();
    let response = emulator
        .http
        .get(channel.playback_url().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(header(&response, "access-control-allow-origin"), "*");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body[0]["error_code"], "transcode_does_not_exist");
    assert!(body[0]["url"].as_str().unwrap().contains(id(&arn)));
}
