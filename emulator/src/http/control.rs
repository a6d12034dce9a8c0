//! The control planes over HTTP: from the raw request to an operation, and from its outcome to a response.
//!
//! Routing is on the raw path: an ARN in it is percent-encoded and has slashes of its own.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::server::HangUp;
use super::signature::Caller;
use crate::emulator::{Emulator, Outcome};
use crate::error::{ApiError, ErrorKind};
use crate::layers::access::Subject;
use crate::layers::calls::Call;
use crate::operation::{Operation, Reply, Service, find};

/// Largest body that is read.
const MAX_BODY: usize = 1024 * 1024;

/// Serves one request, whatever it is.
pub async fn handle(State(emulator): State<Arc<Emulator>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let mut call = Call {
        seq: 0,
        time: Timestamp::now(),
        duration_ms: 0,
        service: None,
        operation: None,
        request: format!("{} {}", parts.method, parts.uri),
        mutation: false,
        access_key: None,
        region: None,
        arn: None,
        name: None,
        status: None,
        error: None,
        applied: false,
        fault: None,
        chat_token: None,
    };
    let answer = match carry_out(&emulator, &parts, body, &mut call).await {
        Ok(outcome) => {
            call.applied = outcome.applied;
            outcome.answer
        }
        Err(error) => Some(Err(error)),
    };
    let response = match answer {
        None => hang_up(),
        Some(answer) => {
            note(&mut call, &answer);
            respond(call.service, answer)
        }
    };
    call.duration_ms = milliseconds_since(call.time);
    tracing::debug!(
        request = call.request,
        status = call.status,
        error = call.error,
        "call"
    );
    emulator.log(call);
    response
}

async fn carry_out(
    emulator: &Emulator,
    parts: &Parts,
    body: Body,
    call: &mut Call,
) -> Result<Outcome, ApiError> {
    let caller = Caller::from_headers(&parts.headers)?;
    call.service = Some(caller.service);
    call.access_key = Some(caller.access_key.clone());
    call.region = Some(caller.region.clone());
    let route = route(caller.service, parts)?;
    let operation = route.operation;
    call.operation = Some(operation.name.to_owned());
    call.mutation = operation.is_mutation();
    let body = to_bytes(body, MAX_BODY)
        .await
        .map_err(|error| body_error(&error))?;
    let body = parse(&body).map(|mut body| {
        body.extend(route.members);
        body
    });
    if let Ok(body) = &body {
        call.arn = main_arn(body);
        call.name = text(body, "name").or_else(|| text(body, "filterByName"));
    }
    let verdict = emulator.judge(operation, call.arn.as_deref(), call.name.as_deref());
    call.fault = verdict.rule;
    if verdict.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.delay_ms)).await;
    }
    let prepared = body.and_then(|body| operation.prepare(body));
    let subject = Subject {
        account: &emulator.config.account,
        access_key: &caller.access_key,
        region: &caller.region,
        arn: call.arn.as_deref(),
    };
    Ok(emulator.run(operation, &subject, prepared, verdict.effect))
}

/// An operation, and the members of its request that are not in the body.
struct Route {
    operation: &'static Operation,
    members: Map<String, Value>,
}

fn route(service: Service, parts: &Parts) -> Result<Route, ApiError> {
    let path = parts.uri.path();
    if let Some(arn) = path.strip_prefix("/tags/") {
        return tag_route(service, parts, arn);
    }
    if parts.method != Method::POST {
        let message = format!("There is no operation at {} {path}", parts.method);
        return Err(ApiError::new(ErrorKind::UnknownOperation, message));
    }
    // The tag operations have names too, but not paths of their own.
    let name = path
        .strip_prefix('/')
        .filter(|name| !name.ends_with("Resource"))
        .unwrap_or_default();
    Ok(Route {
        operation: find(service, name)?,
        members: Map::new(),
    })
}

fn tag_route(service: Service, parts: &Parts, arn: &str) -> Result<Route, ApiError> {
    let name = match parts.method {
        Method::GET => "ListTagsForResource",
        Method::POST => "TagResource",
        Method::DELETE => "UntagResource",
        _ => "",
    };
    let operation = find(service, name)?;
    let arn = percent_decode_str(arn)
        .decode_utf8()
        .map_err(|_| ApiError::invalid_member("resourceArn", "must be text in UTF-8"))?;
    let mut members = Map::new();
    members.insert("resourceArn".to_owned(), arn.into());
    if parts.method == Method::DELETE {
        let query = parts.uri.query().unwrap_or_default();
        let keys: Vec<Value> = url::form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| name == "tagKeys")
            .map(|(_, key)| key.into())
            .collect();
        if !keys.is_empty() {
            members.insert("tagKeys".to_owned(), keys.into());
        }
    }
    Ok(Route { operation, members })
}

