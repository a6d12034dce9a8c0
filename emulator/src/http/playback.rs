//! What players get at a channel's `playbackUrl`. There is no video yet, so: not found, in the words AWS uses.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
use http::{StatusCode, Uri};
use serde_json::json;

/// 404 with a JSON array, readable for any origin (A25, A26).
pub async fn playlist(uri: Uri) -> Response {
    let body = Json(json!([{
        "url": uri.path_and_query().map_or(uri.path(), |whole| whole.as_str()),
        "error": "transcode does not exist",
        "error_code": "transcode_does_not_exist",
        "type": "error",
    }]));
    (StatusCode::NOT_FOUND, [(ACCESS_CONTROL_ALLOW_ORIGIN, "*")], body).into_response()
}
