//! One module per part: how it is started and how it says that it is ready.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::part::Part;
use crate::paths::Paths;
use crate::pki::Pki;
use crate::ports::Ports;
use crate::process::Launch;
use crate::settings::Settings;

mod api;
mod apiserver;
mod controller;
mod controller_manager;
mod dynamodb;
mod emulator;
mod etcd;
mod oidc;

/// The web client's id at the OIDC provider.
pub(crate) const CLIENT_ID: &str = "ivs-web";
/// The audience of the API's access tokens.
pub(crate) const AUDIENCE: &str = "ivs-operator-api";

/// How a part says that it is ready.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    pub url: String,
    /// Any answer will do: the part has no health check of its own.
    pub any_status: bool,
    /// The authority to trust, for HTTPS.
    pub authority: Option<PathBuf>,
}

impl Health {
    fn http(port: u16, path: &str) -> Self {
        Self {
            url: format!("http://127.0.0.1:{port}{path}"),
            any_status: false,
            authority: None,
        }
    }

    fn https(port: u16, path: &str, pki: &Pki) -> Self {
        Self {
            url: format!("https://127.0.0.1:{port}{path}"),
            any_status: false,
            authority: Some(pki.authority()),
        }
    }
}

/// Folders with the foreign programs; absent where no part needs them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Built {
    pub kubernetes: Option<PathBuf>,
    pub dynamodb: Option<PathBuf>,
    pub oidc: Option<PathBuf>,
}

/// All that a part may need to know to start.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub settings: &'a Settings,
    pub paths: &'a Paths,
    pub ports: &'a Ports,
    pub built: &'a Built,
}

impl Context<'_> {
    pub(crate) fn port(&self, name: &str) -> u16 {
        self.ports.get(name).copied().unwrap_or_default()
    }

    /// How a part is started.
    pub(crate) fn launch(&self, part: Part) -> Result<Launch> {
        match part {
            Part::Etcd => etcd::launch(self),
            Part::Apiserver => apiserver::launch(self),
            Part::ControllerManager => controller_manager::launch(self),
            Part::Dynamodb => dynamodb::launch(self),
            Part::Oidc => oidc::launch(self),
            Part::Emulator => emulator::launch(self),
            Part::Controller(replica) => controller::launch(self, replica),
            Part::Api => api::launch(self),
        }
    }

    /// How it is known to be ready.
    pub(crate) fn health(&self, of: Part) -> Health {
        let port = self.port(&of.to_string());
        match of {
            Part::Apiserver => Health::https(port, "/readyz", &self.paths.pki()),
            Part::ControllerManager => Health::https(port, "/healthz", &self.paths.pki()),
            Part::Dynamodb => Health {
                any_status: true,
                ..Health::http(port, "/")
            },
            Part::Oidc => Health::http(port, "/.well-known/openid-configuration"),
            Part::Emulator => Health::http(port, "/_emulator/health"),
            Part::Etcd | Part::Controller(_) | Part::Api => Health::http(port, "/readyz"),
        }
    }

    /// The administrator's kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.settings
            .external_kubeconfig
            .clone()
            .unwrap_or_else(|| self.paths.kubeconfig())
    }

    /// The kubeconfig that the operator runs with.
    fn operator_kubeconfig(&self) -> PathBuf {
        if self.settings.install_manifest().is_some() {
            return self.paths.operator_kubeconfig();
        }
        self.kubeconfig()
    }

    fn need(part: Part, dir: Option<&PathBuf>, name: &str) -> Result<PathBuf> {
        dir.map(|dir| dir.join(name)).ok_or_else(|| Error::CannotStart {
            part,
            why: format!("{name} was not prepared"),
        })
    }
}

/// Variables that point any AWS SDK at this environment.
pub(crate) fn aws_variables(context: &Context<'_>, access_key: &str) -> Vec<(&'static str, String)> {
    let url = |name: &str| format!("http://127.0.0.1:{}", context.port(name));
    vec![
        ("AWS_REGION", context.settings.region.clone()),
        // Letters and digits: DynamoDB Local refuses others. One key per program, so that the emulator's call log
        // tells who called.
        ("AWS_ACCESS_KEY_ID", access_key.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ("AWS_ENDPOINT_URL_IVS", url("emulator")),
        ("AWS_ENDPOINT_URL_IVSCHAT", url("emulator")),
        ("AWS_ENDPOINT_URL_DYNAMODB", url("dynamodb")),
    ]
}

/// Ports that a part listens on, the one of its own name first.
pub(crate) fn port_names(part: Part) -> Vec<String> {
    let mut names = vec![part.to_string()];
    if part == Part::Etcd {
        names.push("etcd-peer".to_owned());
    }
    names
}

/// Flags with their values (none for a switch), without those that the user gives too: a flag may be given only once.
fn with_defaults(launch: Launch, defaults: &[(&str, String)], given: &[String]) -> Launch {
    let is_given = |flag: &str| {
        given
            .iter()
            .any(|arg| arg == flag || arg.starts_with(&format!("{flag}=")))
    };
    let launch = defaults
        .iter()
        .filter(|(flag, _)| !is_given(flag))
        .map(|(flag, value)| {
            if value.is_empty() {
                (*flag).to_owned()
            } else {
                format!("{flag}={value}")
            }
        })
        .fold(launch, Launch::arg);
    given.iter().fold(launch, Launch::arg)
}

fn operator(part: Part, context: &Context<'_>, dir: &Path) -> Result<Launch> {
    let program = context.settings.operator().ok_or_else(|| Error::CannotStart {
        part,
        why: "ivs-operator not found; build it with `cargo build --workspace` or name it in IVS_OPERATOR_BIN"
            .to_owned(),
    })?;
    Ok(Launch::new(program, dir).env("KUBECONFIG", context.operator_kubeconfig().display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_flag_replaces_the_default() {
        let defaults = [
            ("--sweep-interval", "5s".to_owned()),
            ("--registry", "dynamodb".to_owned()),
            ("--switch", String::new()),
        ];
        let given = ["--registry".to_owned(), "none".to_owned()];
        let launch = with_defaults(Launch::new("x", "/"), &defaults, &given);
        assert_eq!(
            launch.args,
            ["--sweep-interval=5s", "--switch", "--registry", "none"]
        );
    }
}
