//! The environment as tests see it: objects, the emulator's ground truth, the registry.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::AttributeValue;
use devenv::{Environment, Part};
use ivs_operator::crd::LiveStream;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// Longest that anything here may take on a busy machine; what is waited for usually takes a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// An environment and clients for it.
pub struct World {
    pub env: Arc<Environment>,
    pub client: Client,
    pub http: reqwest::Client,
}

/// Flags that make everything happen soon.
const FLAGS: [&str; 6] = [
    "--sweep-interval=1s",
    "--stream-interval=1s",
    "--deep-interval=2s",
    "--resync-interval=3s",
    "--creation-grace=4s",
    "--log=info,ivs_operator=debug",
];

/// The environment that tests share. It lives in a thread of its own, because each test brings a runtime of its own.
pub async fn shared() -> World {
    static ENVIRONMENT: OnceCell<Arc<Environment>> = OnceCell::const_new();
    let begin = || async {
        let (started, ready) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                started
                    .send(Arc::new(start("shared", 1).await))
                    .ok()
                    .expect("the test waits");
                std::future::pending::<()>().await;
            });
        });
        ready.await.expect("the environment has started; see above")
    };
    World::of(Arc::clone(ENVIRONMENT.get_or_init(begin).await)).await
}

/// An environment that a test has to itself, to stop parts of.
pub async fn own(name: &str) -> World {
    World::of(Arc::new(start(name, 1).await)).await
}

/// The same, with several controllers.
pub async fn replicated(name: &str, controllers: u8) -> World {
    World::of(Arc::new(start(name, controllers).await)).await
}

