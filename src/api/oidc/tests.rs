//! Sign-in against an issuer on loopback: which tokens are refused, and what a change of keys or an outage does.

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{
    super::testing::{Issuer, Signer, Weather},
    *,
};

fn verifier(issuer: &Issuer) -> Verifier {
    let issuers = [issuer.url.clone()];
    Verifier::new(&issuers, vec!["api".into()], Some("web".into()), "groups".into()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn every_allowed_algorithm_is_understood() {
    use Algorithm::{PS256, PS384, PS512, RS256, RS384, RS512};
    let mut signers = vec![Signer::ec("ec"), Signer::ed("ed")];
    let rsa = [RS256, RS384, RS512, PS256, PS384, PS512];
    signers.extend(
        ["r1", "r2", "r3", "p1", "p2", "p3"]
            .into_iter()
            .zip(rsa)
            .map(|(kid, algorithm)| Signer::rsa(kid, algorithm)),
    );
    let issuer = Issuer::start(signers.iter().map(Signer::public).collect()).await;
    let verifier = verifier(&issuer);
    for signer in signers {
        let token = signer.sign(&issuer.claims(&json!({})));
        let user = verifier.verify(&token).await;
        assert_eq!(user.unwrap().subject, "alice", "{:?}", signer.algorithm);
    }
    assert_eq!(issuer.asked(), 1, "one look at the issuer served them all");
}

/// Tokens that nobody may accept, each made from a good one.
#[expect(clippy::too_many_lines, reason = "a table")]
fn corpus(issuer: &Issuer, signer: &Signer) -> Vec<(&'static str, String)> {
    let claims = issuer.claims(&json!({}));
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "rsa"});
    let good = signer.sign_raw(&encoded(&header), &encoded(&claims));
    let [head, payload, signature]: [&str; 3] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let with_header = |changes: Value| {
        let mut header = header.clone();
        header
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        header
    };
    // Signed by the issuer's own key: only what it says can be wrong.
    let header_signed = |changes: Value| signer.sign_raw(&encoded(&with_header(changes)), payload);
    let header_kept = |changes: Value| format!("{}.{payload}.{signature}", encoded(&with_header(changes)));
    let payload_signed = |text: &str| signer.sign_raw(head, &URL_SAFE_NO_PAD.encode(text));
    let claims_signed = |changes: Value| signer.sign(&issuer.claims(&changes));
    let hmac = |secret: &[u8]| {
        let header = Header {
            kid: Some("rsa".into()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let modulus = signer.public()["n"].as_str().unwrap().to_owned();
    let stranger = Signer::ec("rsa");
    let own_key = {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": "rsa", "jwk": stranger.public()});
        stranger.sign_raw(&encoded(&header), payload)
    };
    let now = jiff::Timestamp::now().as_second();
    let plain = claims.to_string();
    let twice = |claim: &str| format!("{},{claim}}}", plain.trim_end_matches('}'));
    let flipped = {
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[7] ^= 1;
        format!("{head}.{payload}.{}", URL_SAFE_NO_PAD.encode(bytes))
    };
    vec![
        ("nothing", String::new()),
        ("no dots", "token".into()),
        ("dots", "..".into()),
        ("four parts", format!("{good}.x")),
        ("no signature", format!("{head}.{payload}.")),
        ("two parts", format!("{head}.{payload}")),
        ("white space", format!("{head}. {payload}.{signature}")),
        ("padding", format!("{head}.{payload}.{signature}=")),
        ("cut", good[..good.len() - 4].to_owned()),
        ("a bit of the signature", flipped),
        (
            "long",
            signer.sign(&issuer.claims(&json!({"x": "x".repeat(9000)}))),
        ),
        ("alg none", header_kept(json!({"alg": "none"}))),
        (
            "alg none, unsigned",
            format!("{}.{payload}.", encoded(&with_header(json!({"alg": "none"})))),
        ),
        ("alg None", header_kept(json!({"alg": "None"}))),
        ("alg unknown", header_kept(json!({"alg": "RS1"}))),
        ("alg of another type", header_kept(json!({"alg": ["RS256"]}))),
        (
            "another algorithm of the family",
            header_kept(json!({"alg": "RS512"})),
        ),
        ("another padding", header_kept(json!({"alg": "PS256"}))),
        ("another family", header_kept(json!({"alg": "ES256"}))),
        ("an empty secret", hmac(b"")),
        ("the modulus as a secret", hmac(modulus.as_bytes())),
        (
            "the modulus' bytes as a secret",
            hmac(&URL_SAFE_NO_PAD.decode(&modulus).unwrap()),
        ),
        (
            "the key as a secret",
            hmac(signer.public().to_string().as_bytes()),
        ),
        ("a stranger's key with a known id", stranger.sign(&claims)),
        ("a key in the header", own_key),
        ("an unknown key", header_signed(json!({"kid": "other"}))),
        (
            "a path as key id",
            header_signed(json!({"kid": "../../dev/null"})),
        ),
        ("a key id of another type", header_signed(json!({"kid": 7}))),
        ("critical extensions", header_signed(json!({"crit": ["exp"]}))),
        (
            "unencoded payload",
            header_signed(json!({"crit": ["b64"], "b64": false})),
        ),
        ("a logout token", header_signed(json!({"typ": "logout+jwt"}))),
        ("a security event", header_signed(json!({"typ": "secevent+jwt"}))),
        ("a proof of possession", header_signed(json!({"typ": "dpop+jwt"}))),
        ("a JWT within", header_signed(json!({"cty": "JWT"}))),
        ("compressed", header_signed(json!({"zip": "DEF"}))),
        ("payload not JSON", payload_signed("alice")),
        ("payload a list", payload_signed("[]")),
        ("payload null", payload_signed("null")),
        (
            "payload with more behind it",
            payload_signed(&format!("{plain}{plain}")),
        ),
        ("issuer twice", payload_signed(&twice(r#""iss":"https://evil""#))),
        ("subject twice", payload_signed(&twice(r#""sub":"admin""#))),
        ("audience twice", payload_signed(&twice(r#""aud":"api""#))),
        ("end twice", payload_signed(&twice(r#""exp":9999999999"#))),
        (
            "groups twice",
            payload_signed(&twice(r#""groups":[],"groups":["admins"]"#)),
        ),
        (
            "Cognito's groups twice",
            payload_signed(&twice(r#""cognito:groups":[],"cognito:groups":["a"]"#)),
        ),
        (
            "name twice",
            payload_signed(&twice(r#""name":"Alice","name":"Admin""#)),
        ),
        (
            "another issuer",
            claims_signed(json!({"iss": "https://evil.example"})),
        ),
        (
            "issuer with a slash",
            claims_signed(json!({"iss": format!("{}/", issuer.url)})),
        ),
        ("issuer a list", claims_signed(json!({"iss": [issuer.url]}))),
        ("no issuer", claims_signed(json!({"iss": "ABSENT"}))),
        ("no subject", claims_signed(json!({"sub": "ABSENT"}))),
        ("empty subject", claims_signed(json!({"sub": ""}))),
        ("blank subject", claims_signed(json!({"sub": " "}))),
        ("subject null", claims_signed(json!({"sub": null}))),
        ("subject a number", claims_signed(json!({"sub": 1}))),
        ("subject an object", claims_signed(json!({"sub": {"a": 1}}))),
        ("long subject", claims_signed(json!({"sub": "x".repeat(129)}))),
        (
            "subject with a null byte",
            claims_signed(json!({"sub": "a\u{0}b"})),
        ),
        ("no end", claims_signed(json!({"exp": "ABSENT"}))),
        ("past", claims_signed(json!({"exp": now - 60}))),
        (
            "end a string",
            claims_signed(json!({"exp": (now + 60).to_string()})),
        ),
        (
            "end a large number",
            payload_signed(&plain.replace(&format!("\"exp\":{}", claims["exp"]), "\"exp\":1e400")),
        ),
        ("end negative", claims_signed(json!({"exp": -1}))),
        ("end null", claims_signed(json!({"exp": null}))),
        ("not yet", claims_signed(json!({"nbf": now + 60}))),
        ("not before a string", claims_signed(json!({"nbf": "0"}))),
        ("issued tomorrow", claims_signed(json!({"iat": now + 86400}))),
        ("issued at a boolean", claims_signed(json!({"iat": true}))),
        ("no audience", claims_signed(json!({"aud": "ABSENT"}))),
        ("another audience", claims_signed(json!({"aud": "other"}))),
        (
            "an audience that begins like ours",
            claims_signed(json!({"aud": "api2"})),
        ),
        ("audience in capitals", claims_signed(json!({"aud": "API"}))),
        ("no audience in a list", claims_signed(json!({"aud": []}))),
        ("audience an object", claims_signed(json!({"aud": {"api": true}}))),
        ("audience nested", claims_signed(json!({"aud": [["api"]]}))),
        ("audience null", claims_signed(json!({"aud": null}))),
        (
            "Cognito, another client",
            claims_signed(json!({"aud": "ABSENT", "token_use": "access", "client_id": "other"})),
        ),
        (
            "Cognito, no client",
            claims_signed(json!({"aud": "ABSENT", "token_use": "access"})),
        ),
        (
            "Cognito, no use",
            claims_signed(json!({"aud": "ABSENT", "client_id": "web"})),
        ),
        (
            "Cognito, refresh",
            claims_signed(json!({"aud": "web", "token_use": "refresh"})),
        ),
        (
            "Cognito, ID token of another client",
            claims_signed(json!({"aud": "other", "token_use": "id", "client_id": "web"})),
        ),
        (
            "use of another type",
            claims_signed(json!({"token_use": ["access"]})),
        ),
        ("groups a string", claims_signed(json!({"groups": "admins"}))),
        ("groups of numbers", claims_signed(json!({"groups": [1]}))),
        ("groups null", claims_signed(json!({"groups": null}))),
    ]
}

#[tokio::test]
async fn no_token_of_the_corpus_is_accepted() {
    let signer = Signer::rsa("rsa", Algorithm::RS256);
    let issuer = Issuer::start(vec![signer.public()]).await;
    let verifier = verifier(&issuer);
    let accepted = signer.sign(&issuer.claims(&json!({})));
    assert!(verifier.verify(&accepted).await.is_ok());
    let mut wrong = Vec::new();
    for (what, token) in corpus(&issuer, &signer) {
        match verifier.verify(&token).await {
            Err(Refusal::KeysUnavailable) => wrong.push(format!("{what}: not decided")),
            Err(_) => {}
            Ok(user) => wrong.push(format!("{what}: {user:?}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn keys_that_are_not_understood_are_passed_over() {
    let signer = Signer::ec("ec");
    let mut encryption = signer.public();
    encryption["use"] = json!("enc");
    encryption["kid"] = json!("enc");
    let keys = vec![
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AA"}),
        json!({"kty": "EC", "crv": "secp256k1", "kid": "k1", "x": "AA", "y": "AA"}),
        json!({"kty": "RSA", "kid": 7, "n": "AA", "e": "AQAB"}),
        json!("not a key"),
        json!({"kty": "oct", "kid": "shared", "k": "c2VjcmV0"}),
        encryption,
        signer.public(),
    ];
    let issuer = Issuer::start(keys).await;
    let verifier = verifier(&issuer);
    let token = signer.sign(&issuer.claims(&json!({})));
    assert_eq!(verifier.verify(&token).await.unwrap().subject, "alice");
    // A shared secret among the public keys is nobody's.
    let header = Header {
        kid: Some("shared".into()),
        ..Header::new(Algorithm::HS256)
    };
    let secret = EncodingKey::from_secret(b"secret");
    let shared = jsonwebtoken::encode(&header, &issuer.claims(&json!({})), &secret).unwrap();
    assert_eq!(verifier.verify(&shared).await, Err(Refusal::BadSignature));
    let encryption = Signer { kid: "enc", ..signer };
    let token = encryption.sign(&issuer.claims(&json!({})));
    assert_eq!(verifier.verify(&token).await, Err(Refusal::BadSignature));
}

#[tokio::test]
async fn a_new_key_is_found_when_it_is_first_used() {
    let (old, new) = (Signer::ec("old"), Signer::ec("new"));
    let issuer = Issuer::start(vec![old.public()]).await;
    let verifier = verifier(&issuer);
    let token = |signer: &Signer| signer.sign(&issuer.claims(&json!({})));
    assert!(verifier.verify(&token(&old)).await.is_ok());
    issuer.publishes(vec![old.public(), new.public()]);
    verifier.age(Duration::from_secs(31)).await;
    assert!(verifier.verify(&token(&new)).await.is_ok());
    assert!(verifier.verify(&token(&old)).await.is_ok());
    // And an old one is forgotten once the issuer publishes it no more and the cache is asked anew.
    issuer.publishes(vec![new.public()]);
    verifier.age(Duration::from_mins(11)).await;
    let asked = issuer.asked();
    let _ = verifier.verify(&token(&old)).await;
    while issuer.asked() == asked {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begin = Instant::now();
    while verifier.verify(&token(&old)).await.is_ok() && begin.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(verifier.verify(&token(&old)).await, Err(Refusal::BadSignature));
    assert!(verifier.verify(&token(&new)).await.is_ok());
}

#[tokio::test]
async fn an_issuer_is_asked_by_one_request_at_a_time_and_not_too_often() {
    let (signer, unknown) = (Signer::ec("known"), Signer::ec("unknown"));
    let issuer = Issuer::start(vec![signer.public()]).await;
    let verifier = verifier(&issuer);
    let token = signer.sign(&issuer.claims(&json!({})));
    let first = futures::future::join_all((0..50).map(|_| verifier.verify(&token))).await;
    assert!(first.iter().all(Result::is_ok));
    assert_eq!(issuer.asked(), 1);
    let strange = unknown.sign(&issuer.claims(&json!({})));
    for _ in 0..1000 {
        assert_eq!(verifier.verify(&strange).await, Err(Refusal::BadSignature));
    }
    assert!(issuer.asked() <= 2, "{}", issuer.asked());
}

#[tokio::test]
async fn an_outage_of_the_issuer_is_not_noticed_by_those_who_have_tokens() {
    let signer = Signer::ec("ec");
    let issuer = Issuer::start(vec![signer.public()]).await;
    let verifier = verifier(&issuer);
    let token = signer.sign(&issuer.claims(&json!({})));
    assert!(verifier.verify(&token).await.is_ok());
    for weather in [Weather::Failing, Weather::Silent] {
        issuer.is(weather);
        verifier.age(Duration::from_hours(1)).await;
        let (begin, asked) = (Instant::now(), issuer.asked());
        for _ in 0..20 {
            assert!(verifier.verify(&token).await.is_ok());
        }
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        // It was asked beside, in this weather; and what came of it, nothing, changes nothing.
        while issuer.asked() == asked {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(verifier.verify(&token).await.is_ok());
    }
}

#[tokio::test]
async fn a_key_is_not_good_for_ever_without_its_issuer() {
    let signer = Signer::ec("ec");
    let issuer = Issuer::start(vec![signer.public()]).await;
    let verifier = verifier(&issuer);
    let token = signer.sign(&issuer.claims(&json!({})));
    assert!(verifier.verify(&token).await.is_ok());
    issuer.is(Weather::Failing);
    verifier.age(Duration::from_hours(25)).await;
    assert_eq!(verifier.verify(&token).await, Err(Refusal::KeysUnavailable));
}

#[tokio::test]
async fn browsers_sign_in_where_the_issuer_says() {
    let issuer = Issuer::start(vec![]).await;
    issuer.describes(&json!({
        "authorization_endpoint": "https://login.example/oauth2/authorize",
        "token_endpoint": "https://login.example/oauth2/token",
        "userinfo_endpoint": "https://users.example:8443/me",
        "end_session_endpoint": "http://plain.example/logout",
        "revocation_endpoint": 7,
    }));
    let verifier = verifier(&issuer);
    let own = issuer.url.as_str();
    assert_eq!(verifier.origins().iter().collect::<Vec<_>>(), [own]);
    verifier.warm().await;
    assert_eq!(
        verifier.origins().iter().collect::<Vec<_>>(),
        [own, "https://login.example", "https://users.example:8443"]
    );
}

#[tokio::test]
async fn without_keys_nothing_is_decided() {
    let signer = Signer::ec("ec");
    let issuer = Issuer::start(vec![signer.public()]).await;
    issuer.is(Weather::Failing);
    let verifier = verifier(&issuer);
    let token = signer.sign(&issuer.claims(&json!({})));
    assert_eq!(verifier.verify(&token).await, Err(Refusal::KeysUnavailable));
    issuer.is(Weather::Fine);
    verifier.age(Duration::from_secs(6)).await;
    assert!(verifier.verify(&token).await.is_ok());
}

#[tokio::test]
async fn a_discovery_document_that_is_not_the_issuers_is_refused() {
    let signer = Signer::ec("ec");
    for changes in [
        json!({"issuer": "https://evil.example"}),
        json!({"jwks_uri": "http://keys.example/jwks"}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"jwks_uri": 7}),
    ] {
        let issuer = Issuer::start(vec![signer.public()]).await;
        issuer.describes(&changes);
        let token = signer.sign(&issuer.claims(&json!({})));
        let refused = verifier(&issuer).verify(&token).await;
        assert_eq!(refused, Err(Refusal::KeysUnavailable), "{changes}");
    }
}
