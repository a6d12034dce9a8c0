//! A running emulator with clients, and how to look at refusals.

use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_ivs::config::http::HttpResponse;
use aws_sdk_ivs::config::retry::RetryConfig;
use aws_sdk_ivs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ivs::error::{ProvideErrorMetadata, SdkError};
use ivs_emulator::{Config, DEFAULT_ACCOUNT};
use reqwest::Method;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub const REGION: &str = "eu-west-1";

/// ARN of a channel that never exists.
pub const NO_CHANNEL: &str = "arn:aws:ivs:eu-west-1:123456789012:channel/Ab12Cd34Ef56";
/// ARN of a room that never exists.
pub const NO_ROOM: &str = "arn:aws:ivschat:eu-west-1:123456789012:room/Ab12Cd34Ef56";

/// A running emulator. It stops when this is dropped.
pub struct Emulator {
    pub url: String,
    pub ivs: aws_sdk_ivs::Client,
    pub chat: aws_sdk_ivschat::Client,
    pub http: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl Emulator {
    pub async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    pub async fn start_with(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(ivs_emulator::serve(listener, config, async move {
            let _ = stopped.await;
        }));
        Self {
            ivs: ivs_client(&url, REGION, RetryConfig::disabled()),
            chat: chat_client(&url),
            http: reqwest::Client::new(),
            url,
            _stop: stop,
        }
    }

    /// A client of another region or with retries.
    pub fn ivs_with(&self, region: &'static str, retry: RetryConfig) -> aws_sdk_ivs::Client {
        ivs_client(&self.url, region, retry)
    }

    /// A request to administration, whatever the answer.
    pub async fn try_admin(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let request = self
            .http
            .request(method, format!("{}/_emulator/{path}", self.url));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await.unwrap();
        (
            response.status().as_u16(),
            response.json().await.unwrap_or(Value::Null),
        )
    }

    async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.try_admin(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> Value {
        self.admin(Method::GET, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.admin(Method::PUT, path, Some(&body)).await
    }

    pub async fn post(&self, path: &str) -> Value {
        self.admin(Method::POST, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Value {
        self.admin(Method::DELETE, path, None).await
    }

    pub async fn set(&self, settings: Value) {
        self.put("settings", settings).await;
    }

    /// Arms these faults and no others.
    pub async fn spoil(&self, faults: Value) {
        self.put("faults", serde_json::json!({"faults": faults})).await;
    }

    /// The calls of an operation, oldest first.
    pub async fn calls(&self, operation: &str) -> Vec<Value> {
        self.get(&format!("calls?operation={operation}")).await["calls"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// Pretends that a channel is live.
    pub async fn live(&self, arn: &str, stream: Value) {
        self.put(&format!("streams/{}", id(arn)), stream).await;
    }

    pub async fn channel(&self) -> String {
        self.named_channel("").await
    }

    pub async fn named_channel(&self, name: &str) -> String {
        let created = self.ivs.create_channel().name(name).send().await.unwrap();
        created.channel.unwrap().arn.unwrap()
    }

    pub async fn room(&self, name: &str) -> String {
        self.chat
            .create_room()
            .name(name)
            .send()
            .await
            .unwrap()
            .arn
            .unwrap()
    }

    /// A request as the SDKs sign it, for what the SDKs cannot send.
    pub fn raw(&self, service: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKRAW/20260102/{REGION}/{service}/aws4_request, SignedHeaders=host, \
             Signature=00"
        );
        self.http
            .request(method, format!("{}{path}", self.url))
            .header("authorization", authorization)
    }
}

fn credentials() -> Credentials {
    Credentials::new("AKTEST", "secret", None, None, "test")
}

fn ivs_client(url: &str, region: &'static str, retry: RetryConfig) -> aws_sdk_ivs::Client {
    aws_sdk_ivs::Client::from_conf(
        aws_sdk_ivs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(url)
            .region(Region::from_static(region))
            .credentials_provider(credentials())
            .retry_config(retry)
            .build(),
    )
}

fn chat_client(url: &str) -> aws_sdk_ivschat::Client {
    aws_sdk_ivschat::Client::from_conf(
        aws_sdk_ivschat::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(url)
            .region(Region::from_static(REGION))
            .credentials_provider(credentials())
            .retry_config(RetryConfig::disabled())
            .build(),
    )
}

/// The last part of an ARN.
pub fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

/// An ARN of the test's account and region.
pub fn arn(kind: &str, id: &str) -> String {
    format!("arn:aws:ivs:{REGION}:{DEFAULT_ACCOUNT}:{kind}/{id}")
}

/// Name and status of a refusal.
#[track_caller]
pub fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E, HttpResponse>>,
) -> (String, u16) {
    let error = result.expect_err("this should have been refused");
    let status = error
        .raw_response()
        .map_or(0, |response| response.status().as_u16());
    (error.code().unwrap_or_default().to_owned(), status)
}

/// What a refusal of this name and status looks like.
pub fn is(name: &str, status: u16) -> (String, u16) {
    (name.to_owned(), status)
}

/// Whether the call got no answer at all.
pub fn is_unanswered<T, E>(result: &Result<T, SdkError<E, HttpResponse>>) -> bool {
    matches!(
        result,
        Err(SdkError::DispatchFailure(_) | SdkError::ResponseError(_))
    )
}

/// Asks again until the answer is yes.
pub async fn eventually<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    let asking = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking)
        .await
        .expect("it did not happen in time");
}
