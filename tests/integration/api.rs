//! The API end to end: real tokens of a real OIDC provider, and what they get.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::world::{self, World, eventually, room_arn};

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap())
}

async fn mint(world: &World, user: Option<&str>, body: &Value) -> (StatusCode, Value) {
    let mut request = world
        .http
        .post(format!("{}/api/chat/token", world.env.api_url()))
        .json(body);
    if let Some(user) = user {
        request = request.bearer_auth(world.env.token(user).await.unwrap());
    }
    answer(request).await
}

#[tokio::test]
async fn chat_tokens_are_minted_as_the_access_says() {
    let world = world::shared().await;
    let space = world.namespace("tokens").await;
    let open = space
        .ready(
            "open",
            json!({"access": {"owners": [{"user": "alice"}], "moderators": [{"group": "moderators"}]},
            "chat": {"sessionDurationMinutes": 30}}),
        )
        .await;
    let closed = space
        .ready(
            "closed",
            json!({"chat": {"anonymousRead": false}, "access": {"viewers": [{"user": "bob"}]}}),
        )
        .await;
    let (open, closed) = (
        json!({"roomIdentifier": room_arn(&open)}),
        json!({"roomIdentifier": room_arn(&closed)}),
    );
    eventually("the API has seen both", async || {
        let (status, body) = mint(&world, Some("bob"), &closed).await;
        if status == 200 {
            Ok(())
        } else {
            Err(body.to_string())
        }
    })
    .await;

    let (status, body) = mint(&world, Some("alice"), &open).await;
    assert_eq!(status, 200, "{body}");
    let mut fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["sessionExpirationTime", "token", "tokenExpirationTime"]);
    // As `curl -d` sends it.
    let plain = world.http.post(format!("{}/api/chat/token", world.env.api_url()));
    let plain = plain
        .header("content-type", "application/x-www-form-urlencoded")
        .bearer_auth(world.env.token("alice").await.unwrap())
        .body(open.to_string());
    assert_eq!(answer(plain).await.0, 200);
    let everything = json!(["DELETE_MESSAGE", "DISCONNECT_USER", "SEND_MESSAGE"]);
    for (user, capabilities) in [
        (Some("alice"), everything.clone()),
        (Some("mia"), everything),
        (Some("bob"), json!(["SEND_MESSAGE"])),
        (None, json!([])),
    ] {
        let (status, body) = mint(&world, user, &open).await;
        assert_eq!(status, 200, "{user:?} {body}");
        // The truth is what AWS was asked for.
        let state = world.state().await;
        let minted = state["chatTokens"].as_array().unwrap().iter().rev();
        let minted = minted
            .filter(|token| token["roomArn"] == open["roomIdentifier"])
            .max_by_key(|token| token["createTime"].as_str().unwrap_or_default().to_owned());
        let minted = minted.unwrap();
        let mut seen: Vec<_> = minted["capabilities"].as_array().unwrap().clone();
        seen.sort_by_key(Value::to_string);
        assert_eq!(json!(seen), capabilities, "{user:?}");
        match user {
            Some(user) => assert_eq!(minted["userId"], user),
            None => assert!(minted["userId"].as_str().unwrap().starts_with("guest-")),
        }
        assert!(minted["attributes"]["role"].is_string());
    }

    for (user, body, status, type_) in [
        (None, &closed, 401, "/problems/not-authenticated"),
        (Some("mia"), &closed, 404, "/problems/not-found"),
        (
            Some("alice"),
            &json!({"roomIdentifier": "arn:aws:ivschat:us-east-1:123456789012:room/nothing"}),
            404,
            "/problems/not-found",
        ),
    ] {
        let (seen, answer) = mint(&world, user, body).await;
        assert_eq!(
            (seen.as_u16(), answer["type"].as_str().unwrap()),
            (status, type_),
            "{user:?} {answer}"
        );
    }
    let (_, refusal) = mint(&world, None, &closed).await;
    assert_eq!(refusal["detail"], "User not authenticated");
    // A stream that goes takes its chat along.
    space.delete("open").await;
    eventually("no token for a stream that is gone", async || {
        let (status, body) = mint(&world, Some("alice"), &open).await;
        if status == 404 {
            Ok(())
        } else {
            Err(body.to_string())
        }
    })
    .await;
    let log = std::fs::read_to_string(world.env.log_path(devenv::Part::Api)).unwrap();
    let token = world.env.token("alice").await.unwrap();
    assert!(
        log.contains("/api/chat/token") && !log.contains(token.split('.').next().unwrap()),
        "no token in the log"
    );
}

