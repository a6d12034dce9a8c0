//! Place in the list of streams, as an opaque string. A place and not a number: entries that come and go between two
//! pages do not shift the rest.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// The last entry of a page; the order of the fields is the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) offline: bool,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Cursor {
    pub(super) fn encode(&self) -> String {
        URL_SAFE_NO_PAD
            .encode(serde_json::to_vec(&(self.offline, &self.namespace, &self.name)).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Option<Self> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (offline, namespace, name) = serde_json::from_slice(&json).ok()?;
        Some(Self {
            offline,
            namespace,
            name,
        })
    }
}
