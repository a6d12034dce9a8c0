//! Bodies and queries whose refusals are problems that name what is wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body. Taken as such also where the content type is missing or curl's default for `-d`; whoever means
/// something else and says so is refused.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !may_be_json(request.headers()) {
            let detail = "the body must be JSON, with Content-Type: application/json".to_owned();
            return Err(Problem::rejected(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::rejected(rejection.status(), rejection.body_text()))?;
        match axum::Json::from_bytes(&body) {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection) => Err(Problem::rejected(rejection.status(), rejection.body_text())),
        }
    }
}

fn may_be_json(headers: &HeaderMap) -> bool {
    let Some(type_) = headers.get(header::CONTENT_TYPE) else {
        return true;
    };
    let essence = type_
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
        || essence == "application/x-www-form-urlencoded"
}

/// A query string.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match axum::extract::Query::from_request_parts(parts, state).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Problem::bad_request(rejection.body_text())),
        }
    }
}
