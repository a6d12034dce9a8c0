//! Refusals: RFC 9457 problem bodies. Constructors are named by meaning; nothing internal is told.

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// A refusal, as RFC 9457 says it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem: a URI reference that never changes its meaning. All are listed in the API's guide.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    type_: &'static str,
    /// The kind in words.
    #[schema(example = "Not found")]
    title: &'static str,
    /// HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What happened this time and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
}

impl Problem {
    fn new(
        type_: &'static str,
        title: &'static str,
        status: StatusCode,
        detail: impl Into<Option<String>>,
    ) -> Self {
        Self {
            type_,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// Label for metrics.
    pub(super) fn slug(&self) -> &'static str {
        self.type_.trim_start_matches("/problems/")
    }

    /// Nobody is signed in, and a guest may not do this.
    pub(super) fn not_authenticated() -> Self {
        Self::new(
            "/problems/not-authenticated",
            "User not authenticated",
            StatusCode::UNAUTHORIZED,
            "User not authenticated".to_owned(),
        )
    }

    /// The bearer token is not valid; never says why in a way that helps to forge one.
    pub(super) fn invalid_token(detail: &str) -> Self {
        Self::new(
            "/problems/invalid-token",
            "User not authenticated",
            StatusCode::UNAUTHORIZED,
            format!("User not authenticated: {detail}"),
        )
    }

    /// There is no such stream, or the caller may not know of it: both look the same.
    pub(super) fn no_such_stream() -> Self {
        Self::new(
            "/problems/not-found",
            "Not found",
            StatusCode::NOT_FOUND,
            "there is no such stream, or you may not see it".to_owned(),
        )
    }

    pub(super) fn no_such_route() -> Self {
        Self::new(
            "/problems/no-such-route",
            "No such route",
            StatusCode::NOT_FOUND,
            "see /docs for the routes of this API".to_owned(),
        )
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            "/problems/bad-request",
            "Bad request",
            StatusCode::BAD_REQUEST,
            detail.into(),
        )
    }

    /// The stream is there and cannot be used yet.
    pub(super) fn not_ready(awaited: impl Into<String>) -> Self {
        Self {
            retry_after: Some(5),
            ..Self::new(
                "/problems/not-ready",
                "Not ready yet",
                StatusCode::CONFLICT,
                awaited.into(),
            )
        }
    }

    /// The stream has no chat.
    pub(super) fn chat_disabled() -> Self {
        Self::new(
            "/problems/chat-disabled",
            "Chat is off",
            StatusCode::CONFLICT,
            "this stream has no chat".to_owned(),
        )
    }

    /// Something that is needed does not answer.
    pub(super) fn unavailable(detail: &str, retry_after: u32) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                "/problems/unavailable",
                "Temporarily unavailable",
                StatusCode::SERVICE_UNAVAILABLE,
                detail.to_owned(),
            )
        }
    }

    /// What the framework refused by itself, in our form.
    fn of_status(status: StatusCode, detail: Option<String>) -> Option<Self> {
        let (type_, title) = match status {
            StatusCode::METHOD_NOT_ALLOWED => ("/problems/method-not-allowed", "Method not allowed"),
            StatusCode::PAYLOAD_TOO_LARGE => ("/problems/too-large", "Request too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("/problems/unsupported-media-type", "Unsupported media type")
            }
            StatusCode::SERVICE_UNAVAILABLE => ("/problems/unavailable", "Temporarily unavailable"),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                ("/problems/bad-request", "Bad request")
            }
            _ => return None,
        };
        let status = if status == StatusCode::UNPROCESSABLE_ENTITY {
            StatusCode::BAD_REQUEST
        } else {
            status
        };
        // What no handler of ours said is the time limit.
        let retry_after = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(5);
        Some(Self {
            retry_after,
            ..Self::new(type_, title, status, detail)
        })
    }

    /// What an extractor refused.
    pub(super) fn rejected(status: StatusCode, detail: String) -> Self {
        Self::of_status(status, Some(detail))
            .unwrap_or_else(|| Self::bad_request("the request cannot be read"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (retry_after, type_) = (self.retry_after, self.type_);
        let slug = self.slug();
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            let challenge = if type_ == "/problems/invalid-token" {
                "Bearer error=\"invalid_token\""
            } else {
                "Bearer"
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(Refused(slug));
        response
    }
}

/// Tells the log and the metrics why a request was refused, and [`refusals`] that it is said already.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused(pub(super) &'static str);

/// Gives refusals of the framework the form of ours.
pub(super) async fn refusals(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_problem = response.extensions().get::<Refused>().is_some();
    if is_problem {
        return response;
    }
    match Problem::of_status(response.status(), None) {
        Some(problem) => {
            let allow = response.headers().get(header::ALLOW).cloned();
            let mut refused = problem.into_response();
            refused
                .headers_mut()
                .extend(allow.map(|allow| (header::ALLOW, allow)));
            refused
        }
        None => response,
    }
}
