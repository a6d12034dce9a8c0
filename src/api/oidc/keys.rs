//! An issuer's public keys: found by discovery, cached, refreshed by one request at a time.
//!
//! Keys that were fetched once are used on while the issuer is away; a key id that is not known asks the issuer again,
//! so that a rotation is noticed at once, but not more often than every few seconds, whatever callers send.

use std::time::{Duration, Instant};

use jsonwebtoken::{
    Algorithm,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse},
};
use serde::Deserialize;
use tokio::sync::{Mutex, RwLock};

use super::Refusal;

/// How long keys are used before they are asked for again.
const FRESH: Duration = Duration::from_mins(10);
/// Shortest time between two requests to the issuer.
const PAUSE: Duration = Duration::from_secs(5);
/// Largest discovery document or key set in bytes.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// The keys of one issuer.
pub(super) struct Keys {
    issuer: String,
    client: reqwest::Client,
    cached: RwLock<Option<Cached>>,
    /// When the issuer was last asked; held while it is.
    asked: Mutex<Option<Instant>>,
}

struct Cached {
    keys: JwkSet,
    at: Instant,
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the document is larger than {DOCUMENT_LIMIT} bytes")]
    TooLarge,
    #[error("the document does not parse: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the discovery document names issuer {0}")]
    OtherIssuer(String),
}

impl Keys {
    pub(super) fn new(issuer: &str) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            issuer: issuer.to_owned(),
            client,
            cached: RwLock::default(),
            asked: Mutex::default(),
        })
    }

    /// The keys that may have signed a token with this key id; all, if it names none.
    pub(super) async fn find(&self, kid: Option<&str>) -> Result<Vec<Jwk>, Refusal> {
        let (known, fresh) = self.look(kid).await;
        if fresh && !known.is_empty() {
            return Ok(known);
        }
        self.refresh().await;
        let (known, _) = self.look(kid).await;
        if known.is_empty() && self.cached.read().await.is_none() {
            return Err(Refusal::KeysUnavailable);
        }
        Ok(known)
    }

    async fn look(&self, kid: Option<&str>) -> (Vec<Jwk>, bool) {
        let cached = self.cached.read().await;
        let Some(cached) = &*cached else {
            return (Vec::new(), false);
        };
        let matches = |key: &&Jwk| {
            key.common
                .public_key_use
                .as_ref()
                .is_none_or(|public_use| *public_use == PublicKeyUse::Signature)
                && kid.is_none_or(|kid| key.common.key_id.as_deref() == Some(kid))
        };
        (
            cached.keys.keys.iter().filter(matches).cloned().collect(),
            cached.at.elapsed() < FRESH,
        )
    }

    /// Asks the issuer, unless somebody has just done so: those who come meanwhile wait for that answer.
    async fn refresh(&self) {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        *asked = Some(Instant::now());
        match self.fetch().await {
            Ok(keys) => {
                *self.cached.write().await = Some(Cached {
                    keys,
                    at: Instant::now(),
                });
            }
            Err(error) => tracing::warn!(issuer = self.issuer, %error, "could not fetch the issuer's keys"),
        }
    }

    async fn fetch(&self) -> Result<JwkSet, FetchError> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let base = self.issuer.trim_end_matches('/');
        let discovery: Discovery = self
            .get(&format!("{base}/.well-known/openid-configuration"))
            .await?;
        // OpenID Connect Discovery 1.0 §4.3: it must be the very issuer that was asked.
        if discovery.issuer != self.issuer {
            return Err(FetchError::OtherIssuer(discovery.issuer));
        }
        self.get(&discovery.jwks_uri).await
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, url: &str) -> Result<T, FetchError> {
        let mut response = self.client.get(url).send().await?.error_for_status()?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > DOCUMENT_LIMIT {
                return Err(FetchError::TooLarge);
            }
        }
        Ok(serde_json::from_slice(&body)?)
    }
}

/// The algorithms that a key may be used with: asymmetric ones only, so that no public key can be taken for a shared
/// secret, and only the named one where the key names one.
pub(super) fn algorithms(key: &Jwk) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    let possible: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => &[EdDSA],
        _ => &[],
    };
    let named = key.common.key_algorithm.as_ref();
    let is_named = |algorithm: &&Algorithm| {
        named.is_none_or(|named: &KeyAlgorithm| named.to_string() == format!("{algorithm:?}"))
    };
    possible.iter().filter(is_named).copied().collect()
}
