//! DynamoDB Local, in memory.

use super::Context;
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let lib = Context::need(Part::Dynamodb, context.built.dynamodb.as_ref(), "lib")?;
    let classes = Context::need(Part::Dynamodb, context.built.dynamodb.as_ref(), "classes")?;
    Ok(Launch::new("java", context.paths.root())
        .arg("-Xmx256m")
        // Quicker to start, at the price of a peak speed that is not needed.
        .arg("-XX:TieredStopAtLevel=1")
        .arg("-XX:+UseSerialGC")
        .arg(format!("-Djava.library.path={}", lib.display()))
        .flag("-cp", format!("{}:{}/*", classes.display(), lib.display()))
        .arg("LoopbackServer")
        .arg(context.port("dynamodb").to_string()))
}
