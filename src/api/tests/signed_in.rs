//! With real tokens, and a server that plays `CreateChatToken`: what each caller gets, and what AWS is asked for.

use std::{cell::RefCell, io::Write};

use jsonwebtoken::Algorithm;

use super::*;
use crate::api::testing::{Chat, Issuer, Signer, Weather};

struct World {
    chat: Chat,
    issuer: Issuer,
    signer: Signer,
    state: AppState,
}

fn streams() -> Vec<LiveStream> {
    let access = |viewers: Value| {
        json!({
            "owners": [{"user": "alice"}], "moderators": [{"group": "moderators"}], "viewers": viewers,
        })
    };
    let mut fresh = stream(
        "fresh",
        &json!({"access": access(json!([{"user": "bob"}]))}),
        false,
    );
    let mut stalled = stream("stalled", &json!({}), false);
    for stream in [&mut fresh, &mut stalled] {
        stream.status.as_mut().unwrap().chat = None;
    }
    let condition = json!({
        "type": "Stalled", "status": "True", "reason": "QuotaExceeded", "message": "account 123456789012 is full",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    });
    let conditions = &mut stalled.status.as_mut().unwrap().conditions;
    conditions.push(serde_json::from_value(condition).unwrap());
    let mut going = stream("going", &json!({}), true);
    going.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    let short = json!({"access": access(json!(null)), "chat": {"sessionDurationMinutes": 7}});
    vec![
        stream("open", &short, true),
        stream(
            "members",
            &json!({"access": access(json!([{"user": "bob"}, {"group": "members"}]))}),
            false,
        ),
        stream(
            "quiet",
            &json!({"access": access(json!(null)), "chat": {"anonymousRead": false}}),
            false,
        ),
        stream("silent", &json!({"chat": {"enabled": false}}), false),
        fresh,
        stalled,
        going,
    ]
}

impl World {
    async fn new() -> Self {
        let signer = Signer::rsa("rsa", Algorithm::RS256);
        let (chat, issuer) = (Chat::start().await, Issuer::start(vec![signer.public()]).await);
        let mut registry = prometheus_client::registry::Registry::default();
        let aws = Aws::at(&chat.url, AwsMetrics::register(&mut registry));
        let cache = Arc::new(Streams::default());
        for stream in streams() {
            cache.take(
                &None,
                watcher::Event::Apply(kube::core::DeserializeGuard(Ok(stream))),
            );
        }
        let options = ApiOptions {
            oidc_issuers: vec![issuer.url.clone()],
            ..options(None)
        };
        let state = AppState::new(options, aws, cache, registry).unwrap();
        Self {
            chat,
            issuer,
            signer,
            state,
        }
    }

    fn token(&self, claims: &Value) -> String {
        self.signer.sign(&self.issuer.claims(claims))
    }

