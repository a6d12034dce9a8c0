//! Administration under `/_emulator/`: what there is, what happened, how to behave, what to spoil, who is live.
//!
//! The document of `GET state` is put together in [`super::admin_state`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::admin_state;
use crate::emulator::{Emulator, Inner};
use crate::ivs::streams::{Pretend, Stream};
use crate::layers::calls::Call;
use crate::layers::faults::Rule;
use crate::operation::OPERATIONS;
use crate::settings::Settings;

type App = State<Arc<Emulator>>;

const ROUTES: &str = "GET health, GET state, POST reset, GET|DELETE calls, GET|PUT settings, \
                      GET|PUT|DELETE faults, PUT|DELETE faults/{id}, PUT|DELETE streams/{channelId}";

/// The routes of administration.
pub fn router() -> Router<Arc<Emulator>> {
    Router::new()
        .route("/health", get(health))
        .route("/state", get(state))
        .route("/reset", post(reset))
        .route("/calls", get(calls).delete(clear_calls))
        .route("/settings", get(settings).put(change_settings))
        .route("/faults", get(faults).put(replace_faults).delete(clear_faults))
        .route("/faults/{id}", delete(remove_fault).put(set_fault))
        .route("/streams/{channel}", delete(end_stream).put(pretend_stream))
        .fallback(unknown)
}

/// What is wrong with a request to administration.
struct AdminError(StatusCode, String);

impl IntoResponse for AdminError {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

fn bad(error: impl Into<String>) -> AdminError {
    AdminError(StatusCode::BAD_REQUEST, error.into())
}

fn missing(what: impl Into<String>) -> AdminError {
    AdminError(StatusCode::NOT_FOUND, what.into())
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, AdminError> {
    serde_json::from_slice(if body.is_empty() { b"{}" } else { body }).map_err(|error| bad(error.to_string()))
}

async fn unknown() -> AdminError {
    missing(format!("there is no such route; there are {ROUTES}"))
}

async fn health(State(emulator): App) -> Json<Value> {
    let names: Vec<String> = OPERATIONS
        .iter()
        .map(|operation| format!("{}:{}", operation.service.name(), operation.name))
        .collect();
    Json(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "account": emulator.config.account,
        "publicUrl": emulator.public_url,
        "chaos": emulator.config.chaos,
        "startTime": crate::state::Time(emulator.started),
        "operations": names,
    }))
}

async fn state(State(emulator): App) -> Json<Value> {
    let account = &emulator.config.account;
    Json(emulator.with(|inner| admin_state::document(account, &mut inner.state, Timestamp::now())))
}

#[derive(Deserialize)]
struct Keep {
    #[serde(default)]
    keep: String,
}

async fn reset(State(emulator): App, Query(Keep { keep }): Query<Keep>) -> Result<Json<Value>, AdminError> {
    let kept: Vec<&str> = keep.split(',').filter(|part| !part.is_empty()).collect();
    if let Some(part) = kept
        .iter()
        .find(|part| !["calls", "settings", "faults"].contains(part))
    {
        return Err(bad(format!(
            "keep names calls, settings and faults, not {part:?}"
        )));
    }
    let (mut settings, rules) = emulator.config.initial();
    emulator.with(|inner| {
        inner.forget_resources();
        if !kept.contains(&"calls") {
            inner.calls.clear();
        }
        if !kept.contains(&"settings") {
            if emulator.config.seed.is_none() {
                settings.seed = inner.settings.seed;
            }
            inner.settings = settings;
        }
        inner.reseed();
        if !kept.contains(&"faults") {
            inner.faults.replace(rules).map_err(bad)?;
        }
        Ok(Json(json!({})))
    })
}

#[derive(Deserialize)]
struct CallFilter {
    #[serde(default)]
    since: u64,
    operation: Option<String>,
    mutation: Option<bool>,
}

