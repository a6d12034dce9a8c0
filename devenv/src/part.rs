//! The names of the parts, and the order in which they start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// One process of the environment. The order of the variants is the order of starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Part {
    /// The apiserver's store.
    Etcd,
    /// Kubernetes' API.
    Apiserver,
    /// Kubernetes' own controllers: garbage collection, namespaces, service accounts.
    ControllerManager,
    /// `DynamoDB` Local.
    Dynamodb,
    /// The OIDC provider with the demo's users.
    Oidc,
    /// `ivs-emulator`.
    Emulator,
    /// A replica of `ivs-operator controller`, counted from 1.
    Controller(u8),
    /// `ivs-operator api`.
    Api,
}

impl Part {
    /// Real Kubernetes, without nodes.
    pub const KUBERNETES: [Self; 3] = [Self::Etcd, Self::Apiserver, Self::ControllerManager];
    /// All that the operator talks to.
    pub const BACKENDS: [Self; 6] = [
        Self::Etcd,
        Self::Apiserver,
        Self::ControllerManager,
        Self::Dynamodb,
        Self::Oidc,
        Self::Emulator,
    ];
    /// The whole environment with one controller.
    pub const ALL: [Self; 8] = [
        Self::Etcd,
        Self::Apiserver,
        Self::ControllerManager,
        Self::Dynamodb,
        Self::Oidc,
        Self::Emulator,
        Self::Controller(1),
        Self::Api,
    ];

    /// Whether the part is ours and only makes sense with the CRD installed.
    pub(crate) fn is_operator(self) -> bool {
        matches!(self, Self::Controller(_) | Self::Api)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Etcd => "etcd",
            Self::Apiserver => "apiserver",
            Self::ControllerManager => "controller-manager",
            Self::Dynamodb => "dynamodb",
            Self::Oidc => "oidc",
            Self::Emulator => "emulator",
            Self::Controller(1) => "controller",
            Self::Controller(replica) => return f.pad(&format!("controller-{replica}")),
            Self::Api => "api",
        };
        f.pad(name)
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        if let Some(part) = Self::ALL.into_iter().find(|part| part.to_string() == name) {
            return Ok(part);
        }
        name.strip_prefix("controller-")
            .and_then(|replica| replica.parse().ok())
            .filter(|replica| *replica > 1)
            .map(Self::Controller)
            .ok_or_else(|| Error::UnknownPart {
                name: name.to_owned(),
                known: Self::ALL.map(|part| part.to_string()).join(", "),
            })
    }
}

impl TryFrom<String> for Part {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Part;

    #[test]
    fn names_are_read_back() {
        for part in Part::ALL
            .into_iter()
            .chain([Part::Controller(2), Part::Controller(12)])
        {
            assert_eq!(part.to_string().parse::<Part>().unwrap(), part);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = "kubelet".parse::<Part>().unwrap_err().to_string();
        assert!(error.contains("etcd, apiserver, controller-manager"), "{error}");
        for name in ["controller-1", "controller-0", "controller-x", ""] {
            assert!(name.parse::<Part>().is_err(), "{name}");
        }
    }
}
