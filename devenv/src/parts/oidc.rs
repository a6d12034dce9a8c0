//! The OIDC provider with the demo's users.

use super::{AUDIENCE, CLIENT_ID, Context};
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let server = Context::need(Part::Oidc, context.built.oidc.as_ref(), "server.mjs")?;
    let api = context.port("api");
    // Where the client is served: by the API under both names of this machine, and by Vite while it is worked on.
    let origins = [
        format!("http://localhost:{api}"),
        format!("http://127.0.0.1:{api}"),
        "http://localhost:5173".to_owned(),
    ];
    Ok(Launch::new("node", context.paths.root())
        .arg(server.display().to_string())
        .env("NODE_ENV", "production")
        .env(
            "OIDC_ISSUER",
            format!("http://localhost:{}", context.port("oidc")),
        )
        .env(
            "OIDC_STATE",
            context.paths.data().join("oidc-keys.json").display(),
        )
        .env("OIDC_CLIENT_ID", CLIENT_ID)
        .env("OIDC_AUDIENCE", AUDIENCE)
        .env("OIDC_APP_ORIGINS", origins.join(",")))
}