    async fn send(&self, mut request: Request<Body>, token: Option<&str>) -> (Response<()>, Value) {
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().unwrap();
            request.headers_mut().insert("authorization", value);
        }
        super::send(router(self.state.clone()), request).await
    }

    async fn mint(&self, body: &Value, caller: Option<&Value>) -> (Response<()>, Value) {
        let token = caller.map(|claims| self.token(claims));
        self.send(post("/api/chat/token", &body.to_string()), token.as_deref())
            .await
    }

    async fn metrics(&self) -> String {
        self.send(get("/metrics"), None)
            .await
            .1
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn room(name: &str) -> Value {
    json!({"roomIdentifier": format!("arn:aws:ivschat:us-east-1:1:room/{name}")})
}

fn named(name: &str) -> Value {
    json!({"namespace": "shows", "name": name})
}

#[tokio::test]
async fn a_token_allows_what_the_role_does() {
    let world = World::new().await;
    let everything = json!(["SEND_MESSAGE", "DELETE_MESSAGE", "DISCONNECT_USER"]);
    let (alice, mia, bob) = (
        json!({"sub": "alice", "name": "Alice A."}),
        json!({"sub": "mia", "groups": ["moderators"], "preferred_username": "mia.m"}),
        json!({"sub": "bob"}),
    );
    let cognito = json!({
        "sub": "7f9c", "aud": "ABSENT", "token_use": "access", "client_id": "web", "cognito:groups": ["moderators"],
        "username": "mia",
    });
    for (caller, stream, role, capabilities, name, minutes) in [
        (&alice, "open", "owner", &everything, "Alice A.", 7),
        (&mia, "open", "moderator", &everything, "mia.m", 7),
        (&cognito, "members", "moderator", &everything, "mia", 60),
        (&bob, "open", "viewer", &json!(["SEND_MESSAGE"]), "bob", 7),
        (&bob, "members", "viewer", &json!(["SEND_MESSAGE"]), "bob", 60),
        (&bob, "quiet", "viewer", &json!(["SEND_MESSAGE"]), "bob", 60),
    ] {
        for body in [room(stream), named(stream)] {
            let (response, answer) = world.mint(&body, Some(caller)).await;
            assert_eq!(response.status(), 200, "{caller} {body} {answer}");
            assert_eq!(response.headers()["cache-control"], "no-store");
            assert_eq!(
                answer,
                json!({
                    "token": "chat-token", "sessionExpirationTime": "2026-01-01T01:00:00Z",
                    "tokenExpirationTime": "2026-01-01T00:01:00Z",
                })
            );
            assert_eq!(
                world.chat.requests(),
                [json!({
                    "roomIdentifier": room(stream)["roomIdentifier"], "userId": caller["sub"],
                    "capabilities": capabilities, "sessionDurationInMinutes": minutes,
                    "attributes": {"role": role, "displayName": name},
                })]
            );
        }
    }
}

#[tokio::test]
async fn a_guest_reads_under_a_new_name_each_time() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (response, _) = world.mint(&room("open"), None).await;
        assert_eq!(response.status(), 200);
        let asked = world.chat.requests().remove(0);
        assert_eq!(asked["attributes"], json!({"role": "guest"}));
        assert!(
            asked["capabilities"].as_array().is_none_or(Vec::is_empty),
            "{asked}"
        );
        ids.push(asked["userId"].as_str().unwrap().to_owned());
    }
    assert!(
        ids.iter().all(|id| id.starts_with("guest-")) && ids[0] != ids[1],
        "{ids:?}"
    );
}

