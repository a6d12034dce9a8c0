//! A replica of `ivs-operator controller`.

use super::{Context, aws_variables, operator, with_defaults};
use crate::error::Result;
use crate::part::Part;
use crate::pki::OPERATOR_NAMESPACE;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>, replica: u8) -> Result<Launch> {
    let part = Part::Controller(replica);
    let launch = operator(part, context, context.paths.root())?.arg("controller");
    let defaults = [
        (
            "--listen",
            format!("127.0.0.1:{}", context.port(&part.to_string())),
        ),
        ("--region", context.settings.region.clone()),
        ("--registry", "dynamodb".to_owned()),
        ("--registry-table", context.settings.registry_table.clone()),
        ("--registry-create-table", String::new()),
        // Often enough that a change made by hand is seen to be put back.
        ("--sweep-interval", "5s".to_owned()),
        ("--lease-namespace", OPERATOR_NAMESPACE.to_owned()),
        // The same after a restart: it holds its lease still and need not wait for it to run out.
        ("--identity", format!("controller-{replica}")),
    ];
    let launch = aws_variables(context, &format!("controller{replica}"))
        .into_iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value));
    Ok(with_defaults(
        launch,
        &defaults,
        &context.settings.controller_args,
    ))
}
