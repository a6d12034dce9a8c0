//! etcd, kube-apiserver, kube-controller-manager and kubectl, built from their Go modules.

use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::{Entry, Step, short_hash, source};
use crate::error::{Error, Result};
use crate::{Progress, tree};

const PACKAGES: [&str; 4] = [
    "go.etcd.io/etcd/server/v3",
    "k8s.io/kubernetes/cmd/kube-apiserver",
    "k8s.io/kubernetes/cmd/kube-controller-manager",
    "k8s.io/kubernetes/cmd/kubectl",
];

/// The folder with the four binaries; the first time this takes minutes.
pub(crate) async fn ensure(progress: &Progress) -> Result<PathBuf> {
    let module = tree::devenv().join("kubernetes");
    let go_mod = source(&module.join("go.mod"))?;
    let go_sum = source(&module.join("go.sum"))?;
    let toolchain = go_version(&module).await?;
    let hash = short_hash([go_mod.as_slice(), &go_sum, toolchain.as_bytes()]);
    let version =
        kubernetes_version(&String::from_utf8_lossy(&go_mod)).unwrap_or_else(|| "v0.0.0".to_owned());
    let dir = Entry::new("kubernetes", &hash)
        .ensure(progress, |out| {
            Ok(vec![build(&module, out, &version), rename_etcd(out)])
        })
        .await?;
    Ok(dir)
}

fn build(module: &Path, out: &Path, version: &str) -> Step<'static> {
    let mut command = Command::new("go");
    command
        .current_dir(module)
        .env("GOFLAGS", "-mod=readonly")
        .args(["build", "-trimpath", "-o"])
        // The slash tells go that it is a folder.
        .arg(format!("{}/", out.display()))
        .arg(format!("-ldflags={}", link_flags(version)))
        .args(PACKAGES);
    Step {
        what: "building Kubernetes from source: once, about 10 minutes on 2 cores",
        command,
    }
}

/// etcd's main package is called "server".
fn rename_etcd(out: &Path) -> Step<'static> {
    let mut command = Command::new("mv");
    command.arg(out.join("server")).arg(out.join("etcd"));
    Step {
        what: "keeping the binaries for later",
        command,
    }
}

fn link_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let package = "k8s.io/component-base/version";
    format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

/// The version of `k8s.io/kubernetes` that the module requires.
fn kubernetes_version(go_mod: &str) -> Option<String> {
    let line = go_mod
        .lines()
        .find(|line| line.trim_start().starts_with("k8s.io/kubernetes v"))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}

async fn go_version(module: &Path) -> Result<String> {
    let output = Command::new("go")
        .arg("version")
        .current_dir(module)
        .output()
        .await;
    let output = output.map_err(|source| Error::Program {
        program: "go".to_owned(),
        source,
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The name of kubectl on the person's PATH: for clusters of their own, nothing needs to be built.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|m| m.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_from_the_module() {
        let go_mod =
            "require (\n\tk8s.io/kubelet v0.37.2 // indirect\n\tk8s.io/kubernetes v1.37.2 // indirect\n)";
        assert_eq!(kubernetes_version(go_mod).as_deref(), Some("v1.37.2"));
        assert!(link_flags("v1.37.2").ends_with("gitMajor=1 -X k8s.io/component-base/version.gitMinor=37"));
    }
}
