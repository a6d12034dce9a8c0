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

/// What one watch covers: a namespace, or all.
type Scope = Option<String>;

/// The cache.
#[derive(Debug)]
pub(super) struct Streams(RwLock<Index>);

#[derive(Debug, Default)]
struct Index {
    by_name: BTreeMap<Key, Arc<LiveStream>>,
    by_room: HashMap<String, Key>,
    scopes: BTreeMap<Scope, Progress>,
}

/// How far a watch is.
#[derive(Debug, Default)]
struct Progress {
    /// Whether its first list is complete.
    listed: bool,
    /// The list that is being read, while the old one still answers.
    listing: BTreeMap<Key, Arc<LiveStream>>,
    /// Why it does not get on.
    trouble: Option<&'static str>,
}

impl Default for Streams {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl Streams {
    /// A cache of these namespaces; of all, if there are none.
    pub(super) fn of(namespaces: &[String]) -> Self {
        let mut scopes: BTreeMap<Scope, Progress> = namespaces
            .iter()
            .map(|namespace| (Some(namespace.clone()), Progress::default()))
            .collect();
        if scopes.is_empty() {
            scopes.insert(None, Progress::default());
        }
        Self(RwLock::new(Index {
            scopes,
            ..Index::default()
        }))
    }

    /// What has to happen before the cache can answer; `None` if nothing has.
    pub(super) fn awaited(&self) -> Option<&'static str> {
        let index = self.read();
        let waiting = index.scopes.values().find(|progress| !progress.listed)?;
        Some(
            waiting
                .trouble
                .unwrap_or("waiting for the first list of LiveStreams"),
        )
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
    pub(super) fn take(&self, scope: &Scope, event: watcher::Event<DeserializeGuard<LiveStream>>) {
        let mut index = self.write();
        let Index {
            by_name,
            by_room,
            scopes,
        } = &mut *index;
        let progress = scopes.entry(scope.clone()).or_default();
        progress.trouble = None;
        match event {
            watcher::Event::Init => progress.listing.clear(),
            watcher::Event::InitApply(object) => progress.listing.extend(living(object)),
            watcher::Event::InitDone => {
                by_name.retain(|(namespace, _), _| scope.as_ref().is_some_and(|scope| scope != namespace));
                by_name.append(&mut progress.listing);
                *by_room = by_name
                    .iter()
                    .filter_map(|(key, stream)| Some((room(stream)?, key.clone())))
                    .collect();
                progress.listed = true;
            }
            watcher::Event::Apply(object) => {
                index.remove(&(object.namespace().unwrap_or_default(), object.name_any()));
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

    /// Takes in that the apiserver does not tell.
    fn fail(&self, scope: &Scope, error: &watcher::Error) {
        self.write().scopes.entry(scope.clone()).or_default().trouble = Some(match status_code(error) {
            Some(404) => {
                "waiting for the CustomResourceDefinition livestreams.ivs-operator.dev to be installed"
            }
            Some(401 | 403) => "waiting for the permission to list and watch LiveStreams",
            _ => "waiting for the Kubernetes API server, which does not answer as it should",
        });
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
    // Half of the memory, and nobody here reads it.
    stream.metadata.managed_fields = None;
    stream.metadata.annotations = None;
    Some((
        (stream.namespace().unwrap_or_default(), stream.name_any()),
        Arc::new(stream),
    ))
}

fn status_code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status) => Some(status.code),
        _ => None,
    }
}

/// Keeps the cache true, for ever.
pub(super) async fn watch(client: Client, streams: Arc<Streams>) {
    let scopes: Vec<Scope> = streams.read().scopes.keys().cloned().collect();
    let watches = scopes
        .into_iter()
        .map(|scope| watch_scope(client.clone(), &streams, scope));
    futures::future::join_all(watches).await;
}

async fn watch_scope(client: Client, streams: &Streams, scope: Scope) {
    let api: Api<DeserializeGuard<LiveStream>> = match &scope {
        Some(namespace) => Api::namespaced(client, namespace),
        None => Api::all(client),
    };
    let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => streams.take(&scope, event),
            Err(error) => {
                tracing::warn!(%error, "watching LiveStreams; trying again");
                streams.fail(&scope, &error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(name: &str, room: &str, deleted: bool) -> DeserializeGuard<LiveStream> {
        object_in("ns", name, room, deleted)
    }

    fn object_in(namespace: &str, name: &str, room: &str, deleted: bool) -> DeserializeGuard<LiveStream> {
        let mut value = json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": name, "namespace": namespace}, "spec": {},
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
        streams.take(&None, watcher::Event::Init);
        streams.take(&None, watcher::Event::InitApply(object("a", "room-a", false)));
        assert!(streams.awaited().is_some() && streams.by_room("room-a").is_none());
        streams.take(&None, watcher::Event::InitDone);
        assert_eq!(streams.by_room("room-a").unwrap().name_any(), "a");
        streams.take(&None, watcher::Event::Apply(object("a", "room-b", false)));
        assert!(streams.by_room("room-a").is_none());
        // A new list replaces all, and until it is complete the old one answers.
        streams.take(&None, watcher::Event::Init);
        assert!(streams.by_room("room-b").is_some());
        streams.take(&None, watcher::Event::InitDone);
        assert!(streams.by_room("room-b").is_none());
    }

    #[test]
    fn a_stream_that_is_being_deleted_is_gone() {
        let streams = Streams::default();
        streams.take(&None, watcher::Event::Apply(object("a", "room-a", false)));
        streams.take(&None, watcher::Event::Apply(object("a", "room-a", true)));
        assert!(streams.by_room("room-a").is_none() && streams.by_name("ns", "a").is_none());
    }

    #[test]
    fn namespaces_are_listed_each_by_itself() {
        let streams = Streams::of(&["a".into(), "b".into()]);
        let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
        for scope in [&a, &b] {
            assert!(streams.awaited().is_some());
            let namespace = scope.as_deref().unwrap();
            streams.take(scope, watcher::Event::Init);
            streams.take(
                scope,
                watcher::Event::InitApply(object_in(namespace, "x", namespace, false)),
            );
            streams.take(scope, watcher::Event::InitDone);
        }
        assert!(streams.awaited().is_none());
        // A new list of one says nothing of the other.
        streams.take(&a, watcher::Event::Init);
        streams.take(&a, watcher::Event::InitDone);
        assert!(streams.by_room("a").is_none() && streams.by_name("a", "x").is_none());
        assert!(streams.by_room("b").is_some() && streams.by_name("b", "x").is_some());
    }

    #[test]
    fn it_says_what_is_awaited() {
        let streams = Streams::default();
        let failed = |code: u16| {
            let status = json!({"kind": "Status", "code": code, "message": "secret", "reason": "x"});
            watcher::Error::InitialListFailed(kube::Error::Api(serde_json::from_value(status).unwrap()))
        };
        for (code, word) in [
            (404, "CustomResourceDefinition"),
            (403, "permission"),
            (500, "does not answer"),
        ] {
            streams.fail(&None, &failed(code));
            let awaited = streams.awaited().unwrap();
            assert!(awaited.contains(word), "{code}: {awaited}");
        }
        streams.take(&None, watcher::Event::Init);
        assert_eq!(
            streams.awaited(),
            Some("waiting for the first list of LiveStreams")
        );
        streams.take(&None, watcher::Event::InitDone);
        assert_eq!(streams.awaited(), None);
        // What was listed once is served also while the apiserver is away.
        streams.fail(&None, &failed(500));
        assert_eq!(streams.awaited(), None);
    }

    #[test]
    fn an_object_that_no_longer_parses_is_gone_and_others_are_not() {
        let streams = Streams::default();
        streams.take(&None, watcher::Event::Apply(object("a", "room-a", false)));
        streams.take(&None, watcher::Event::Apply(object("b", "room-b", false)));
        let broken: DeserializeGuard<LiveStream> = serde_json::from_value(json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": "a", "namespace": "ns"}, "spec": {"title": 7},
        }))
        .unwrap();
        streams.take(&None, watcher::Event::Apply(broken));
        assert!(streams.by_name("ns", "a").is_none() && streams.by_room("room-a").is_none());
        assert!(streams.by_room("room-b").is_some());
    }
}