async fn start(name: &str, controllers: u8) -> Environment {
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let page = scratch.join("client");
    std::fs::create_dir_all(&page).unwrap();
    std::fs::write(
        page.join("index.html"),
        "<!doctype html><title>the client</title>",
    )
    .unwrap();
    Environment::builder(scratch.join(format!("integration-{name}")))
        .parts(Part::ALL)
        .controllers(controllers)
        .operator_binary(env!("CARGO_BIN_EXE_ivs-operator"))
        .controller_args(FLAGS)
        .api_args([format!("--client-dir={}", page.display())])
        .start()
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

impl World {
    async fn of(env: Arc<Environment>) -> Self {
        // The process's one TLS provider, as in the program's own `main`.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let kubeconfig = kube::config::Kubeconfig::read_from(env.kubeconfig_path()).unwrap();
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
        let client = Client::try_from(config.await.unwrap()).unwrap();
        Self {
            env,
            client,
            http: reqwest::Client::new(),
        }
    }

    /// A new namespace for one test.
    pub async fn namespace(&self, purpose: &str) -> Space<'_> {
        let name = format!("{purpose}-{:08x}", rand::random::<u32>());
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let namespace = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
        namespaces
            .create(&PostParams::default(), &namespace)
            .await
            .unwrap();
        Space { world: self, name }
    }

    /// Asks the emulator's administration.
    pub async fn emulator(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/_emulator/{path}", self.env.emulator_url());
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap();
        assert!(status.is_success(), "{url}: {status}: {body}");
        body
    }

    /// Everything that the emulator has.
    pub async fn state(&self) -> Value {
        self.emulator(reqwest::Method::GET, "state", None).await
    }

    /// Calls since a number, and the number of the last.
    pub async fn calls_since(&self, seq: u64) -> (Vec<Value>, u64) {
        let log = self
            .emulator(reqwest::Method::GET, &format!("calls?since={seq}"), None)
            .await;
        (
            log["calls"].as_array().unwrap().clone(),
            log["lastSeq"].as_u64().unwrap(),
        )
    }

    /// Number of the last call.
    pub async fn last_call(&self) -> u64 {
        self.calls_since(u64::from(u32::MAX)).await.1
    }

    /// Sets a fault, under an id of its own.
    pub async fn fault(&self, id: &str, rule: &Value) {
        self.emulator(reqwest::Method::PUT, &format!("faults/{id}"), Some(rule))
            .await;
    }

    /// Takes a fault away.
    pub async fn no_fault(&self, id: &str) {
        self.emulator(reqwest::Method::DELETE, &format!("faults/{id}"), None)
            .await;
    }

    /// A client of AWS that speaks to the emulator and DynamoDB Local.
    pub async fn aws(&self) -> aws_config::SdkConfig {
        let credentials = aws_sdk_ivs::config::Credentials::new("test", "test", None, None, "test");
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .region("us-east-1")
            .credentials_provider(credentials)
            .endpoint_url(self.env.emulator_url())
            .load()
            .await
    }

    /// The registry's item of an object.
    pub async fn record(&self, uid: &str) -> Option<HashMap<String, AttributeValue>> {
        let config = self
            .aws()
            .await
            .into_builder()
            .endpoint_url(self.env.dynamodb_url())
            .build();
        let request = aws_sdk_dynamodb::Client::new(&config)
            .get_item()
            .table_name(self.env.registry_table())
            .key("pk", AttributeValue::S(format!("STREAM#{uid}")))
            .key("sk", AttributeValue::S("META".into()))
            .consistent_read(true);
        request.send().await.unwrap().item
    }

    /// The controller's log, for a failed check to show.
    pub fn controller_log(&self) -> String {
        let log = std::fs::read_to_string(self.env.log_path(Part::Controller(1))).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

/// A namespace of one test.
pub struct Space<'a> {
    pub world: &'a World,
    pub name: String,
}

impl Space<'_> {
    pub fn streams(&self) -> Api<LiveStream> {
        Api::namespaced(self.world.client.clone(), &self.name)
    }

    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.world.client.clone(), &self.name)
    }

    /// Creates a LiveStream.
    pub async fn create(&self, name: &str, spec: Value) -> LiveStream {
        let object = self.object(name, &spec);
        self.streams()
            .create(&PostParams::default(), &object)
            .await
            .unwrap()
    }

    /// A LiveStream that is not created yet.
    pub fn object(&self, name: &str, spec: &Value) -> LiveStream {
        serde_json::from_value(json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": name, "namespace": self.name}, "spec": spec,
        }))
        .unwrap()
    }

    /// Creates a LiveStream and waits until it is ready.
    pub async fn ready(&self, name: &str, spec: Value) -> LiveStream {
        self.create(name, spec).await;
        self.until(name, is_ready).await
    }

    /// Changes an object.
    pub async fn patch(&self, name: &str, patch: Value) -> LiveStream {
        self.streams()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .unwrap()
    }

    /// Waits until an object is as it should be.
    pub async fn until(&self, name: &str, condition: impl Fn(&LiveStream) -> bool) -> LiveStream {
        let begin = Instant::now();
        loop {
            let object = self.streams().get(name).await.unwrap();
            if condition(&object) {
                return object;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{}/{name} did not get there: {:#?}\n{}",
                self.name,
                object.status,
                self.world.controller_log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Deletes an object and waits until it is gone.
    pub async fn delete(&self, name: &str) {
        self.streams()
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
        self.until_gone(name).await;
    }

    /// Waits until an object is gone.
    pub async fn until_gone(&self, name: &str) {
        eventually("the object is gone", async || {
            let object = self.streams().get_opt(name).await.unwrap();
            object.map_or(Ok(()), |object| {
                Err(format!("{:#?}\n{}", object.status, self.world.controller_log()))
            })
        })
        .await;
    }

    /// The channels in the emulator that have this namespace's tag.
    pub async fn channels(&self) -> Vec<Value> {
        self.tagged(&self.world.state().await["channels"])
    }

    /// The rooms in the emulator that have this namespace's tag.
    pub async fn rooms(&self) -> Vec<Value> {
        self.tagged(&self.world.state().await["rooms"])
    }

    fn tagged(&self, resources: &Value) -> Vec<Value> {
        let mine = |resource: &&Value| resource["tags"]["ivs-operator.dev/namespace"] == self.name;
        resources
            .as_array()
            .unwrap()
            .iter()
            .filter(mine)
            .cloned()
            .collect()
    }

    /// Reasons of the events of an object.
    pub async fn events(&self, name: &str) -> BTreeSet<String> {
        let events: Api<k8s_openapi::api::events::v1::Event> =
            Api::namespaced(self.world.client.clone(), &self.name);
        let events = events.list(&kube::api::ListParams::default()).await.unwrap();
        events
            .into_iter()
            .filter(|event| event.regarding.as_ref().and_then(|object| object.name.as_deref()) == Some(name))
            .filter_map(|event| event.reason)
            .collect()
    }
}

/// Waits until a check holds; says what it saw last if it never does.
pub async fn eventually<E: std::fmt::Display>(what: &str, mut check: impl AsyncFnMut() -> Result<(), E>) {
    let begin = Instant::now();
    while let Err(seen) = check().await {
        assert!(
            begin.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}: {seen}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whether an object is ready in its present generation.
pub fn is_ready(object: &LiveStream) -> bool {
    condition(object, "Ready").is_some_and(|(status, _)| status == "True") && is_observed(object)
}

/// Whether the status speaks of the present generation.
pub fn is_observed(object: &LiveStream) -> bool {
    object.status.as_ref().map(|status| status.observed_generation) == object.metadata.generation
}

/// Status and reason of a condition.
pub fn condition(object: &LiveStream, type_: &str) -> Option<(String, String)> {
    let conditions = &object.status.as_ref()?.conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == type_)?;
    Some((condition.status.clone(), condition.reason.clone()))
}

/// Message of a condition.
pub fn message(object: &LiveStream, type_: &str) -> String {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions
        .filter(|condition| condition.type_ == type_)
        .map(|condition| condition.message.clone())
        .collect()
}

/// Whether an object stalls for this reason.
pub fn stalls(reason: &'static str) -> impl Fn(&LiveStream) -> bool {
    move |object| condition(object, "Stalled").is_some_and(|(status, why)| status == "True" && why == reason)
}

/// ARN of the channel of an object.
pub fn channel_arn(object: &LiveStream) -> String {
    object
        .status
        .as_ref()
        .unwrap()
        .channel
        .as_ref()
        .unwrap()
        .arn
        .clone()
}

/// ARN of the room of an object.
pub fn room_arn(object: &LiveStream) -> String {
    object.status.as_ref().unwrap().chat.as_ref().unwrap().arn.clone()
}

/// Makes a channel live, or ends its stream.
pub async fn live(space: &Space<'_>, channel_arn: &str, live: bool) {
    let id = channel_arn.rsplit('/').next().unwrap();
    let path = format!("streams/{id}");
    if live {
        let stream = json!({"health": "HEALTHY", "viewerCount": 7});
        space
            .world
            .emulator(reqwest::Method::PUT, &path, Some(&stream))
            .await;
    } else {
        space.world.emulator(reqwest::Method::DELETE, &path, None).await;
    }
}

/// Whether the status says that the stream runs.
pub fn is_live(object: &LiveStream) -> bool {
    object
        .status
        .as_ref()
        .and_then(|status| status.stream.as_ref())
        .is_some_and(|stream| stream.state == "LIVE")
}
