//! The watch cache: all LiveStreams that are not being deleted, by name and by chat room.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use futures::StreamExt;
use kube::{
    Api, Client, ResourceExt,
    core::DeserializeGuard,
    runtime::{WatchStreamExt, watcher},
};

use crate::crd::LiveStream;

type Key = (String, String);

/// The cache.
#[derive(Debug, Default)]
pub(super) struct Streams(RwLock<Index>);

#[derive(Debug, Default)]
struct Index {
    ready: bool,
    by_name: BTreeMap<Key, Arc<LiveStream>>,
    by_room: HashMap<String, Key>,
    /// The list that is being read, while the old one still answers.
    listing: Option<BTreeMap<Key, Arc<LiveStream>>>,
}

impl Streams {
    /// Whether the first list is complete.
    pub(super) fn is_ready(&self) -> bool {
        self.read().ready
    }

    /// The stream of that name.
    pub(super) fn by_name(&self, namespace: &str, name: &str) -> Option<Arc<LiveStream>> {
        self.read()
            .by_name
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    /// The stream that has this chat room.
    pub(super) fn by_room(&self, arn: &str) -> Option<Arc<LiveStream>> {
        let index = self.read();
        index
            .by_room
            .get(arn)
            .and_then(|key| index.by_name.get(key))
            .cloned()
    }

    /// All streams, by namespace and name.
    pub(super) fn all(&self) -> Vec<Arc<LiveStream>> {
        self.read().by_name.values().cloned().collect()
    }

    /// Takes in what the apiserver tells.
    pub(super) fn take(&self, event: watcher::Event<DeserializeGuard<LiveStream>>) {
        let mut index = self.write();
        match event {
            watcher::Event::Init => index.listing = Some(BTreeMap::new()),
            watcher::Event::InitApply(object) => {
                if let Some((key, stream)) = living(object)
                    && let Some(listing) = &mut index.listing
                {
                    listing.insert(key, stream);
                }
            }
            watcher::Event::InitDone => {
                index.by_name = index.listing.take().unwrap_or_default();
                index.by_room = index
                    .by_name
                    .iter()
                    .filter_map(|(key, stream)| Some((room(stream)?, key.clone())))
                    .collect();
                index.ready = true;
            }
            watcher::Event::Apply(object) => {
                let key = (object.namespace().unwrap_or_default(), object.name_any());
                index.remove(&key);
                if let Some((key, stream)) = living(object) {
                    index
                        .by_room
                        .extend(room(&stream).map(|room| (room, key.clone())));
                    index.by_name.insert(key, stream);
                }
            }
            watcher::Event::Delete(object) => {
                index.remove(&(object.namespace().unwrap_or_default(), object.name_any()));
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn remove(&mut self, key: &Key) {
        if let Some(room) = self.by_name.remove(key).as_deref().and_then(room)
            && self.by_room.get(&room) == Some(key)
        {
            self.by_room.remove(&room);
        }
    }
}

fn room(stream: &LiveStream) -> Option<String> {
    Some(stream.status.as_ref()?.chat.as_ref()?.arn.clone())
}

/// An object that parses and is not being deleted: no token is minted for one that goes.
fn living(object: DeserializeGuard<LiveStream>) -> Option<(Key, Arc<LiveStream>)> {
    let mut stream = object
        .0
        .ok()
        .filter(|stream| stream.metadata.deletion_timestamp.is_none())?;
    stream.metadata.managed_fields = None;
    Some((
        (stream.namespace().unwrap_or_default(), stream.name_any()),
        Arc::new(stream),
    ))
}

/// Keeps the cache true, for ever.
pub(super) async fn watch(client: Client, streams: Arc<Streams>) {
    let api: Api<DeserializeGuard<LiveStream>> = Api::all(client);
    let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => streams.take(event),
            Err(error) => tracing::warn!(%error, "watching LiveStreams; trying again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, room: &str, deleted: bool) -> DeserializeGuard<LiveStream> {
        let mut value = json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": name, "namespace": "ns"}, "spec": {},
            "status": {"chat": {"arn": room, "id": "x"}},
        });
        if deleted {
            value["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        }
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_room_leads_to_its_stream_and_to_no_other() {
        let streams = Streams::default();
        streams.take(watcher::Event::Init);
        streams.take(watcher::Event::InitApply(object("a", "room-a", false)));
        assert!(!streams.is_ready() && streams.by_room("room-a").is_none());
        streams.take(watcher::Event::InitDone);
        assert_eq!(streams.by_room("room-a").unwrap().name_any(), "a");
        streams.take(watcher::Event::Apply(object("a", "room-b", false)));
        assert!(streams.by_room("room-a").is_none());
        // A new list replaces all, and until it is complete the old one answers.
        streams.take(watcher::Event::Init);
        assert!(streams.by_room("room-b").is_some());
        streams.take(watcher::Event::InitDone);
        assert!(streams.by_room("room-b").is_none());
    }

    #[test]
    fn a_stream_that_is_being_deleted_is_gone() {
        let streams = Streams::default();
        streams.take(watcher::Event::Apply(object("a", "room-a", false)));
        streams.take(watcher::Event::Apply(object("a", "room-a", true)));
        assert!(streams.by_room("room-a").is_none() && streams.by_name("ns", "a").is_none());
    }
}
