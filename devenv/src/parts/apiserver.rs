//! kube-apiserver, with RBAC, the default admission (Pod Security included) and an audit log.

use std::fs;

use super::Context;
use crate::error::{Result, file};
use crate::part::Part;
use crate::process::Launch;

/// Everything that outside clients do, once per request; Kubernetes' own components would drown it.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ['system:apiserver', 'system:kube-controller-manager']
- level: None
  nonResourceURLs: ['/healthz*', '/livez*', '/readyz*', '/openapi/*', '/version']
- level: Metadata
";

pub(super) fn launch(context: &Context<'_>) -> Result<Launch> {
    let program = Context::need(
        Part::Apiserver,
        context.built.kubernetes.as_ref(),
        "kube-apiserver",
    )?;
    let policy = context.paths.data().join("audit-policy.yaml");
    fs::write(&policy, AUDIT_POLICY).map_err(file(&policy))?;
    let pki = context.paths.pki();
    let accounts = "service-accounts";
    Ok(Launch::new(program, context.paths.root())
        .flag(
            "--etcd-servers",
            format!("http://127.0.0.1:{}", context.port("etcd")),
        )
        .flag("--bind-address", "127.0.0.1")
        .flag("--secure-port", context.port("apiserver"))
        // There is no node whose pods would look for the apiserver, and loopback is not accepted as its address.
        .flag("--endpoint-reconciler-type", "none")
        .flag("--advertise-address", "192.0.2.1")
        .flag("--tls-cert-file", pki.certificate("serving").display())
        .flag("--tls-private-key-file", pki.key("serving").display())
        .flag("--client-ca-file", pki.authority().display())
        .flag("--service-account-issuer", "https://kubernetes.default.svc")
        .flag("--service-account-key-file", pki.public_key(accounts).display())
        .flag("--service-account-signing-key-file", pki.key(accounts).display())
        .flag("--service-cluster-ip-range", "10.96.0.0/16")
        .flag("--authorization-mode", "RBAC")
        // As clusters have it: what a Pod may be is for Pod Security to say.
        .arg("--allow-privileged=true")
        .flag("--audit-policy-file", policy.display())
        .flag("--audit-log-path", context.paths.audit_log().display()))
}