fn body_error(error: &axum::Error) -> ApiError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        // The limit's error has no public type of its own in axum; its text is fixed.
        if inner.to_string() == "length limit exceeded" {
            let message = format!("The request body must have at most {MAX_BODY} bytes");
            return ApiError::new(ErrorKind::RequestEntityTooLarge, message);
        }
        cause = inner.source();
    }
    ApiError::new(
        ErrorKind::MalformedHttpRequest,
        format!("The request body could not be read: {error}"),
    )
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(ApiError::new(
            ErrorKind::Validation,
            "The request body must be a JSON object",
        )),
        Err(error) => Err(ApiError::new(
            ErrorKind::Validation,
            format!("The request body is not valid JSON: {error}"),
        )),
    }
}

fn main_arn(body: &Map<String, Value>) -> Option<String> {
    ["arn", "channelArn", "identifier", "roomIdentifier", "resourceArn"]
        .into_iter()
        .find_map(|member| text(body, member))
}

fn text(body: &Map<String, Value>, member: &str) -> Option<String> {
    body.get(member).and_then(Value::as_str).map(str::to_owned)
}

/// Puts into the log what the client is about to be told.
fn note(call: &mut Call, answer: &Result<Reply, ApiError>) {
    match answer {
        Ok(reply) => {
            call.status = Some(status(reply).as_u16());
            call.chat_token.clone_from(&reply.minted);
            if reply.created.is_some() {
                call.arn.clone_from(&reply.created);
            }
        }
        Err(error) => {
            call.status = Some(error.kind.status().as_u16());
            call.error = Some(error.kind.name());
        }
    }
}

fn status(reply: &Reply) -> StatusCode {
    if reply.body.is_some() {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    }
}

fn respond(service: Option<Service>, answer: Result<Reply, ApiError>) -> Response {
    let (status, error, body) = match answer {
        Ok(reply) => (status(&reply), None, reply.body),
        Err(error) => {
            let body = serde_json::to_vec(&error.body(service)).unwrap_or_default();
            (error.kind.status(), Some(error.kind.name()), Some(body))
        }
    };
    let has_body = body.is_some();
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(error) = error {
        headers.insert("x-amzn-errortype", HeaderValue::from_static(error));
    }
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

fn hang_up() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(HangUp);
    response
}

fn milliseconds_since(time: Timestamp) -> u64 {
    u64::try_from(Timestamp::now().duration_since(time).as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn routed(
        service: Service,
        method: &str,
        uri: &str,
    ) -> Result<(&'static str, Map<String, Value>), ErrorKind> {
        let (parts, ()) = Request::builder()
            .method(method)
            .uri(uri)
            .body(())
            .unwrap()
            .into_parts();
        route(service, &parts)
            .map(|route| (route.operation.name, route.members))
            .map_err(|error| error.kind)
    }

    #[test]
    fn the_raw_path_decides() {
        let arn = "arn%3Aaws%3Aivs%3Aeu-west-1%3A1%3Achannel%2FAb12";
        let decoded = json!("arn:aws:ivs:eu-west-1:1:channel/Ab12");
        for (method, query, name, keys) in [
            ("GET", "", "ListTagsForResource", None),
            ("POST", "", "TagResource", None),
            ("DELETE", "", "UntagResource", None),
            (
                "DELETE",
                "?tagKeys=a&tagKeys=b%2Fc",
                "UntagResource",
                Some(json!(["a", "b/c"])),
            ),
        ] {
            let (found, members) = routed(Service::Ivs, method, &format!("/tags/{arn}{query}")).unwrap();
            assert_eq!(found, name);
            assert_eq!(members.get("resourceArn"), Some(&decoded));
            assert_eq!(members.get("tagKeys"), keys.as_ref());
        }
        let (_, members) = routed(Service::Ivs, "GET", "/tags/arn:aws:ivs:eu-west-1:1:channel/Ab12").unwrap();
        assert_eq!(members.get("resourceArn"), Some(&decoded));
    }

    #[test]
    fn what_is_no_operation() {
        for (service, method, uri) in [
            (Service::Ivs, "GET", "/CreateChannel"),
            (Service::Ivs, "POST", "/createchannel"),
            (Service::Ivs, "POST", "/CreateRoom"),
            (Service::Chat, "POST", "/CreateChannel"),
            (Service::Ivs, "POST", "/TagResource"),
            (Service::Ivs, "PUT", "/tags/x"),
            (Service::Ivs, "POST", "/CreateChannel/"),
            (Service::Ivs, "POST", "/"),
            (Service::Ivs, "POST", "/Nonsense"),
        ] {
            assert_eq!(
                routed(service, method, uri).unwrap_err(),
                ErrorKind::UnknownOperation,
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn bodies() {
        assert_eq!(parse(b"").unwrap(), Map::new());
        assert!(parse(b"{").is_err() && parse(b"[]").is_err() && parse(b"\xff").is_err());
        assert_eq!(parse(br#"{"a":1}"#).unwrap().get("a"), Some(&json!(1)));
    }
}
