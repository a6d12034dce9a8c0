//! etcd: the apiserver's store.

use super::Context;
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let program = Context::need(Part::Etcd, context.built.kubernetes.as_ref(), "etcd")?;
    let clients = format!("http://127.0.0.1:{}", context.port("etcd"));
    let peers = format!("http://127.0.0.1:{}", context.port("etcd-peer"));
    Ok(Launch::new(program, context.paths.root())
        .flag("--data-dir", context.paths.data().join("etcd").display())
        .flag("--listen-client-urls", &clients)
        .flag("--advertise-client-urls", &clients)
        .flag("--listen-peer-urls", &peers)
        .flag("--initial-advertise-peer-urls", &peers)
        .flag("--initial-cluster", format!("default={peers}"))
        .flag("--log-level", "warn")
        // The data need not outlive the machine, and waiting for the disk is most of the start time.
        .arg("--unsafe-no-fsync"))
}
