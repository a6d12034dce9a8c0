//! `GET /api/config`: what the web client needs to begin.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::state::AppState;
use crate::crd::limits;

/// What the web client needs to begin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Config {
    /// How to sign in; `null` where nobody can.
    oidc: Option<Oidc>,
    /// Languages of the client.
    languages: [&'static str; 2],
    /// WebSocket endpoint of the chat of the default region.
    chat_endpoint: String,
    /// Bounds of what users write.
    limits: Limits,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Oidc {
    /// Issuer.
    issuer: String,
    /// Client id.
    client_id: String,
    /// Scopes to ask for.
    scope: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    clippy::struct_field_names,
    reason = "the names of the answer, which say their unit"
)]
struct Limits {
    /// Characters of a title.
    title_length: usize,
    /// Characters of a description.
    description_length: usize,
    /// Characters of a chat message.
    message_length: i32,
}

/// Configuration of the web client
#[utoipa::path(
    get,
    path = "/api/config",
    responses((status = 200, description = "What the web client needs to begin", body = Config))
)]
pub(super) async fn get_config(State(state): State<AppState>) -> Json<Config> {
    let options = &state.options;
    let oidc = options.oidc_issuers.first().zip(options.oidc_client_id.as_ref());
    Json(Config {
        oidc: oidc.map(|(issuer, client_id)| Oidc {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            scope: "openid profile",
        }),
        languages: ["en", "vi"],
        chat_endpoint: state.chat_endpoint(&options.region),
        limits: Limits {
            title_length: limits::TITLE,
            description_length: limits::DESCRIPTION,
            message_length: limits::MESSAGE_LENGTH,
        },
    })
}
