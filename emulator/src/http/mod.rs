//! The HTTP edge: connections, routes, the control planes, administration, playback.
//!
//! Everything asynchronous is here; what an operation does is behind `emulator`.

mod admin;
mod admin_state;
mod control;
mod playback;
pub mod server;
mod signature;

use std::sync::Arc;

use axum::Router;

use crate::emulator::Emulator;

/// All routes. The control planes come last: they are matched on the raw path.
pub fn router(emulator: Arc<Emulator>) -> Router {
    Router::new()
        .nest("/_emulator", admin::router())
        .route("/api/video/v1/{*stream}", axum::routing::get(playback::playlist))
        .fallback(control::handle)
        .with_state(emulator)
}
