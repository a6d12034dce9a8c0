//! How many requests are worked on at once. What is beyond is refused at once, which costs little, instead of waiting
//! in a queue that grows.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{problem::Problem, state::AppState};

/// Requests at once: each holds at most a body of 64 KiB and a call to AWS.
pub(super) const CONCURRENCY: usize = 512;

pub(super) async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.slots.try_acquire() {
        Ok(_slot) => next.run(request).await,
        Err(_) => Problem::unavailable("too many requests at once: try again in a moment", 1).into_response(),
    }
}