#[tokio::test]
async fn what_is_refused_never_reaches_aws() {
    let world = World::new().await;
    let (bob, eve) = (
        json!({"sub": "bob"}),
        json!({"sub": "eve", "groups": ["Members", "alice"]}),
    );
    for (caller, stream, status, slug) in [
        (Some(&eve), "members", 404, "not-found"),
        (Some(&eve), "nothing", 404, "not-found"),
        (Some(&eve), "going", 404, "not-found"),
        (Some(&eve), "fresh", 404, "not-found"),
        (None, "members", 401, "not-authenticated"),
        (None, "quiet", 401, "not-authenticated"),
        (None, "nothing", 401, "not-authenticated"),
        (None, "going", 401, "not-authenticated"),
        (None, "fresh", 401, "not-authenticated"),
        (Some(&bob), "silent", 409, "chat-disabled"),
        (Some(&bob), "fresh", 409, "not-ready"),
        (Some(&bob), "stalled", 409, "not-ready"),
    ] {
        for body in [named(stream), room(stream)] {
            if body == room(stream) && slug == "not-ready" {
                // It has no room yet that could be named.
                continue;
            }
            let (response, answer) = world.mint(&body, caller).await;
            assert_problem(&response, &answer, status, slug);
            assert!(!answer.to_string().contains("123456789012"), "{answer}");
        }
    }
    let expired = json!({"exp": 1});
    let (response, answer) = world.mint(&room("open"), Some(&expired)).await;
    assert_problem(&response, &answer, 401, "invalid-token");
    assert_eq!(world.chat.requests(), [] as [Value; 0]);
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_the_same_to_the_last_header() {
    let world = World::new().await;
    let eve = json!({"sub": "eve"});
    for caller in [None, Some(&eve)] {
        let mut answers = Vec::new();
        for stream in ["members", "fresh", "going", "nothing"] {
            let token = caller.map(|claims| world.token(claims));
            for (kind, request) in [
                ("token", post("/api/chat/token", &named(stream).to_string())),
                ("page", get(&format!("/api/streams/shows/{stream}"))),
            ] {
                let (response, body) = world.send(request, token.as_deref()).await;
                let mut headers = response.headers().clone();
                headers.remove("x-request-id");
                answers.push((kind, response.status(), format!("{headers:?}"), body));
            }
        }
        for kind in ["token", "page"] {
            let mut of_kind = answers.iter().filter(|answer| answer.0 == kind);
            let first = of_kind.next().unwrap();
            assert!(of_kind.all(|answer| answer == first), "{answers:#?}");
        }
    }
}

#[tokio::test]
async fn what_aws_refuses_is_told_without_its_words() {
    for (status, name, expected, slug, wait) in [
        (429, "ThrottlingException", 503, "unavailable", "1"),
        (503, "ServiceUnavailableException", 503, "unavailable", "5"),
        (403, "AccessDeniedException", 503, "unavailable", "5"),
        (403, "UnrecognizedClientException", 503, "unavailable", "5"),
        (403, "PendingVerification", 503, "unavailable", "5"),
        (400, "ValidationException", 503, "unavailable", "5"),
        (404, "ResourceNotFoundException", 409, "not-ready", "5"),
    ] {
        let world = World::new().await;
        world.chat.refuses(status, name);
        let (response, answer) = world.mint(&room("open"), Some(&json!({"sub": "bob"}))).await;
        assert_problem(&response, &answer, expected, slug);
        assert_eq!(response.headers()["retry-after"], wait, "{name}");
        assert!(!answer.to_string().contains("secret-role"), "{answer}");
        assert_eq!(
            world.chat.requests().len(),
            1,
            "asked once: the caller decides whether to try again"
        );
    }
}

#[tokio::test]
async fn streams_are_shown_with_the_callers_role() {
    let world = World::new().await;
    for (claims, open, members) in [
        (Some(json!({"sub": "alice"})), "owner", Some("owner")),
        (
            Some(json!({"sub": "mia", "groups": ["moderators"]})),
            "moderator",
            Some("moderator"),
        ),
        (Some(json!({"sub": "bob"})), "viewer", Some("viewer")),
        (Some(json!({"sub": "eve"})), "viewer", None),
        (None, "guest", None),
    ] {
        let token = claims.as_ref().map(|claims| world.token(claims));
        let (_, list) = world.send(get("/api/streams"), token.as_deref()).await;
        for (name, role) in [("open", Some(open)), ("members", members)] {
            let listed = list["items"].as_array().unwrap().iter();
            let listed = listed.clone().find(|item| item["name"] == name);
            assert_eq!(
                listed.and_then(|item| item["role"].as_str()),
                role,
                "{claims:?} {name}"
            );
            let path = format!("/api/streams/shows/{name}");
            let (response, body) = world.send(get(&path), token.as_deref()).await;
            match role {
                Some(_) => assert_eq!(Some(&body), listed, "the page says what the list says"),
                None => assert_problem(&response, &body, 404, "not-found"),
            }
        }
        let (_, mine) = world.send(get("/api/streams?owner=me"), token.as_deref()).await;
        let is_owner = open == "owner";
        assert_eq!(mine["items"].as_array().unwrap().is_empty(), !is_owner, "{mine}");
    }
    let (_, body) = world.send(get("/api/streams/shows/open"), None).await;
    assert_eq!(
        body,
        json!({
            "namespace": "shows", "name": "open", "title": "open", "region": "us-east-1", "ready": true,
            "state": "LIVE", "playbackUrl": "https://play/x.m3u8",
            "chatRoomArn": "arn:aws:ivschat:us-east-1:1:room/open", "chatEndpoint": "ws://localhost:4570",
            "playback": {"access": "Public"},
            "chat": {"enabled": true, "anonymousRead": true, "maximumMessageLength": 500}, "role": "guest",
        })
    );
}

#[tokio::test]
async fn two_sign_ins_are_none() {
    let world = World::new().await;
    let token = world.token(&json!({}));
    let request = Request::get("/api/streams")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", format!("Bearer {token}"));
    let (response, body) = world.send(request.body(Body::empty()).unwrap(), None).await;
    assert_problem(&response, &body, 401, "invalid-token");
}

#[tokio::test]
async fn a_sign_in_that_is_away_makes_nobody_a_guest() {
    let world = World::new().await;
    world.issuer.is(Weather::Failing);
    let (response, body) = world.mint(&room("open"), Some(&json!({}))).await;
    assert_problem(&response, &body, 503, "unavailable");
    assert!(response.headers().contains_key("retry-after"));
    // Those who need no sign-in are served.
    assert_eq!(world.mint(&room("open"), None).await.0.status(), 200);
    assert_eq!(world.send(get("/readyz"), None).await.0.status(), 503);
}

#[tokio::test]
async fn mints_and_refusals_are_counted() {
    let world = World::new().await;
    world.mint(&room("open"), Some(&json!({"sub": "bob"}))).await;
    world.mint(&room("open"), None).await;
    world.mint(&room("quiet"), None).await;
    world.mint(&room("nothing"), Some(&json!({}))).await;
    world.mint(&json!({}), None).await;
    world.mint(&room("open"), Some(&json!({"exp": 1}))).await;
    let metrics = world.metrics().await;
    for line in [
        r#"ivs_operator_api_chat_tokens_total{role="viewer"} 1"#,
        r#"ivs_operator_api_chat_tokens_total{role="guest"} 1"#,
        r#"ivs_operator_api_chat_token_refusals_total{reason="not-authenticated"} 1"#,
        r#"ivs_operator_api_chat_token_refusals_total{reason="not-found"} 1"#,
        r#"ivs_operator_api_chat_token_refusals_total{reason="bad-request"} 1"#,
        r#"ivs_operator_api_chat_token_refusals_total{reason="invalid-token"} 1"#,
        r#"ivs_operator_api_requests_total{method="POST",route="/api/chat/token",status="200"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(
        !metrics.contains("bob") && !metrics.contains("room/"),
        "nobody's name in {metrics}"
    );
}

thread_local! {
    /// What this thread logs; a test of tokio's has one thread.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ToThread;

impl Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_token_and_no_name_is_logged() {
    // For the whole process: whether a place in the code logs at all is decided once, by whichever test comes there
    // first, and with a subscriber of one thread that may be a test without any.
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter("ivs_operator=trace")
        .with_ansi(false)
        .with_writer(|| ToThread)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let world = World::new().await;
    let token = world.token(&json!({"sub": "carol-the-caller"}));
    let request = || post("/api/chat/token", &room("open").to_string());
    world.send(request(), Some(&token)).await;
    world.send(request(), Some(&token[..token.len() - 9])).await;
    world.chat.refuses(403, "AccessDeniedException");
    world.send(request(), Some(&token)).await;
    let text = String::from_utf8(LOG.take()).unwrap();
    assert_eq!(
        text.matches("/api/chat/token").count(),
        3,
        "one line a request: {text}"
    );
    for part in token.split('.').chain(["carol-the-caller", "chat-token"]) {
        assert!(
            !text.replace("/api/chat/token", "").contains(part),
            "{part} in {text}"
        );
    }
    assert!(text.contains("caller="), "{text}");
}
