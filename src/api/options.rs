//! Flags of `ivs-operator api`; each can be given as an environment variable too.

use std::{net::SocketAddr, path::PathBuf};

use axum::http::HeaderValue;
use clap::Args;
use url::Url;

/// Flags of the API.
#[derive(Args, Clone, Debug)]
pub struct ApiOptions {
    /// Address of the API and the web client.
    #[arg(long, env = "IVS_OPERATOR_API_LISTEN", default_value = "0.0.0.0:3000")]
    pub listen: SocketAddr,

    /// Region of LiveStreams that name none.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1", value_parser = crate::region_name)]
    pub region: String,

    /// OIDC issuer whose tokens are accepted, exactly as it stands in them; can be given several times. All issuers
    /// speak of the same people: a subject means the same whichever issuer says it. Without any, everybody is a guest.
    #[arg(long = "oidc-issuer", env = "IVS_OPERATOR_OIDC_ISSUER", value_delimiter = ',', value_parser = oidc_issuer)]
    pub oidc_issuers: Vec<String>,

    /// Audience that access tokens must name; can be given several times.
    #[arg(
        long = "oidc-audience",
        env = "IVS_OPERATOR_OIDC_AUDIENCE",
        value_delimiter = ','
    )]
    pub oidc_audiences: Vec<String>,

    /// Client id of the web client; accepted as audience, and as `client_id` of Cognito's access tokens.
    #[arg(long, env = "IVS_OPERATOR_OIDC_CLIENT_ID")]
    pub oidc_client_id: Option<String>,

    /// Claim that lists a user's groups; `cognito:groups` is understood in any case.
    #[arg(long, env = "IVS_OPERATOR_OIDC_GROUPS_CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,

    /// Folder of the built web client; without it, only the API is served.
    #[arg(long, env = "IVS_OPERATOR_CLIENT_DIR")]
    pub client_dir: Option<PathBuf>,

    /// WebSocket endpoint of IVS Chat for browsers. Default: AWS's endpoint of the stream's region.
    #[arg(long, env = "IVS_OPERATOR_CHAT_ENDPOINT", value_parser = chat_endpoint)]
    pub chat_endpoint: Option<Url>,

    /// Origin whose pages may call the API, such as `https://example.com`; can be given several times.
    #[arg(long = "cors-origin", env = "IVS_OPERATOR_CORS_ORIGIN", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,

    /// Namespace whose LiveStreams are served; can be given several times. Default: all.
    #[arg(
        long = "watch-namespace",
        env = "IVS_OPERATOR_WATCH_NAMESPACE",
        value_delimiter = ',',
        value_parser = namespace
    )]
    pub watch_namespaces: Vec<String>,

    /// URL at which users reach the API; `https` switches on HSTS.
    #[arg(long, env = "IVS_OPERATOR_PUBLIC_URL")]
    pub public_url: Option<Url>,
}

fn oidc_issuer(value: &str) -> Result<String, String> {
    let url = Url::parse(value).map_err(|error| format!("must be a URL: {error}"))?;
    if super::oidc::is_safe(&url) {
        Ok(value.to_owned())
    } else {
        Err("must begin with https:// (http:// only for localhost)".to_owned())
    }
}

fn namespace(value: &str) -> Result<String, String> {
    let edges_are_good = !value.starts_with('-') && !value.ends_with('-');
    let is_label = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=63).contains(&value.len()) && edges_are_good && value.chars().all(is_label) {
        Ok(value.to_owned())
    } else {
        Err("must be the name of a namespace, such as shows".to_owned())
    }
}

fn chat_endpoint(value: &str) -> Result<Url, String> {
    let url = Url::parse(value).map_err(|error| format!("must be a URL: {error}"))?;
    if matches!(url.scheme(), "ws" | "wss") {
        Ok(url)
    } else {
        Err("must begin with wss:// or ws://".to_owned())
    }
}

fn origin(value: &str) -> Result<HeaderValue, String> {
    let url = Url::parse(value)
        .map_err(|error| format!("must be an origin such as https://example.com: {error}"))?;
    if url.origin().ascii_serialization() != value {
        return Err(
            "must be an origin such as https://example.com, without path or trailing slash".to_owned(),
        );
    }
    HeaderValue::from_str(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_are_refused_in_words() {
        for (check, good, bad) in [
            (
                (|value| oidc_issuer(value).map(drop)) as fn(&str) -> Result<(), String>,
                &[
                    "https://a.example",
                    "https://a.example/pool/",
                    "http://localhost:1",
                    "http://127.0.0.1",
                    "http://[::1]:9",
                ][..],
                &[
                    "",
                    "a.example",
                    "http://a.example",
                    "http://localhost.evil.example",
                    "http://127.0.0.1.evil.example",
                    "ftp://localhost",
                ][..],
            ),
            (
                |value| chat_endpoint(value).map(drop),
                &["wss://edge.example", "ws://localhost:4570"],
                &["", "https://edge.example", "edge"],
            ),
            (
                |value| origin(value).map(drop),
                &["https://a.example", "http://localhost:5173"],
                &[
                    "",
                    "*",
                    "null",
                    "a.example",
                    "https://a.example/",
                    "https://a.example/x",
                    "https://*.a.example ",
                ],
            ),
            (
                |value| namespace(value).map(drop),
                &["shows", "a-1"],
                &["", "Shows", "-a", "a-", "a.b", "a/b", "a b"],
            ),
        ] {
            for value in good {
                assert_eq!(check(value), Ok(()), "{value}");
            }
            for value in bad {
                let refusal = check(value).expect_err(value);
                assert!(refusal.starts_with("must "), "{value}: {refusal}");
            }
        }
    }
}
