//! Every route through the router: what is granted, each refusal, and what a broken request gets.

mod bounds;
mod signed_in;

use std::{path::PathBuf, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{Request, Response},
};
use kube::runtime::watcher;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::crd::LiveStream;

fn options(client_dir: Option<PathBuf>) -> ApiOptions {
    ApiOptions {
        listen: "127.0.0.1:0".parse().unwrap(),
        region: "us-east-1".into(),
        oidc_issuers: vec!["http://localhost:9".into()],
        oidc_audiences: vec!["api".into()],
        oidc_client_id: Some("web".into()),
        oidc_groups_claim: "groups".into(),
        client_dir,
        chat_endpoint: Some("ws://localhost:4570".parse().unwrap()),
        cors_origins: vec!["https://shop.example".parse().unwrap()],
        watch_namespaces: Vec::new(),
        public_url: None,
    }
}

fn stream(name: &str, spec: &Value, live: bool) -> LiveStream {
    serde_json::from_value(json!({
        "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
        "metadata": {"name": name, "namespace": "shows"}, "spec": spec,
        "status": {
            "chat": {"arn": format!("arn:aws:ivschat:us-east-1:1:room/{name}"), "id": name},
            "channel": {"arn": "c", "playbackUrl": "https://play/x.m3u8", "ingestEndpoint": "in"},
            "stream": {"state": if live { "LIVE" } else { "OFFLINE" }},
            "conditions": [{
                "type": "Ready", "status": "True", "reason": "Ready", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
        },
    }))
    .unwrap()
}

async fn app_with(options: ApiOptions) -> Router {
    // An address where nobody listens: a test that reaches AWS fails at once.
    let mut registry = prometheus_client::registry::Registry::default();
    let aws = Aws::connect("us-east-1", AwsMetrics::register(&mut registry)).await;
    let streams = Arc::new(Streams::default());
    streams.take(&None, watcher::Event::Init);
    for object in [
        stream("open", &json!({"title": "Open house"}), true),
        stream("quiet", &json!({"chat": {"anonymousRead": false}}), false),
        stream(
            "members",
            &json!({"access": {"viewers": [{"group": "members"}]}}),
            false,
        ),
        stream("silent", &json!({"chat": {"enabled": false}}), false),
    ] {
        streams.take(
            &None,
            watcher::Event::InitApply(kube::core::DeserializeGuard(Ok(object))),
        );
    }
    streams.take(&None, watcher::Event::InitDone);
    router(AppState::new(options, aws, streams, registry).unwrap())
}

async fn app() -> Router {
    app_with(options(None)).await
}

async fn send(app: Router, request: Request<Body>) -> (Response<()>, Value) {
    let (parts, body) = app.oneshot(request).await.unwrap().into_parts();
    let bytes = to_bytes(body, 1 << 23).await.unwrap();
    let json =
        serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    (Response::from_parts(parts, ()), json)
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

fn post(path: &str, body: &str) -> Request<Body> {
    let request = Request::post(path).header("content-type", "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

#[track_caller]
fn assert_problem(response: &Response<()>, body: &Value, status: u16, slug: &str) {
    assert_eq!(response.status().as_u16(), status, "{body}");
    assert_eq!(body["type"], format!("/problems/{slug}"), "{body}");
    assert_eq!(body["status"], status, "{body}");
    assert_eq!(response.headers()["content-type"], "application/problem+json");
}

#[tokio::test]
async fn a_guest_sees_public_streams_live_first() {
    let (response, body) = send(app().await, get("/api/streams")).await;
    assert_eq!(response.status(), 200, "{body}");
    let names: Vec<_> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["open", "quiet", "silent"]);
    assert_eq!(body["items"][0]["state"], "LIVE");
    assert_eq!(body["items"][0]["role"], "guest");
    assert_eq!(body["items"][0]["chatEndpoint"], "ws://localhost:4570");
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    let mut names = Vec::new();
    let mut path = "/api/streams?limit=1".to_owned();
    loop {
        let (_, body) = send(app().await, get(&path)).await;
        names.push(body["items"][0]["name"].as_str().unwrap().to_owned());
        let Some(cursor) = body["nextCursor"].as_str() else {
            break;
        };
        path = format!("/api/streams?limit=1&cursor={cursor}");
    }
    assert_eq!(names, ["open", "quiet", "silent"]);
}

#[tokio::test]
async fn lists_are_filtered() {
    for (query, expected) in [
        ("state=LIVE", &["open"][..]),
        ("state=OFFLINE", &["quiet", "silent"]),
        ("q=HOUSE", &["open"]),
        ("owner=me", &[]),
    ] {
        let (_, body) = send(app().await, get(&format!("/api/streams?{query}"))).await;
        let names: Vec<_> = body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].clone())
            .collect();
        assert_eq!(names, expected, "{query}");
    }
}

#[tokio::test]
async fn what_a_caller_may_not_know_looks_like_what_does_not_exist() {
    let (hidden, hidden_body) = send(app().await, get("/api/streams/shows/members")).await;
    let (missing, missing_body) = send(app().await, get("/api/streams/shows/nothing")).await;
    assert_problem(&hidden, &hidden_body, 404, "not-found");
    assert_eq!((hidden.status(), &hidden_body), (missing.status(), &missing_body));

    let token = |room: &str| post("/api/chat/token", &json!({"roomIdentifier": room}).to_string());
    let (hidden, hidden_body) = send(app().await, token("arn:aws:ivschat:us-east-1:1:room/members")).await;
    let (missing, missing_body) = send(app().await, token("arn:aws:ivschat:us-east-1:1:room/nothing")).await;
    assert_problem(&hidden, &hidden_body, 401, "not-authenticated");
    assert_eq!((hidden.status(), &hidden_body), (missing.status(), &missing_body));
}

#[tokio::test]
async fn a_guest_is_told_to_sign_in_where_guests_may_not_read() {
    let request = post("/api/chat/token", r#"{"namespace": "shows", "name": "quiet"}"#);
    let (response, body) = send(app().await, request).await;
    assert_problem(&response, &body, 401, "not-authenticated");
    assert_eq!(body["detail"], "User not authenticated");
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_stream_without_chat_says_so() {
    let request = post("/api/chat/token", r#"{"namespace": "shows", "name": "silent"}"#);
    let (response, body) = send(app().await, request).await;
    assert_problem(&response, &body, 409, "chat-disabled");
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_never_a_guest() {
    for authorization in [
        "Bearer x",
        "Bearer ",
        "Basic YTpi",
        "Bearer a.b.c",
        "bearer",
        &format!("Bearer {}", "x".repeat(9000)),
    ] {
        let mut request = get("/api/streams");
        request
            .headers_mut()
            .insert("authorization", authorization.parse().unwrap());
        let (response, body) = send(app().await, request).await;
        assert_problem(&response, &body, 401, "invalid-token");
        assert_eq!(
            response.headers()["www-authenticate"],
            "Bearer error=\"invalid_token\""
        );
    }
}

#[tokio::test]
async fn broken_requests_are_told_what_is_wrong() {
    let json_type = "application/json";
    let token = "/api/chat/token";
    for (method, path, type_, body, status, slug) in [
        ("POST", token, json_type, "{", 400, "bad-request"),
        ("POST", token, json_type, "[]", 400, "bad-request"),
        ("POST", token, json_type, "", 400, "bad-request"),
        ("POST", token, json_type, r#"{"room": "x"}"#, 400, "bad-request"),
        (
            "POST",
            token,
            json_type,
            r#"{"roomIdentifier": 7}"#,
            400,
            "bad-request",
        ),
        ("POST", token, json_type, "{}", 400, "bad-request"),
        (
            "POST",
            token,
            json_type,
            r#"{"namespace": "a"}"#,
            400,
            "bad-request",
        ),
        (
            "POST",
            token,
            json_type,
            r#"{"roomIdentifier": "a", "name": "b"}"#,
            400,
            "bad-request",
        ),
        ("POST", token, "text/plain", "{}", 415, "unsupported-media-type"),
        (
            "POST",
            token,
            "application/xml",
            "<a/>",
            415,
            "unsupported-media-type",
        ),
        (
            "POST",
            token,
            "application/x-www-form-urlencoded",
            "a=b",
            400,
            "bad-request",
        ),
        ("GET", token, json_type, "", 405, "method-not-allowed"),
        ("DELETE", "/api/streams", json_type, "", 405, "method-not-allowed"),
        ("GET", "/api/streams?limit=0", json_type, "", 400, "bad-request"),
        ("GET", "/api/streams?limit=101", json_type, "", 400, "bad-request"),
        ("GET", "/api/streams?limit=x", json_type, "", 400, "bad-request"),
        (
            "GET",
            "/api/streams?state=live",
            json_type,
            "",
            400,
            "bad-request",
        ),
        ("GET", "/api/streams?cursor=!", json_type, "", 400, "bad-request"),
        (
            "GET",
            "/api/streams?nonsense=1",
            json_type,
            "",
            400,
            "bad-request",
        ),
        ("GET", "/api/nothing", json_type, "", 404, "no-such-route"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", type_);
        let (response, answer) = send(app().await, request.body(Body::from(body)).unwrap()).await;
        assert_problem(&response, &answer, status, slug);
    }
    let (response, body) = send(
        app().await,
        post(
            token,
            &format!("{{\"roomIdentifier\":\"{}\"}}", "x".repeat(70_000)),
        ),
    )
    .await;
    assert_problem(&response, &body, 413, "too-large");
}

#[tokio::test]
async fn other_origins_need_to_be_configured() {
    for (origin, allowed) in [("https://shop.example", true), ("https://evil.example", false)] {
        let mut request = get("/api/config");
        request.headers_mut().insert("origin", origin.parse().unwrap());
        let (response, _) = send(app().await, request).await;
        let allow = response.headers().get("access-control-allow-origin");
        assert_eq!(allow.is_some(), allowed, "{origin}: {allow:?}");
    }
}

#[tokio::test]
async fn the_client_learns_how_to_sign_in() {
    let (_, body) = send(app().await, get("/api/config")).await;
    assert_eq!(
        body["oidc"],
        json!({"issuer": "http://localhost:9", "clientId": "web", "scope": "openid profile"})
    );
    assert_eq!(
        body["limits"],
        json!({"titleLength": 200, "descriptionLength": 2000, "messageLength": 500})
    );
}

#[tokio::test]
async fn the_web_client_is_served_with_a_strict_policy() {
    let dir = std::env::temp_dir().join(format!("ivs-operator-client-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("assets")).unwrap();
    std::fs::write(dir.join("index.html"), "<p>page</p>").unwrap();
    std::fs::write(dir.join("assets/a.js"), "1").unwrap();
    for (path, status, body, caching) in [
        ("/", 200, "<p>page</p>", "no-cache"),
        ("/streams/shows/open", 200, "<p>page</p>", "no-cache"),
        ("/assets/a.js", 200, "1", "public, max-age=31536000, immutable"),
    ] {
        let (response, found) = send(app_with(options(Some(dir.clone()))).await, get(path)).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(found == body || found == 1, "{path}: {found}");
        assert_eq!(response.headers()["cache-control"], caching, "{path}");
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval';"),
            "{policy}"
        );
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        for host in [
            "http://localhost:9",
            "ws://localhost:4570",
            "http://localhost:4570",
        ] {
            assert!(policy.contains(host), "{host} in {policy}");
        }
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
    let missing = get("/assets/old.js");
    let (response, _) = send(app_with(options(Some(dir.clone()))).await, missing).await;
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["cache-control"].to_str().unwrap()
        ),
        (404, "no-cache")
    );
    std::fs::remove_dir_all(dir).unwrap();
}

#[tokio::test]
async fn probes_metrics_and_documents_are_there() {
    for (path, expected) in [
        ("/healthz", "ok"),
        ("/readyz", "ok"),
        ("/metrics", "ivs_operator_api_request_duration_seconds_count"),
        ("/docs/", "swagger"),
    ] {
        let (response, body) = send(app().await, get(path)).await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(body.to_string().contains(expected), "{path}: {body}");
    }
    let (_, document) = send(app().await, get("/openapi.json")).await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/api/chat/token",
            "/api/config",
            "/api/streams",
            "/api/streams/{namespace}/{name}"
        ]
    );
}

#[tokio::test]
async fn the_server_ends_when_asked_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut registry = prometheus_client::registry::Registry::default();
    let aws = Aws::connect("us-east-1", AwsMetrics::register(&mut registry)).await;
    let state = AppState::new(options(None), aws, Arc::default(), registry).unwrap();
    let served = serve(
        listener,
        state,
        tokio::time::sleep(Duration::from_millis(1)),
        DRAIN,
    );
    tokio::time::timeout(Duration::from_secs(5), served)
        .await
        .expect("ends")
        .unwrap();
}
