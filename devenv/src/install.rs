//! Puts into the cluster what the operator needs: its CRD, and its account with the shipped permissions.

use std::fs;
use std::path::Path;

use serde::Deserialize as _;
use serde_yaml::Value;

use crate::error::{Error, Result, file};
use crate::kubectl::Kubectl;
use crate::pki::{OPERATOR_NAMESPACE, operator_group, operator_user};
use crate::settings::Settings;

/// What only makes sense where there are nodes: the programs run as processes here.
const NOT_HERE: [&str; 4] = ["Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"];

const CRD: &str = "crd/livestreams.ivs-operator.dev";

/// Applies the manifests; again changes nothing.
pub(crate) async fn install(settings: &Settings, kubectl: &Kubectl) -> Result<()> {
    let documents = match (settings.install_manifest(), settings.crd_manifest()) {
        (Some(install), _) => select(&install)?,
        (None, Some(crd)) => {
            let namespace =
                format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {OPERATOR_NAMESPACE}}}\n");
            format!(
                "{namespace}---\n{}",
                fs::read_to_string(&crd).map_err(file(&crd))?
            )
        }
        (None, None) => return Ok(()),
    };
    (settings.progress)("applying the CRD");
    apply(kubectl, &documents).await?;
    kubectl
        .run(
            &["wait", "--for=condition=Established", "--timeout=30s", CRD],
            None,
        )
        .await?;
    Ok(())
}

/// Server-side apply, as the owner of what it sets.
pub(crate) async fn apply(kubectl: &Kubectl, documents: &str) -> Result<String> {
    let args = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--field-manager=devenv",
        "-f",
        "-",
    ];
    kubectl.run(&args, Some(documents)).await
}

fn select(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(file(path))?;
    let wrong = |source| Error::Manifest {
        path: path.to_owned(),
        source,
    };
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(&text) {
        let value = Value::deserialize(document).map_err(wrong)?;
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default();
        if !kind.is_empty() && !NOT_HERE.contains(&kind) {
            // Namespaces first: what is in them is refused before they exist.
            let rank = usize::from(kind != "Namespace");
            documents.push((rank, serde_yaml::to_string(&value).map_err(wrong)?));
        }
    }
    documents.sort_by_key(|(rank, _)| *rank);
    Ok(documents
        .into_iter()
        .map(|(_, document)| document)
        .collect::<Vec<_>>()
        .join("---\n"))
}

/// The kubeconfig of the operator's account in a cluster whose authority we do not have: the user's own, acting as
/// that account.
pub(crate) async fn write_impersonating_kubeconfig(kubectl: &Kubectl, path: &Path) -> Result<()> {
    let text = kubectl
        .run(
            &["config", "view", "--raw", "--minify", "--flatten", "-o", "json"],
            None,
        )
        .await?;
    let parse = |source| Error::State {
        path: kubectl.kubeconfig.clone(),
        source,
    };
    let mut config: serde_json::Value = serde_json::from_str(&text).map_err(parse)?;
    if let Some(user) = config.pointer_mut("/users/0/user") {
        user["as"] = operator_user().into();
        user["as-groups"] = vec![
            "system:authenticated".to_owned(),
            "system:serviceaccounts".to_owned(),
            operator_group(),
        ]
        .into();
    }
    fs::write(path, config.to_string()).map_err(file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_nodes_is_left_out_and_namespaces_come_first() {
        let path = std::env::temp_dir().join(format!("devenv-install-{}.yaml", std::process::id()));
        let kinds = [
            "ServiceAccount",
            "Deployment",
            "Namespace",
            "ClusterRole",
            "Service",
        ];
        let documents = kinds.map(|kind| format!("kind: {kind}\nmetadata: {{name: x}}\n"));
        fs::write(&path, format!("# Rendered.\n---\n{}", documents.join("---\n"))).unwrap();
        let selected = select(&path).unwrap();
        let kept: Vec<&str> = selected
            .lines()
            .filter_map(|line| line.strip_prefix("kind: "))
            .collect();
        assert_eq!(kept, ["Namespace", "ServiceAccount", "ClusterRole"]);
        fs::remove_file(&path).unwrap();
    }
}
