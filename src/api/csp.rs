//! The Content Security Policies, pure: what a page may load and whom it may speak to.

use std::collections::BTreeSet;

use url::Url;

/// Regions that have IVS Chat (AWS). Listed, since a policy cannot say "the chat of any region" without saying
/// "any WebSocket of anybody at AWS".
const CHAT_REGIONS: [&str; 7] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-west-2",
];

/// Of the pages of `/docs`, whose styles stand in the page.
pub(super) const DOCS: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                               object-src 'none'; base-uri 'none'; frame-ancestors 'none'";
/// Of answers that are no pages.
pub(super) const DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// Endpoint of a region's chat for browsers.
pub(super) fn chat_endpoint(region: &str) -> String {
    format!("wss://edge.ivschat.{region}.amazonaws.com")
}

/// Of the web client: itself, the sign-in, the chat, and IVS's playback hosts. The player needs WebAssembly and workers
/// from blobs.
pub(super) fn web_client(sign_in: &BTreeSet<String>, chat: Option<&Url>, region: &str) -> String {
    let sign_in = sign_in
        .iter()
        .fold(String::new(), |all, origin| all + " " + origin);
    let (chat, playback) = if let Some(url) = chat {
        // An emulator serves chat and video at one address.
        (
            url.origin().ascii_serialization(),
            format!(" {}", http_origin(url)),
        )
    } else {
        let regions: BTreeSet<&str> = CHAT_REGIONS.into_iter().chain([region]).collect();
        let endpoints: Vec<String> = regions.into_iter().map(chat_endpoint).collect();
        (endpoints.join(" "), String::new())
    };
    let playback = format!("https://*.live-video.net{playback}");
    format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; worker-src 'self' blob:; media-src 'self' blob: {playback}; \
         connect-src 'self'{sign_in} {chat} {playback}; object-src 'none'; base-uri 'none'; \
         frame-ancestors 'none'; form-action 'self'{sign_in}"
    )
}

/// The address of a WebSocket endpoint for plain requests.
fn http_origin(url: &Url) -> String {
    url.origin().ascii_serialization().replacen("ws", "http", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directive(policy: &str, name: &str) -> String {
        let found = policy
            .split("; ")
            .find_map(|directive| directive.strip_prefix(name));
        found
            .unwrap_or_else(|| panic!("{name} in {policy}"))
            .trim()
            .to_owned()
    }

    #[test]
    fn on_aws() {
        let sign_in = [
            "https://issuer.example".to_owned(),
            "https://login.example".to_owned(),
        ];
        let policy = web_client(&sign_in.into(), None, "xx-new-1");
        let connect = directive(&policy, "connect-src");
        for host in [
            "'self'",
            "https://issuer.example",
            "https://login.example",
            "wss://edge.ivschat.us-east-1.amazonaws.com",
            "wss://edge.ivschat.xx-new-1.amazonaws.com",
            "https://*.live-video.net",
        ] {
            assert!(
                connect.split(' ').any(|source| source == host),
                "{host} in {connect}"
            );
        }
        assert!(
            !policy.contains("*.amazonaws.com"),
            "anybody has endpoints there: {policy}"
        );
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        assert_eq!(
            directive(&policy, "media-src"),
            "'self' blob: https://*.live-video.net"
        );
        assert_eq!(
            directive(&policy, "form-action"),
            "'self' https://issuer.example https://login.example"
        );
        for nothing in ["object-src", "base-uri", "frame-ancestors"] {
            assert_eq!(directive(&policy, nothing), "'none'");
        }
    }

    #[test]
    fn with_an_emulator() {
        for (endpoint, chat, http) in [
            (
                "ws://localhost:4570",
                "ws://localhost:4570",
                "http://localhost:4570",
            ),
            ("ws://127.0.0.1:1/chat", "ws://127.0.0.1:1", "http://127.0.0.1:1"),
            ("wss://ivs.test/", "wss://ivs.test", "https://ivs.test"),
            (
                "wss://ivs.test/;script-src *",
                "wss://ivs.test",
                "https://ivs.test",
            ),
        ] {
            let policy = web_client(&BTreeSet::new(), Some(&endpoint.parse().unwrap()), "us-east-1");
            assert_eq!(
                directive(&policy, "connect-src"),
                format!("'self' {chat} https://*.live-video.net {http}")
            );
            assert_eq!(directive(&policy, "form-action"), "'self'");
            assert_eq!(policy.matches("script-src").count(), 1, "{policy}");
        }
    }
}
