//! `ivs-operator api`, which also serves the web client.

use super::{AUDIENCE, CLIENT_ID, Context, aws_variables, operator, with_defaults};
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;
use crate::tree;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let launch = operator(Part::Api, context, context.paths.root())?.arg("api");
    let mut defaults = vec![
        ("--listen", format!("127.0.0.1:{}", context.port("api"))),
        ("--region", context.settings.region.clone()),
        (
            "--public-url",
            format!("http://localhost:{}", context.port("api")),
        ),
        // The client while it is worked on, served by Vite.
        ("--cors-origin", "http://localhost:5173".to_owned()),
        (
            "--oidc-issuer",
            format!("http://localhost:{}", context.port("oidc")),
        ),
        ("--oidc-audience", AUDIENCE.to_owned()),
        ("--oidc-client-id", CLIENT_ID.to_owned()),
        (
            "--chat-endpoint",
            format!("ws://localhost:{}", context.port("emulator")),
        ),
    ];
    let client = tree::root().join("client/dist");
    // Without a built client the API alone is still worth having.
    if client.join("index.html").is_file() {
        defaults.push(("--client-dir", client.display().to_string()));
    }
    let launch = aws_variables(context, "api")
        .into_iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value));
    Ok(with_defaults(launch, &defaults, &context.settings.api_args))
}
