//! ivs-emulator: Amazon IVS and IVS Chat.

use super::{Context, with_defaults};
use crate::error::{Error, Result};
use crate::part::Part;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let program = context.settings.emulator().ok_or_else(|| Error::CannotStart {
        part: Part::Emulator,
        why: "ivs-emulator not found; build it with `cargo build --workspace` or name it in IVS_EMULATOR_BIN"
            .to_owned(),
    })?;
    let port = context.port("emulator");
    let defaults = [
        ("--listen", format!("127.0.0.1:{port}")),
        ("--public-url", format!("http://localhost:{port}")),
    ];
    Ok(with_defaults(
        Launch::new(program, context.paths.root()),
        &defaults,
        &context.settings.emulator_args,
    ))
}
