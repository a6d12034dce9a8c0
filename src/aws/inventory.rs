//! The reflector that AWS lacks: what exists in one region, refreshed by listing, and who is to be woken.
//!
//! Kubernetes tells about changes, AWS does not, and a read of each resource would use up the account's quota. So
//! one task lists channels, rooms and running streams, and wakes exactly those objects whose resources differ from
//! what was last known. The inventory is a hint: lists lag, skip and repeat, so whatever is about to be created,
//! changed or deleted is read directly first, by `controller::observe`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use tokio::sync::{mpsc, watch};

use super::{
    AwsError, Region, Turn,
    model::{Channel, ChannelMember, Room, RoomMember, Stream, Tags},
};

/// Namespace and name of an object.
pub type ObjectKey = (String, String);

/// How often the parts are refreshed.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// Channels and rooms.
    pub sweep: Duration,
    /// Running streams.
    pub streams: Duration,
    /// What lists do not tell: stream keys, container format, multitrack input.
    pub deep: Duration,
}

/// Resources that an object has in AWS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// ARN of the channel.
    pub channel: Option<String>,
    /// ARN of the room.
    pub room: Option<String>,
    /// ARN of the stream key.
    pub stream_key: Option<String>,
}

/// What exists in one region.
#[derive(Debug)]
pub struct Inventory {
    region: Arc<Region>,
    view: RwLock<View>,
    wake: mpsc::UnboundedSender<ObjectKey>,
    swept: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct View {
    channels: Table<Channel>,
    rooms: Table<Room>,
    streams: HashMap<String, Stream>,
    streams_listed: bool,
    missing_keys: BTreeSet<String>,
    resources: HashMap<ObjectKey, Resources>,
    owners: HashMap<String, ObjectKey>,
}

#[derive(Debug)]
struct Table<T> {
    /// Value, and the number of the sweep that last saw it.
    entries: HashMap<String, (Arc<T>, u64)>,
    sweep: u64,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            sweep: 0,
        }
    }
}

/// A resource that can be listed in part and read in full.
trait Listed: PartialEq {
    fn arn(&self) -> &str;
    fn tags(&self) -> &Tags;
    /// Takes over from the last known state what a list does not tell.
    fn complete_from(&mut self, known: &Self);
}

impl Listed for Channel {
    fn arn(&self) -> &str {
        &self.arn
    }
    fn tags(&self) -> &Tags {
        &self.tags
    }
    fn complete_from(&mut self, known: &Self) {
        for member in [ChannelMember::ContainerFormat, ChannelMember::MultitrackInput] {
            if let Some(value) = known.settings.get(&member) {
                self.settings.entry(member).or_insert_with(|| value.clone());
            }
        }
        if self.endpoints.is_none() {
            self.endpoints.clone_from(&known.endpoints);
        }
    }
}

impl Listed for Room {
    fn arn(&self) -> &str {
        &self.arn
    }
    fn tags(&self) -> &Tags {
        &self.tags
    }
    fn complete_from(&mut self, known: &Self) {
        // The limits are as they were only while the room's update time stands still.
        if self.update_time != known.update_time {
            return;
        }
        for member in [
            RoomMember::MaximumMessageLength,
            RoomMember::MaximumMessageRatePerSecond,
        ] {
            if let Some(value) = known.settings.get(&member) {
                self.settings.entry(member).or_insert_with(|| value.clone());
            }
        }
    }
}

impl<T: Listed> Table<T> {
    /// Enters a value; true if it differs from what was known.
    fn enter(&mut self, mut value: T) -> bool {
        let sweep = self.sweep;
        let Some((known, seen)) = self.entries.get_mut(value.arn()) else {
            self.entries
                .insert(value.arn().to_owned(), (Arc::new(value), sweep));
            return true;
        };
        value.complete_from(known);
        *seen = sweep;
        let differs = **known != value;
        if differs {
            *known = Arc::new(value);
        }
        differs
    }

    /// Ends a sweep: what it did not see is taken out, to be read directly by whoever needs it.
    fn take_missed(&mut self) -> Vec<Arc<T>> {
        let sweep = self.sweep;
        self.entries
            .extract_if(|_, (_, seen)| *seen < sweep)
            .map(|(_, (value, _))| value)
            .collect()
    }
}

