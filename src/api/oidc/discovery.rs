//! What an issuer says of itself: where its keys are, and where browsers sign in.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::key_set::KeySet;

/// Largest discovery document or key set in bytes.
const DOCUMENT_LIMIT: usize = 256 * 1024;

/// Whether an address may be trusted with sign-in: over TLS, or within this machine.
pub(in crate::api) fn is_safe(url: &Url) -> bool {
    let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// Why an issuer's documents could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the document is larger than {DOCUMENT_LIMIT} bytes")]
    TooLarge,
    #[error("the document does not parse: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the discovery document names issuer {0}")]
    OtherIssuer(String),
    #[error("jwks_uri {0} is not https")]
    Unsafe(Url),
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: Url,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

/// An issuer, found.
pub(super) struct Found {
    pub(super) keys: KeySet,
    /// Origins that a browser speaks to while it signs in. They need not be the issuer's: Cognito's are not.
    pub(super) origins: Vec<String>,
}

pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(2))
        .timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

pub(super) async fn find(client: &reqwest::Client, issuer: &str) -> Result<Found, FetchError> {
    let base = issuer.trim_end_matches('/');
    let document: Document = get(client, &format!("{base}/.well-known/openid-configuration")).await?;
    // OpenID Connect Discovery 1.0 §4.3: it must be the very issuer that was asked.
    if document.issuer != issuer {
        return Err(FetchError::OtherIssuer(document.issuer));
    }
    if !is_safe(&document.jwks_uri) {
        return Err(FetchError::Unsafe(document.jwks_uri));
    }
    Ok(Found {
        keys: get(client, document.jwks_uri.as_str()).await?,
        origins: origins(&document),
    })
}

fn origins(document: &Document) -> Vec<String> {
    let endpoints = [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "end_session_endpoint",
        "revocation_endpoint",
    ];
    let mut origins: Vec<String> = endpoints
        .iter()
        .filter_map(|endpoint| Url::parse(document.others.get(*endpoint)?.as_str()?).ok())
        .filter(is_safe)
        .map(|url| url.origin().ascii_serialization())
        .collect();
    origins.sort_unstable();
    origins.dedup();
    origins
}

async fn get<T: for<'de> Deserialize<'de>>(client: &reqwest::Client, url: &str) -> Result<T, FetchError> {
    let mut response = client.get(url).send().await?.error_for_status()?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > DOCUMENT_LIMIT {
            return Err(FetchError::TooLarge);
        }
    }
    Ok(serde_json::from_slice(&body)?)
}
