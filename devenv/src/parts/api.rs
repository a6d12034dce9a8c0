//! `ivs-operator api`, which also serves the web client.

use super::{AUDIENCE, CLIENT_ID, Context, aws_variables, operator, with_defaults};
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;
use crate::tree;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let launch = operator(Part::Api, context, context.paths.root())?.arg("api");
    let defaults = [
        ("--listen", format!("127.0.0.1:{}", context.port("api"))),
        ("--region", context.settings.region.clone()),
        (
            "--oidc-issuer",
            format!("http://localhost:{}", context.port("oidc")),
        ),
        ("--oidc-audience", AUDIENCE.to_owned()),
        ("--oidc-client-id", CLIENT_ID.to_owned()),
        (
            "--client-dir",
            tree::root().join("client/dist").display().to_string(),
        ),
        (
            "--chat-endpoint",
            format!("ws://localhost:{}", context.port("emulator")),
        ),
    ];
    let launch = aws_variables(context, "api")
        .into_iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value));
    Ok(with_defaults(launch, &defaults, &context.settings.api_args))
}
