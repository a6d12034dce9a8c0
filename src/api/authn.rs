//! Who asks: a verified user, or a guest. A bearer token that is not valid is refused, never taken for a guest.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};

use super::{authz::Caller, oidc::Refusal, problem::Problem, state::AppState};

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Ok(Self::Guest);
        };
        if values.next().is_some() {
            return Err(Problem::invalid_token("more than one Authorization header"));
        }
        let token = value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
            .map(|(_, token)| token.trim())
            .ok_or_else(|| Problem::invalid_token("the Authorization header must be: Bearer <token>"))?;
        let user = state
            .verifier
            .verify(token)
            .await
            .map_err(|refusal| match refusal {
                Refusal::KeysUnavailable => {
                    Problem::unavailable("the sign-in service does not answer: try again shortly", 5)
                }
                refusal => Problem::invalid_token(refusal.words()),
            })?;
        if let Some(Subject(slot)) = parts.extensions.get() {
            let _ = slot.set(user.subject.clone());
        }
        Ok(Self::User(user))
    }
}

/// Where the verified subject is left for the log, which writes a hash of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject(pub(super) Arc<OnceLock<String>>);
