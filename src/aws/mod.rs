//! Everything that speaks to AWS: one client set a region, the call limiter, the adapters, the inventory.
//!
//! `aws_sdk_*` appears nowhere else. The adapters translate and decide nothing: each of their functions is one call.

mod channels;
mod chat_token;
mod error;
pub mod inventory;
mod limiter;
mod metrics;
pub mod model;
mod registry;
mod rooms;
mod streams;
mod tags;

pub use chat_token::{ChatToken, ChatTokenRequest};
pub use error::{AwsError, ErrorKind};
pub use limiter::{Limiter, Operation, Turn};
pub use metrics::AwsMetrics;
pub use registry::{Record, Registry};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

/// Longest that one call may take. The grace period after a doubtful create has to be longer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// AWS, as one process sees it: credentials, and a set of clients for each region in use.
#[derive(Debug)]
pub struct Aws {
    config: SdkConfig,
    default_region: String,
    metrics: AwsMetrics,
    regions: Mutex<HashMap<String, Arc<Region>>>,
}

/// The clients of one region and their shared limiter.
#[derive(Debug)]
pub struct Region {
    /// Name of the region, for example `us-east-1`.
    pub name: String,
    pub(crate) ivs: aws_sdk_ivs::Client,
    pub(crate) chat: aws_sdk_ivschat::Client,
    pub(crate) limiter: Limiter,
    pub(crate) metrics: AwsMetrics,
}

impl Aws {
    /// Loads credentials and endpoints from the SDK's default chain (environment, profile, web identity, container,
    /// instance). Nothing is called yet: missing credentials show at the first call.
    ///
    /// The SDK's own retries are off. A create that is sent twice makes a twin, and every other call is repeated by
    /// the reconciler, which knows the quota.
    pub async fn connect(region: &str, metrics: AwsMetrics) -> Self {
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(aws_config::Region::new(region.to_owned()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(3))
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .load()
            .await;
        Self {
            config,
            default_region: region.to_owned(),
            metrics,
            regions: Mutex::default(),
        }
    }

    /// The region of a `LiveStream` that names none.
    #[must_use]
    pub fn default_region(&self) -> &str {
        &self.default_region
    }

    /// The clients of a region; made when it is first asked for.
    #[must_use]
    pub fn region(&self, name: &str) -> Arc<Region> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(regions.entry(name.to_owned()).or_insert_with(|| {
            let config = self
                .config
                .clone()
                .into_builder()
                .region(aws_config::Region::new(name.to_owned()))
                .build();
            Arc::new(Region {
                name: name.to_owned(),
                ivs: aws_sdk_ivs::Client::new(&config),
                chat: aws_sdk_ivschat::Client::new(&config),
                limiter: Limiter::default(),
                metrics: self.metrics.clone(),
            })
        }))
    }

    /// The registry table, in the default region.
    #[must_use]
    pub fn registry(&self, table: &str) -> Registry {
        Registry::new(
            aws_sdk_dynamodb::Client::new(&self.config),
            table.to_owned(),
            self.metrics.clone(),
        )
    }
}

impl Region {
    /// Waits until an operation may be called.
    pub async fn take_turn(&self, operation: Operation, turn: &Turn) -> Result<(), AwsError> {
        let waited = self.limiter.acquire(operation, turn).await;
        self.metrics.waited(operation.name(), waited);
        if turn.is_permitted() {
            Ok(())
        } else {
            Err(AwsError::withdrawn(operation.name()))
        }
    }

    /// Waits for the call's turn and makes it.
    pub(crate) fn call<T, E>(
        &self,
        operation: Operation,
        turn: &Turn,
        request: impl Future<Output = Result<T, aws_sdk_ivs::error::SdkError<E>>> + Send,
    ) -> impl Future<Output = Result<T, AwsError>> + Send
    where
        T: Send,
        E: aws_sdk_ivs::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // Boxed before anything waits: the SDK's futures are large, and hundreds of reconciliations hold one.
        let request = Box::pin(request);
        async move {
            self.take_turn(operation, turn).await?;
            self.call_now(operation, turn, request).await
        }
    }

    /// Makes a call whose turn has been taken, counts it, and translates its error.
    pub(crate) async fn call_now<T, E>(
        &self,
        operation: Operation,
        turn: &Turn,
        request: impl Future<Output = Result<T, aws_sdk_ivs::error::SdkError<E>>> + Send,
    ) -> Result<T, AwsError>
    where
        T: Send,
        E: aws_sdk_ivs::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        if !turn.is_permitted() {
            return Err(AwsError::withdrawn(operation.name()));
        }
        let result = Box::pin(request)
            .await
            .map_err(|error| AwsError::from_sdk(operation.name(), error));
        self.metrics.called(operation.name(), result.as_ref().err());
        result
    }
}
