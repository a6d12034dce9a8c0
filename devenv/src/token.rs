//! Signs a demo user in as a browser does (authorization code with PKCE) and keeps the access token.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response, redirect};
use sha2::{Digest, Sha256};
use url::Url;

use crate::error::{Error, Result};
use crate::parts::CLIENT_ID;

/// Redirects that are followed before something must be wrong.
const HOPS: usize = 10;

/// An access token for the API.
pub(crate) async fn access_token(issuer: &str, app: &str, user: &str) -> Result<String> {
    let mut browser = Browser {
        client: Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .build()?,
        cookies: BTreeMap::new(),
        issuer,
        user,
    };
    let verifier = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let redirect_uri = format!("{app}/callback");
    let code = browser
        .sign_in(&redirect_uri, &URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier)))
        .await?;
    browser.exchange(&code, &redirect_uri, &verifier).await
}

struct Browser<'a> {
    client: Client,
    cookies: BTreeMap<String, String>,
    issuer: &'a str,
    user: &'a str,
}

impl Browser<'_> {
    /// Walks from the authorization request over the sign-in page to the redirect that carries the code.
    async fn sign_in(&mut self, redirect_uri: &str, challenge: &str) -> Result<String> {
        let mut next = Url::parse_with_params(
            &format!("{}/auth", self.issuer),
            [
                ("client_id", CLIENT_ID),
                ("response_type", "code"),
                ("redirect_uri", redirect_uri),
                ("scope", "openid profile"),
                ("code_challenge", challenge),
                ("code_challenge_method", "S256"),
            ],
        )
        .map_err(|error| self.wrong(error.to_string()))?;
        for _ in 0..HOPS {
            let request = if next.path().starts_with("/interaction/") {
                self.client
                    .post(next.clone())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(
                        url::form_urlencoded::Serializer::new(String::new())
                            .extend_pairs([("user", self.user), ("password", self.user)])
                            .finish(),
                    )
            } else {
                self.client.get(next.clone())
            };
            let response = self.send(request).await?;
            next = self.location(&next, response).await?;
            if next.as_str().starts_with(redirect_uri) {
                let value = |name| {
                    next.query_pairs()
                        .find(|(key, _)| key == name)
                        .map(|(_, value)| value.into_owned())
                };
                let why = || {
                    value("error_description")
                        .or_else(|| value("error"))
                        .unwrap_or_default()
                };
                return value("code").ok_or_else(|| self.wrong(why()));
            }
        }
        Err(self.wrong("redirected in circles".to_owned()))
    }

    async fn exchange(&mut self, code: &str, redirect_uri: &str, verifier: &str) -> Result<String> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("client_id", CLIENT_ID),
                ("code", code),
                ("redirect_uri", redirect_uri),
                ("code_verifier", verifier),
            ])
            .finish();
        let request = self
            .client
            .post(format!("{}/token", self.issuer))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer: serde_json::Value = self.send(request).await?.json().await?;
        match answer["access_token"].as_str() {
            Some(token) => Ok(token.to_owned()),
            None => Err(self.wrong(answer.to_string())),
        }
    }

    async fn send(&mut self, request: RequestBuilder) -> Result<Response> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await?;
        // Paths and expiry are left aside: the walk is short and stays at one server.
        for cookie in response
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(response)
    }

    async fn location(&self, from: &Url, response: Response) -> Result<Url> {
        let status = response.status();
        let location = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        if let Some(location) = location {
            return from
                .join(&location)
                .map_err(|error| self.wrong(error.to_string()));
        }
        if status == reqwest::StatusCode::UNAUTHORIZED {
            return Err(self.wrong("no such demo user; there are alice, mia and bob".to_owned()));
        }
        let text = response.text().await.unwrap_or_default();
        Err(self.wrong(format!("{} answers {status}: {text}", from.path())))
    }

    fn wrong(&self, why: String) -> Error {
        Error::SignIn {
            user: self.user.to_owned(),
            issuer: self.issuer.to_owned(),
            why,
        }
    }
}
