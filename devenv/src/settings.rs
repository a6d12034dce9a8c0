//! What an environment is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::Progress;
use crate::part::Part;
use crate::paths::Paths;
use crate::ports::Wish;
use crate::process::Lifetime;
use crate::tree;

/// All choices, made before anything starts.
pub(crate) struct Settings {
    pub paths: Paths,
    /// Sorted, each once.
    pub parts: Vec<Part>,
    pub lifetime: Lifetime,
    pub ports: BTreeMap<String, Wish>,
    /// The user's own cluster instead of ours.
    pub external_kubeconfig: Option<PathBuf>,
    pub manifests: Option<PathBuf>,
    pub operator_binary: Option<PathBuf>,
    pub emulator_binary: Option<PathBuf>,
    pub controller_args: Vec<String>,
    pub api_args: Vec<String>,
    pub emulator_args: Vec<String>,
    pub registry_table: String,
    pub region: String,
    pub progress: Progress,
}

impl Settings {
    pub(crate) fn operator(&self) -> Option<PathBuf> {
        self.operator_binary
            .clone()
            .or_else(|| tree::binary("ivs-operator", "IVS_OPERATOR_BIN"))
    }

    pub(crate) fn emulator(&self) -> Option<PathBuf> {
        self.emulator_binary
            .clone()
            .or_else(|| tree::binary("ivs-emulator", "IVS_EMULATOR_BIN"))
    }

    /// The rendered installation, once there is one: with it the operator runs under its own account.
    pub(crate) fn install_manifest(&self) -> Option<PathBuf> {
        self.manifests
            .as_ref()
            .map(|dir| dir.join("install.yaml"))
            .filter(|path| path.is_file())
    }

    pub(crate) fn crd_manifest(&self) -> Option<PathBuf> {
        self.manifests
            .as_ref()
            .map(|dir| dir.join("crd.yaml"))
            .filter(|path| path.is_file())
    }
}
