//! What the tests of the API share: an OIDC issuer and IVS Chat's `CreateChatToken`, each a small server on loopback.

use std::sync::{
    Arc, LazyLock, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use axum::{
    Json, Router,
    extract::{Request, State},
    http::StatusCode,
    routing::{get, post},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A private key and the algorithm it signs with.
#[derive(Clone)]
pub(super) struct Signer {
    pub(super) kid: &'static str,
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

/// Made once: an RSA key takes a moment.
static RSA: LazyLock<EncodingKey> = LazyLock::new(|| {
    let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    // PKCS#8 is 26 bytes around the PKCS#1 key that is wanted here.
    EncodingKey::from_rsa_der(&der.as_ref()[26..])
});

impl Signer {
    pub(super) fn rsa(kid: &'static str, algorithm: Algorithm) -> Self {
        let key = RSA.clone();
        Self { kid, algorithm, key }
    }

    pub(super) fn ec(kid: &'static str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self {
            kid,
            algorithm: Algorithm::ES256,
            key,
        }
    }

    pub(super) fn ed(kid: &'static str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self {
            kid,
            algorithm: Algorithm::EdDSA,
            key,
        }
    }

    /// The public part, as a key set has it.
    pub(super) fn public(&self) -> Value {
        let mut key =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap()).unwrap();
        key["kid"] = json!(self.kid);
        key["use"] = json!("sig");
        key
    }

    pub(super) fn header(&self) -> Header {
        Header {
            kid: Some(self.kid.to_owned()),
            ..Header::new(self.algorithm)
        }
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(), claims, &self.key).unwrap()
    }

    /// Signs header and payload as they stand.
    pub(super) fn sign_raw(&self, header: &str, payload: &str) -> String {
        let message = format!("{header}.{payload}");
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// An OIDC issuer whose answers a test changes while it runs.
#[derive(Clone)]
pub(super) struct Issuer {
    pub(super) url: String,
    shared: Arc<IssuerState>,
}

#[derive(Default)]
struct IssuerState {
    discovery: Mutex<Value>,
    keys: Mutex<Vec<Value>>,
    weather: Mutex<Weather>,
    asked: AtomicUsize,
}

/// How the issuer is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Weather {
    #[default]
    Fine,
    /// Answers 503.
    Failing,
    /// Takes requests and never answers.
    Silent,
}

impl Issuer {
    pub(super) async fn start(keys: Vec<Value>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(IssuerState::default());
        *shared.keys.lock().unwrap() = keys;
        *shared.discovery.lock().unwrap() = json!({"issuer": url, "jwks_uri": format!("{url}/jwks")});
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys_document))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, shared }
    }

    pub(super) fn publishes(&self, keys: Vec<Value>) {
        *self.shared.keys.lock().unwrap() = keys;
    }

    pub(super) fn describes(&self, changes: &Value) {
        let mut discovery = self.shared.discovery.lock().unwrap();
        discovery
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
    }

    pub(super) fn is(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// How often its discovery document was asked for.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Claims that are in order, with changes; `"ABSENT"` takes a claim out.
    pub(super) fn claims(&self, changes: &Value) -> Value {
        let now = jiff::Timestamp::now().as_second();
        let mut claims = json!({
            "iss": self.url, "sub": "alice", "aud": "api", "exp": now + 300, "iat": now,
        });
        for (claim, value) in changes.as_object().unwrap() {
            if value == "ABSENT" {
                claims.as_object_mut().unwrap().remove(claim);
            } else {
                claims[claim] = value.clone();
            }
        }
        claims
    }
}

async fn weather(state: &IssuerState) -> Result<(), StatusCode> {
    let weather = *state.weather.lock().unwrap();
    match weather {
        Weather::Fine => Ok(()),
        Weather::Failing => Err(StatusCode::SERVICE_UNAVAILABLE),
        Weather::Silent => std::future::pending().await,
    }
}

async fn discovery(State(state): State<Arc<IssuerState>>) -> Result<Json<Value>, StatusCode> {
    state.asked.fetch_add(1, Ordering::SeqCst);
    weather(&state).await?;
    Ok(Json(state.discovery.lock().unwrap().clone()))
}

async fn keys_document(State(state): State<Arc<IssuerState>>) -> Result<Json<Value>, StatusCode> {
    weather(&state).await?;
    Ok(Json(json!({"keys": *state.keys.lock().unwrap()})))
}

/// IVS Chat, as far as tokens go: says what it is told to say and keeps what it was asked.
#[derive(Clone)]
pub(super) struct Chat {
    pub(super) url: String,
    shared: Arc<ChatState>,
}

#[derive(Default)]
struct ChatState {
    requests: Mutex<Vec<Value>>,
    refusal: Mutex<Option<(u16, &'static str)>>,
}

impl Chat {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(ChatState::default());
        let routes = Router::new()
            .route("/CreateChatToken", post(create_chat_token))
            .with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, shared }
    }

    pub(super) fn refuses(&self, status: u16, name: &'static str) {
        *self.shared.refusal.lock().unwrap() = Some((status, name));
    }

    /// What it was asked for since last looked at.
    pub(super) fn requests(&self) -> Vec<Value> {
        std::mem::take(&mut self.shared.requests.lock().unwrap())
    }
}

async fn create_chat_token(
    State(state): State<Arc<ChatState>>,
    request: Request,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<Value>) {
    let body = axum::body::to_bytes(request.into_body(), 1 << 16).await.unwrap();
    state
        .requests
        .lock()
        .unwrap()
        .push(serde_json::from_slice(&body).unwrap());
    match *state.refusal.lock().unwrap() {
        Some((status, name)) => (
            StatusCode::from_u16(status).unwrap(),
            [("x-amzn-errortype", name)],
            Json(json!({"message": "arn:aws:iam::123456789012:role/secret-role says no"})),
        ),
        None => (
            StatusCode::OK,
            [("x-amzn-requestid", "1")],
            Json(json!({
                "token": "chat-token", "sessionExpirationTime": "2026-01-01T01:00:00Z",
                "tokenExpirationTime": "2026-01-01T00:01:00Z",
            })),
        ),
    }
}
