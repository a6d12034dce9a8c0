//! What a command leaves behind for the next one: which processes are ours, and on which ports.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, file};
use crate::part::Part;
use crate::ports::Ports;
use crate::process::Identity;

/// `state.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub ports: Ports,
    /// The cluster that was used instead of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_kubeconfig: Option<PathBuf>,
    pub parts: BTreeMap<Part, Record>,
}

/// A started part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub identity: Identity,
    /// Of all that it was started with, its program's file included: another one means it has to be restarted.
    pub fingerprint: String,
}

impl State {
    /// `None` if there is none.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(file(path)(error)),
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| Error::State {
                path: path.to_owned(),
                source,
            })
    }

    /// Replaces the file in one step: a reader never sees half of it.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|source| Error::State {
            path: path.to_owned(),
            source,
        })?;
        let partial = path.with_extension("json.partial");
        fs::write(&partial, text).map_err(file(&partial))?;
        fs::rename(&partial, path).map_err(file(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_back_as_written() {
        let path = std::env::temp_dir().join(format!("devenv-state-{}.json", std::process::id()));
        assert_eq!(State::load(&path).unwrap(), None);
        let record = |pid| Record {
            identity: Identity { pid, start_time: 7 },
            fingerprint: "f".to_owned(),
        };
        let state = State {
            ports: Ports::from([("api".to_owned(), 3000)]),
            external_kubeconfig: None,
            parts: BTreeMap::from([(Part::Etcd, record(1)), (Part::Controller(2), record(2))]),
        };
        state.save(&path).unwrap();
        assert_eq!(State::load(&path).unwrap(), Some(state));
        fs::write(&path, "{").unwrap();
        assert!(State::load(&path).unwrap_err().to_string().contains("remove it"));
        fs::remove_file(&path).unwrap();
    }
}