#[tokio::test]
async fn streams_are_listed_for_whom_they_are_for() {
    let world = world::shared().await;
    let space = world.namespace("listed").await;
    space.ready("everybody", json!({"title": "For all"})).await;
    space
        .ready(
            "members",
            json!({"access": {"viewers": [{"group": "moderators"}]}}),
        )
        .await;
    let list = async |user: Option<&str>| {
        let mut request = world
            .http
            .get(format!("{}/api/streams?limit=100", world.env.api_url()));
        if let Some(user) = user {
            request = request.bearer_auth(world.env.token(user).await.unwrap());
        }
        let (status, body) = answer(request).await;
        assert_eq!(status, 200, "{body}");
        let items = body["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["namespace"] == space.name);
        items
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    eventually("the API has seen both", async || {
        let seen = list(Some("mia")).await;
        if seen == ["everybody", "members"] {
            Ok(())
        } else {
            Err(format!("{seen:?}"))
        }
    })
    .await;
    assert_eq!(list(None).await, ["everybody"]);
    assert_eq!(list(Some("bob")).await, ["everybody"]);
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let world = world::shared().await;
    let token = world.env.token("bob").await.unwrap();
    let [header, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let decoded =
        |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let changed = |part: &str, changes: Value| {
        let mut value = decoded(part);
        value
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        encoded(&value)
    };
    let keys = world.http.get(format!("{}/jwks", world.env.oidc_issuer()));
    let (_, keys) = answer(keys).await;
    let kid = decoded(header)["kid"].clone();
    let signed = |header: &str, payload: &str, secret: &[u8]| {
        let key = jsonwebtoken::EncodingKey::from_secret(secret);
        let message = format!("{header}.{payload}");
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    };
    let hmac = encoded(&json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}));
    let modulus = keys["keys"][0]["n"].as_str().unwrap();
    for (what, forged) in [
        (
            "another subject",
            format!(
                "{header}.{}.{signature}",
                changed(payload, json!({"sub": "alice"}))
            ),
        ),
        ("no signature", format!("{header}.{payload}.")),
        (
            "alg none",
            format!("{}.{payload}.", encoded(&json!({"alg": "none"}))),
        ),
        (
            "alg none, signed",
            format!(
                "{}.{payload}.{signature}",
                changed(header, json!({"alg": "none"}))
            ),
        ),
        (
            "another algorithm",
            format!(
                "{}.{payload}.{signature}",
                changed(header, json!({"alg": "PS256"}))
            ),
        ),
        (
            "an unknown key",
            format!(
                "{}.{payload}.{signature}",
                changed(header, json!({"kid": "other"}))
            ),
        ),
        ("an empty secret", signed(&hmac, payload, b"")),
        (
            "the public key as a secret",
            signed(&hmac, payload, modulus.as_bytes()),
        ),
        (
            "the public key's bytes as a secret",
            signed(&hmac, payload, &URL_SAFE_NO_PAD.decode(modulus).unwrap()),
        ),
        (
            "the key set as a secret",
            signed(&hmac, payload, keys.to_string().as_bytes()),
        ),
        (
            "two payloads",
            format!("{header}.{payload}.{payload}.{signature}"),
        ),
        (
            "a cut signature",
            format!("{header}.{payload}.{}", &signature[..signature.len() - 4]),
        ),
        (
            "another issuer",
            format!(
                "{header}.{}.{signature}",
                changed(payload, json!({"iss": "https://evil.example"}))
            ),
        ),
    ] {
        let request = world
            .http
            .get(format!("{}/api/streams", world.env.api_url()))
            .bearer_auth(&forged);
        let (status, body) = answer(request).await;
        assert_eq!(
            (status.as_u16(), &body["type"]),
            (401, &json!("/problems/invalid-token")),
            "{what}: {body}"
        );
    }
    let request = world
        .http
        .get(format!("{}/api/streams", world.env.api_url()))
        .bearer_auth(&token);
    assert_eq!(answer(request).await.0, 200, "the token itself is good");
}

#[tokio::test]
async fn permissions_that_are_shipped_are_those_that_are_used() {
    let world = world::shared().await;
    let space = world.namespace("iam").await;
    space.ready("a", json!({})).await;
    space.delete("a").await;
    let allowed = |file: &str| -> Vec<String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("manifests/iam")
            .join(file);
        let policy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements
            .flat_map(|statement| match &statement["Action"] {
                Value::String(action) => vec![action.clone()],
                actions => actions
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|action| action.as_str().unwrap().to_owned())
                    .collect(),
            })
            .collect()
    };
    let (controller, api) = (allowed("controller.json"), allowed("api.json"));
    assert!(
        controller.iter().chain(&api).all(|action| !action.contains('*')),
        "enumerated"
    );
    let (calls, _) = world.calls_since(0).await;
    // devenv gives each part an access key of its own, so that the log tells who called.
    for call in &calls {
        let (Some(service), Some(operation)) = (call["service"].as_str(), call["operation"].as_str()) else {
            continue;
        };
        let action = format!("{service}:{operation}");
        let key = call["accessKey"].as_str().unwrap_or_default();
        if key.contains("controller") {
            assert!(
                controller.contains(&action),
                "{action} is called by the controller and not in its policy"
            );
        } else if key.contains("api") {
            assert!(
                api.contains(&action),
                "{action} is called by the API and not in its policy"
            );
        }
    }
    assert!(calls.iter().any(|call| {
        call["accessKey"]
            .as_str()
            .is_some_and(|key| key.contains("controller"))
    }));
}