async fn calls(State(emulator): App, Query(filter): Query<CallFilter>) -> Json<Value> {
    let wanted = |call: &&Call| {
        filter.mutation.is_none_or(|mutation| call.mutation == mutation)
            && filter.operation.as_deref().is_none_or(|names| {
                names
                    .split(',')
                    .any(|name| Some(name) == call.operation.as_deref())
            })
    };
    emulator.with(|inner| {
        let calls: Vec<&Call> = inner.calls.since(filter.since).filter(wanted).collect();
        Json(json!({"calls": calls, "lastSeq": inner.calls.last_seq()}))
    })
}

async fn clear_calls(State(emulator): App) -> Json<Value> {
    emulator.with(|inner| {
        inner.calls.clear();
        Json(json!({"lastSeq": inner.calls.last_seq()}))
    })
}

async fn settings(State(emulator): App) -> Json<Settings> {
    Json(emulator.with(|inner| inner.settings.clone()))
}

async fn change_settings(State(emulator): App, body: Bytes) -> Result<Json<Settings>, AdminError> {
    let change: Map<String, Value> = read(&body)?;
    emulator.with(|inner| {
        let settings = inner.settings.with(&change).map_err(bad)?;
        inner.settings = settings.clone();
        if change.contains_key("seed") {
            inner.reseed();
        }
        Ok(Json(settings))
    })
}

fn fault_list(inner: &Inner) -> Json<Value> {
    Json(json!({"faults": inner.faults.armed()}))
}

async fn faults(State(emulator): App) -> Json<Value> {
    emulator.with(|inner| fault_list(inner))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultList {
    faults: Vec<Rule>,
}

async fn replace_faults(State(emulator): App, body: Bytes) -> Result<Json<Value>, AdminError> {
    let FaultList { faults } = read(&body)?;
    emulator.with(|inner| {
        inner.faults.replace(faults).map_err(bad)?;
        Ok(fault_list(inner))
    })
}

async fn clear_faults(State(emulator): App) -> Result<Json<Value>, AdminError> {
    emulator.with(|inner| {
        inner.faults.replace(Vec::new()).map_err(bad)?;
        Ok(fault_list(inner))
    })
}

async fn set_fault(
    State(emulator): App,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, AdminError> {
    let rule: Rule = read(&body)?;
    if !rule.id.is_empty() && rule.id != id {
        return Err(bad(format!("the path says {id:?} and the body {:?}", rule.id)));
    }
    emulator.with(|inner| {
        inner.faults.set(Rule { id, ..rule }).map_err(bad)?;
        Ok(fault_list(inner))
    })
}

async fn remove_fault(State(emulator): App, Path(id): Path<String>) -> Result<Json<Value>, AdminError> {
    emulator.with(|inner| {
        if inner.faults.remove(&id) {
            Ok(fault_list(inner))
        } else {
            Err(missing(format!("no fault {id:?}")))
        }
    })
}

/// A channel may be named by id or by ARN.
fn channel_id(channel: &str) -> &str {
    channel.rsplit('/').next().unwrap_or(channel)
}

async fn pretend_stream(
    State(emulator): App,
    Path(channel): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, AdminError> {
    let wish: Pretend = read(&body)?;
    let (id, now) = (channel_id(&channel), Timestamp::now());
    emulator.with(|inner| {
        let stream = inner
            .state
            .regions(now)
            .find_map(|(_, region)| Stream::pretend(region, id, &wish, now));
        stream
            .map(|stream| Json(json!({"stream": stream})))
            .ok_or_else(|| missing(format!("no channel {channel:?}")))
    })
}

async fn end_stream(State(emulator): App, Path(channel): Path<String>) -> Result<Json<Value>, AdminError> {
    let (id, now) = (channel_id(&channel), Timestamp::now());
    emulator.with(|inner| {
        if inner
            .state
            .regions(now)
            .any(|(_, region)| Stream::end(region, id, now))
        {
            Ok(Json(json!({})))
        } else {
            Err(missing(format!("channel {channel:?} has no stream")))
        }
    })
}