impl View {
    fn owner(&self, arn: &str, tags: Option<&Tags>) -> Option<ObjectKey> {
        self.owners.get(arn).cloned().or_else(|| {
            let tags = tags?;
            Some((
                tags.get(crate::crd::tags::NAMESPACE)?.clone(),
                tags.get(crate::crd::tags::NAME)?.clone(),
            ))
        })
    }
}

impl Inventory {
    /// Makes an empty inventory. `wake` receives the objects whose resources changed.
    #[must_use]
    pub fn new(region: Arc<Region>, wake: mpsc::UnboundedSender<ObjectKey>) -> Self {
        Self {
            region,
            view: RwLock::default(),
            wake,
            swept: watch::Sender::new(0),
        }
    }

    /// Refreshes for ever. An error of one part is logged and that part tried again at its next turn.
    pub async fn run(&self, intervals: Intervals) {
        let sweeps = every(intervals.sweep, || self.sweep());
        let streams = every(intervals.streams, || self.list_streams());
        let deep = async {
            // What the first reconciliations read directly needs no second look at once.
            tokio::time::sleep(intervals.deep).await;
            every(intervals.deep, || self.deep_pass()).await;
        };
        tokio::join!(sweeps, streams, deep);
    }

    /// Number of complete sweeps so far; changes when one ends.
    pub fn sweeps(&self) -> watch::Receiver<u64> {
        self.swept.subscribe()
    }

    /// Tells the inventory which resources an object has, so that it is woken for them.
    pub fn register(&self, object: &ObjectKey, resources: Resources) {
        if self.read().resources.get(object) == Some(&resources) {
            return;
        }
        let mut view = self.write();
        view.owners.retain(|_, owner| owner != object);
        for arn in [&resources.channel, &resources.room].into_iter().flatten() {
            view.owners.insert(arn.clone(), object.clone());
        }
        view.resources.insert(object.clone(), resources);
    }

    /// Forgets an object that is gone.
    pub fn unregister(&self, object: &ObjectKey) {
        let mut view = self.write();
        if let Some(resources) = view.resources.remove(object) {
            for arn in [resources.channel, resources.room].into_iter().flatten() {
                view.owners.remove(&arn);
            }
        }
    }

    /// The channel as last known.
    #[must_use]
    pub fn channel(&self, arn: &str) -> Option<Arc<Channel>> {
        self.read()
            .channels
            .entries
            .get(arn)
            .map(|(channel, _)| Arc::clone(channel))
    }

    /// The room as last known.
    #[must_use]
    pub fn room(&self, arn: &str) -> Option<Arc<Room>> {
        self.read()
            .rooms
            .entries
            .get(arn)
            .map(|(room, _)| Arc::clone(room))
    }

    /// The running stream of a channel. `Err` until running streams were listed once.
    ///
    /// # Errors
    /// [`NotListed`] before the first list.
    pub fn stream(&self, channel_arn: &str) -> Result<Option<Stream>, NotListed> {
        let view = self.read();
        if view.streams_listed {
            Ok(view.streams.get(channel_arn).cloned())
        } else {
            Err(NotListed)
        }
    }

    /// Whether the last deep pass found a stream key gone.
    #[must_use]
    pub fn is_key_missing(&self, arn: &str) -> bool {
        self.read().missing_keys.contains(arn)
    }

    /// All channels and rooms whose tags a predicate accepts: their ARNs and tags.
    pub fn tagged(&self, mut accept: impl FnMut(&Tags) -> bool) -> Vec<(String, Tags)> {
        let view = self.read();
        let channels = view
            .channels
            .entries
            .values()
            .map(|(channel, _)| (&channel.arn, &channel.tags));
        let rooms = view
            .rooms
            .entries
            .values()
            .map(|(room, _)| (&room.arn, &room.tags));
        channels
            .chain(rooms)
            .filter(|(_, tags)| accept(tags))
            .map(|(arn, tags)| (arn.clone(), tags.clone()))
            .collect()
    }

