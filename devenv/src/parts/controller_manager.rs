//! kube-controller-manager: owners' garbage collection, namespaces, service accounts.

use super::Context;
use crate::error::Result;
use crate::part::Part;
use crate::process::Launch;

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let program = Context::need(
        Part::ControllerManager,
        context.built.kubernetes.as_ref(),
        "kube-controller-manager",
    )?;
    let pki = context.paths.pki();
    Ok(Launch::new(program, context.paths.root())
        .flag(
            "--kubeconfig",
            context.paths.controller_manager_kubeconfig().display(),
        )
        .flag("--bind-address", "127.0.0.1")
        .flag("--secure-port", context.port("controller-manager"))
        .flag("--tls-cert-file", pki.certificate("serving").display())
        .flag("--tls-private-key-file", pki.key("serving").display())
        .flag(
            "--service-account-private-key-file",
            pki.key("service-accounts").display(),
        )
        .flag("--root-ca-file", pki.authority().display())
        // There is only one; waiting for a lease would cost seconds at every start.
        .arg("--leader-elect=false"))
}
