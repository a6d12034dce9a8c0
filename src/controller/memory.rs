//! What this process knows of an object beyond what the cache says. Lost at a restart, at the cost of a look-up.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use kube::ResourceExt;

use super::observed::Kind;
use crate::crd::LiveStream;

#[derive(Debug, Default)]
struct Entry {
    /// Version of the object after our last write.
    version: Option<u64>,
    /// When the fate of a creation became certain: AWS refused it, or what it made was deleted again.
    settled: HashMap<Kind, Timestamp>,
}

/// Knowledge by UID.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<HashMap<String, Entry>>);

impl Memory {
    /// Notes the object as the apiserver answered it to a write of ours.
    pub(super) fn wrote(&self, uid: &str, resource_version: Option<String>) {
        let version = resource_version.and_then(|version| version.parse().ok());
        let mut entries = self.entries();
        let entry = entries.entry(uid.to_owned()).or_default();
        entry.version = entry.version.max(version);
    }

    /// Whether the cache has yet to catch up with what we wrote. To decide on such a copy would be to forget what was
    /// just done; the event that brings the news is on its way. Versions of one resource can be compared as numbers
    /// (Kubernetes API concepts, "Resource versions").
    pub(super) fn is_behind(&self, cached: &LiveStream) -> bool {
        let version = cached
            .resource_version()
            .and_then(|version| version.parse::<u64>().ok());
        let entries = self.entries();
        let written = cached.uid().and_then(|uid| entries.get(&uid)?.version);
        version
            .zip(written)
            .is_some_and(|(version, written)| version < written)
    }

    /// Notes that nothing is left of the last creation.
    pub(super) fn settled(&self, uid: &str, kind: Kind) {
        let mut entries = self.entries();
        entries
            .entry(uid.to_owned())
            .or_default()
            .settled
            .insert(kind, Timestamp::now());
    }

    /// Whether nothing is left of a creation that was begun then.
    pub(super) fn is_settled(&self, uid: &str, kind: Kind, begun: Timestamp) -> bool {
        let entries = self.entries();
        entries
            .get(uid)
            .and_then(|entry| entry.settled.get(&kind))
            .is_some_and(|at| *at >= begun)
    }

    /// Forgets an object that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.entries().remove(uid);
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_from_before_our_last_write_is_behind() {
        let memory = Memory::default();
        let copy = |version: &str| -> LiveStream {
            serde_json::from_value(json!({
                "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
                "metadata": {"name": "a", "uid": "u", "resourceVersion": version}, "spec": {},
            }))
            .unwrap()
        };
        assert!(!memory.is_behind(&copy("5")), "nothing was written");
        memory.wrote("u", Some("9".into()));
        memory.wrote("u", Some("10".into()));
        memory.wrote("u", Some("8".into()));
        assert!(memory.is_behind(&copy("9")));
        assert!(!memory.is_behind(&copy("10")) && !memory.is_behind(&copy("11")));
        memory.forget("u");
        assert!(!memory.is_behind(&copy("9")));
    }

    #[test]
    fn a_creation_is_settled_until_the_next_one_begins() {
        let memory = Memory::default();
        let before = Timestamp::now();
        memory.settled("u", Kind::Room);
        assert!(memory.is_settled("u", Kind::Room, before));
        assert!(!memory.is_settled("u", Kind::Channel, before));
        assert!(!memory.is_settled("u", Kind::Room, Timestamp::MAX));
    }
}
