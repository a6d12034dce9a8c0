//! An emulator of Amazon IVS and Amazon IVS Chat for development and tests.
//!
//! A call comes in through `http`, passes the `layers` in `emulator`, and is carried out on `state` by the family
//! it belongs to in `ivs`, `chat` or `tags`; what its members may hold is data in `validate`. This crate offers
//! only [`serve`]; everything else is reached over HTTP, so that tests in any language can do the same.

mod chaos;
mod chat;
mod config;
mod emulator;
mod error;
mod http;
mod ivs;
mod layers;
mod operation;
mod settings;
mod state;
mod tags;
mod validate;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use config::{Config, DEFAULT_ACCOUNT};

/// Serves on `listener` until `shutdown` is ready.
pub async fn serve(
    listener: TcpListener,
    config: Config,
    shutdown: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let address = listener.local_addr()?;
    let public_url = config.public_url.clone().unwrap_or_else(|| url_of(address));
    let emulator = Arc::new(emulator::Emulator::new(
        config,
        public_url.trim_end_matches('/').to_owned(),
    ));
    tracing::info!(%address, public_url = emulator.public_url, account = emulator.config.account, "ready");
    http::server::run(listener, http::router(emulator), shutdown).await;
    Ok(())
}

/// The URL of a listener as clients on this machine write it.
fn url_of(address: SocketAddr) -> String {
    if address.ip().is_loopback() || address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}
