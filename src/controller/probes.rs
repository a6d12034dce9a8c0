//! `/healthz`, `/readyz` and `/metrics` of the controller.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use kube::runtime::reflector::Store;
use prometheus_client::{encoding::text::encode, registry::Registry};
use tokio::net::TcpListener;

use super::{Context, Guarded};
use crate::crd::ConditionType;

#[derive(Clone)]
pub(super) struct Probes(Arc<Inner>);

struct Inner {
    registry: Registry,
    store: Store<Guarded>,
    context: Arc<Context>,
}

impl Probes {
    pub(super) fn new(registry: Registry, store: Store<Guarded>, context: Arc<Context>) -> Self {
        Self(Arc::new(Inner {
            registry,
            store,
            context,
        }))
    }

    pub(super) async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) {
        let router = Router::new()
            // Answering at all is the heartbeat: the runtime that answers is the one that reconciles.
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .route("/metrics", get(metrics))
            .with_state(self);
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(shutdown)
            .await
        {
            tracing::error!(%error, "the probes have stopped");
        }
    }
}

async fn ready(State(probes): State<Probes>) -> (StatusCode, String) {
    let synced = futures::FutureExt::now_or_never(probes.0.store.wait_until_ready());
    if synced.is_some_and(|synced| synced.is_ok()) {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        let awaited = "waiting for the first list of LiveStreams: is the CustomResourceDefinition \
                       livestreams.ivs-operator.dev installed, and may this ServiceAccount list them?\n";
        (StatusCode::SERVICE_UNAVAILABLE, awaited.to_owned())
    }
}

async fn metrics(State(probes): State<Probes>) -> Result<impl IntoResponse, StatusCode> {
    let Inner {
        registry,
        store,
        context,
    } = &*probes.0;
    let objects = store.state();
    let (mut live, mut unparsable) = (0, 0);
    let conditions = [
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
    ];
    let mut counts = [[0; 2]; 3];
    for object in &objects {
        let Ok(object) = &object.0 else {
            unparsable += 1;
            continue;
        };
        let status = object.status.clone().unwrap_or_default();
        live += i64::from(status.stream.is_some_and(|stream| stream.state == "LIVE"));
        let held = crate::crd::Conditions::new(status.conditions);
        for (condition, count) in conditions.iter().zip(&mut counts) {
            count[usize::from(held.is_true(*condition))] += 1;
        }
    }
    for (condition, [no, yes]) in conditions.iter().zip(counts) {
        context.metrics.objects(condition.as_str(), "True", yes);
        context.metrics.objects(condition.as_str(), "False", no);
    }
    context.metrics.live.set(live);
    context.metrics.unparsable.set(unparsable);
    context
        .metrics
        .backing_off
        .set(i64::try_from(context.backoff.len()).unwrap_or(i64::MAX));
    context.metrics.leading.set(i64::from(context.leader.may_write()));
    let mut text = String::new();
    encode(&mut text, registry).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let type_ = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, type_)], text))
}