    /// Enters a channel that was read or changed directly.
    pub fn note_channel(&self, channel: Channel) {
        self.write().channels.enter(channel);
    }

    /// Enters a room that was read or changed directly.
    pub fn note_room(&self, room: Room) {
        self.write().rooms.enter(room);
    }

    /// Enters the state of a stream that was read directly.
    pub fn note_stream(&self, channel_arn: &str, stream: Option<Stream>) {
        let mut view = self.write();
        match stream {
            Some(stream) => view.streams.insert(channel_arn.to_owned(), stream),
            None => view.streams.remove(channel_arn),
        };
    }

    /// Takes out a resource that is gone.
    pub fn note_gone(&self, arn: &str) {
        let mut view = self.write();
        view.channels.entries.remove(arn);
        view.rooms.entries.remove(arn);
        view.streams.remove(arn);
        view.missing_keys.remove(arn);
    }

    async fn sweep(&self) -> Result<(), AwsError> {
        let (channels, rooms) = tokio::join!(self.sweep_channels(), self.sweep_rooms());
        channels.and(rooms)?;
        self.swept.send_modify(|sweeps| *sweeps += 1);
        Ok(())
    }

    async fn sweep_channels(&self) -> Result<(), AwsError> {
        self.write().channels.sweep += 1;
        let mut token = None;
        loop {
            let (page, next) = self.region.list_channels(&Turn::sweep(), token).await?;
            self.enter(page, |view| &mut view.channels);
            token = next;
            if token.is_none() {
                break;
            }
        }
        let missed = self.write().channels.take_missed();
        self.wake_owners(
            missed
                .iter()
                .map(|channel| (channel.arn.as_str(), Some(&channel.tags))),
        );
        Ok(())
    }

    async fn sweep_rooms(&self) -> Result<(), AwsError> {
        self.write().rooms.sweep += 1;
        let mut token = None;
        loop {
            let (page, next) = self.region.list_rooms(&Turn::sweep(), token).await?;
            self.enter(page, |view| &mut view.rooms);
            token = next;
            if token.is_none() {
                break;
            }
        }
        let missed = self.write().rooms.take_missed();
        self.wake_owners(missed.iter().map(|room| (room.arn.as_str(), Some(&room.tags))));
        Ok(())
    }

    async fn list_streams(&self) -> Result<(), AwsError> {
        let (mut running, mut token) = (HashMap::new(), None);
        loop {
            let (page, next) = self.region.list_streams(&Turn::sweep(), token).await?;
            running.extend(
                page.into_iter()
                    .map(|stream| (stream.channel_arn.clone(), stream)),
            );
            token = next;
            if token.is_none() {
                break;
            }
        }
        let changed: Vec<String> = {
            let mut view = self.write();
            let began_or_changed = running
                .iter()
                .filter(|(arn, stream)| view.streams.get(*arn) != Some(stream))
                .map(|(arn, _)| arn.clone());
            let ended = view
                .streams
                .keys()
                .filter(|arn| !running.contains_key(*arn))
                .cloned();
            // Objects that were reconciled before the first list do not know yet whether they are live.
            let first = (!view.streams_listed).then(|| view.owners.keys().cloned());
            let changed = began_or_changed
                .chain(ended)
                .chain(first.into_iter().flatten())
                .collect();
            view.streams = running;
            view.streams_listed = true;
            changed
        };
        self.wake_owners(changed.iter().map(|arn| (arn.as_str(), None)));
        Ok(())
    }

