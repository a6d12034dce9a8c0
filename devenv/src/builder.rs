//! Choosing what an environment is made of.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::Progress;
use crate::environment::Environment;
use crate::error::Result;
use crate::part::Part;
use crate::paths::Paths;
use crate::ports::Wish;
use crate::process::Lifetime;
use crate::settings::Settings;
use crate::tree;

/// Describes an environment; made by [`Environment::builder`].
#[must_use]
pub struct Builder {
    settings: Settings,
}

impl Builder {
    pub(crate) fn new(run_dir: PathBuf, lifetime: Lifetime) -> Self {
        let progress: Progress = Arc::new(|text| eprintln!("devenv: {text}"));
        Self {
            settings: Settings {
                paths: Paths::new(run_dir),
                parts: Part::BACKENDS.to_vec(),
                lifetime,
                ports: BTreeMap::new(),
                external_kubeconfig: None,
                manifests: Some(tree::root().join("manifests")),
                operator_binary: None,
                emulator_binary: None,
                controller_args: Vec::new(),
                api_args: Vec::new(),
                emulator_args: Vec::new(),
                registry_table: "ivs-operator".to_owned(),
                region: "us-east-1".to_owned(),
                progress,
            },
        }
    }

    /// Which parts to start; [`Part::BACKENDS`] unless said.
    pub fn parts(mut self, parts: impl IntoIterator<Item = Part>) -> Self {
        self.settings.parts = parts.into_iter().collect();
        self
    }

    /// How many controllers run beside each other; none unless said or named in [`Builder::parts`].
    pub fn controllers(mut self, replicas: u8) -> Self {
        self.settings
            .parts
            .retain(|part| !matches!(part, Part::Controller(_)));
        self.settings.parts.extend((1..=replicas).map(Part::Controller));
        self
    }

    /// The `ivs-operator` to run: `env!("CARGO_BIN_EXE_ivs-operator")` in its own tests. Otherwise `IVS_OPERATOR_BIN`,
    /// or what lies beside the running program.
    pub fn operator_binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.operator_binary = Some(path.into());
        self
    }

    /// The `ivs-emulator` to run. Otherwise `IVS_EMULATOR_BIN`, or what lies beside the running program.
    pub fn emulator_binary(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.emulator_binary = Some(path.into());
        self
    }

    /// Flags for every controller; one that devenv sets itself is replaced.
    pub fn controller_args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.settings.controller_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Flags for the API; one that devenv sets itself is replaced.
    pub fn api_args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.settings.api_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Flags for the emulator; one that devenv sets itself is replaced.
    pub fn emulator_args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.settings.emulator_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// The folder whose `install.yaml`, or else `crd.yaml`, is applied once the apiserver runs; the checkout's
    /// `manifests/` unless said. `None`: the cluster stays empty.
    pub fn manifests(mut self, dir: Option<PathBuf>) -> Self {
        self.settings.manifests = dir;
        self
    }

    /// The registry's table.
    pub fn registry_table(mut self, name: impl Into<String>) -> Self {
        self.settings.registry_table = name.into();
        self
    }

    /// Hears what is going on; standard error unless said.
    pub fn progress(mut self, progress: Progress) -> Self {
        self.settings.progress = progress;
        self
    }

    /// Uses a cluster that is there already instead of starting one.
    pub(crate) fn external_kubeconfig(mut self, path: Option<PathBuf>) -> Self {
        self.settings.external_kubeconfig = path;
        self
    }

    pub(crate) fn port(mut self, name: &str, wish: Wish) -> Self {
        self.settings.ports.insert(name.to_owned(), wish);
        self
    }

    pub(crate) fn into_settings(self) -> Settings {
        self.settings
    }

    /// Starts everything and waits until it is ready.
    pub async fn start(mut self) -> Result<Environment> {
        let own_cluster = self.settings.external_kubeconfig.is_none();
        self.settings
            .parts
            .retain(|part| own_cluster || !Part::KUBERNETES.contains(part));
        self.settings.parts.sort_unstable();
        self.settings.parts.dedup();
        Environment::start(self.settings).await
    }
}