    async fn deep_pass(&self) -> Result<(), AwsError> {
        let (keys, channels): (Vec<_>, Vec<_>) = {
            let view = self.read();
            let resources = view.resources.values();
            resources
                .map(|resources| (resources.stream_key.clone(), resources.channel.clone()))
                .unzip()
        };
        let keys: Vec<String> = keys.into_iter().flatten().collect();
        for batch in keys.chunks(50) {
            let existing = self
                .region
                .existing_stream_keys(&Turn::sweep(), batch.to_vec())
                .await?;
            let gone: BTreeSet<_> = batch
                .iter()
                .filter(|arn| !existing.contains(arn))
                .cloned()
                .collect();
            let owners: Vec<_> = {
                let mut view = self.write();
                view.missing_keys.retain(|arn| !batch.contains(arn));
                let holders = view.resources.iter();
                let owners = holders
                    .filter(|(_, resources)| {
                        resources
                            .stream_key
                            .as_ref()
                            .is_some_and(|arn| gone.contains(arn))
                    })
                    .map(|(object, _)| object.clone())
                    .collect();
                view.missing_keys.extend(gone);
                owners
            };
            for owner in owners {
                self.wake(owner);
            }
        }
        let channels: Vec<String> = channels.into_iter().flatten().collect();
        for batch in channels.chunks(50) {
            let page = self
                .region
                .batch_get_channels(&Turn::sweep(), batch.to_vec())
                .await?;
            self.enter(page, |view| &mut view.channels);
        }
        Ok(())
    }

    fn enter<T: Listed>(&self, page: Vec<T>, table: impl Fn(&mut View) -> &mut Table<T>) {
        let mut changed = Vec::new();
        {
            let mut view = self.write();
            for value in page {
                let (arn, tags) = (value.arn().to_owned(), value.tags().clone());
                if table(&mut view).enter(value) {
                    changed.push((arn, tags));
                }
            }
        }
        self.wake_owners(changed.iter().map(|(arn, tags)| (arn.as_str(), Some(tags))));
    }

    fn wake_owners<'a>(&self, resources: impl Iterator<Item = (&'a str, Option<&'a Tags>)>) {
        let owners: BTreeSet<ObjectKey> = {
            let view = self.read();
            resources
                .filter_map(|(arn, tags)| view.owner(arn, tags))
                .collect()
        };
        for owner in owners {
            self.wake(owner);
        }
    }

    fn wake(&self, owner: ObjectKey) {
        // Nobody listens any more once the controller stops.
        let _ = self.wake.send(owner);
    }

    fn read(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Running streams were not listed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("running streams were not listed yet")]
pub struct NotListed;

async fn every<F: Future<Output = Result<(), AwsError>>>(interval: Duration, refresh: impl Fn() -> F) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = refresh().await {
            tracing::warn!(%error, "could not refresh the inventory; trying again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::model::Value;

    fn channel(settings: &[(ChannelMember, Value)]) -> Channel {
        Channel {
            arn: "a".into(),
            tags: Tags::new(),
            settings: settings.iter().cloned().collect(),
            endpoints: None,
        }
    }

    #[test]
    fn a_summary_does_not_hide_what_a_direct_read_told() {
        let mut table = Table::default();
        let full = [
            (ChannelMember::Type, Value::text("BASIC")),
            (ChannelMember::ContainerFormat, Value::text("TS")),
        ];
        assert!(table.enter(channel(&full)), "new");
        assert!(!table.enter(channel(&full[..1])), "the same, told in part");
        assert!(
            table.enter(channel(&[(ChannelMember::Type, Value::text("STANDARD"))])),
            "changed"
        );
        assert_eq!(
            table.entries["a"].0.settings.get(&ChannelMember::ContainerFormat),
            Some(&Value::text("TS"))
        );
    }

    #[test]
    fn what_a_sweep_missed_is_taken_out() {
        let mut table = Table::default();
        table.enter(channel(&[]));
        table.sweep += 1;
        assert_eq!(table.take_missed().len(), 1);
        assert!(table.enter(channel(&[])), "and is new when it is seen again");
    }

    #[test]
    fn room_limits_hold_while_the_update_time_stands_still() {
        let room = |time: &str, limit: Option<i32>| Room {
            arn: "r".into(),
            id: "r".into(),
            tags: Tags::new(),
            settings: limit
                .map(|limit| (RoomMember::MaximumMessageLength, Value::Number(limit)))
                .into_iter()
                .collect(),
            update_time: time.into(),
        };
        let mut table = Table::default();
        table.enter(room("1", Some(100)));
        assert!(!table.enter(room("1", None)));
        assert!(table.enter(room("2", None)));
        assert!(
            table.entries["r"].0.settings.is_empty(),
            "not known until it is read again"
        );
    }
}
