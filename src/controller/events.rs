//! Kubernetes Events: what users ask about, pure up to the call that publishes them.

use kube::runtime::events::{Event, EventType};

use super::observed::{Fact, Observed};
use crate::crd::{ConditionType, Conditions, LiveStreamStatus};

/// The events of one pass.
#[must_use]
pub fn events(
    old: &LiveStreamStatus,
    new: &LiveStreamStatus,
    observed: &Observed,
    deleting: bool,
) -> Vec<Event> {
    let mut events: Vec<Event> = observed
        .facts
        .iter()
        .filter_map(|fact| of_fact(fact, deleting))
        .collect();
    events.extend(of_stream(old, new));
    events.extend(of_trouble(old, new));
    events
}

fn of_fact(fact: &Fact, deleting: bool) -> Option<Event> {
    let (reason, note) = match fact {
        Fact::ChannelCreated(channel, _) => ("ChannelCreated", format!("created channel {}", channel.arn)),
        Fact::RoomCreated(room) => ("RoomCreated", format!("created chat room {}", room.arn)),
        Fact::ChannelTagged(set, _) if set.contains_key(crate::crd::tags::UID) => {
            ("ChannelAdopted", "took over an existing channel".to_owned())
        }
        Fact::RoomTagged(set, _) if set.contains_key(crate::crd::tags::UID) => {
            ("RoomAdopted", "took over an existing chat room".to_owned())
        }
        Fact::ChannelUpdated(_) => ("ChannelUpdated", "changed the channel's settings".to_owned()),
        Fact::RoomUpdated(_) => ("RoomUpdated", "changed the chat room's settings".to_owned()),
        Fact::KeyCreated(_) => (
            "StreamKeyCreated",
            "made a new stream key; the old one is void".to_owned(),
        ),
        Fact::SecretPublished { .. } => (
            "StreamKeyPublished",
            "wrote the stream key to its Secret".to_owned(),
        ),
        Fact::StreamStopped => ("StreamStopped", "told AWS to end the running stream".to_owned()),
        Fact::ChannelGone if deleting => ("ChannelDeleted", "deleted the channel".to_owned()),
        Fact::RoomGone => ("RoomDeleted", "deleted the chat room".to_owned()),
        _ => return None,
    };
    Some(event(EventType::Normal, reason, &note))
}

fn of_stream(old: &LiveStreamStatus, new: &LiveStreamStatus) -> Option<Event> {
    let state = |status: &LiveStreamStatus| status.stream.as_ref().map(|stream| stream.state.clone());
    match (state(old).as_deref(), state(new).as_deref()) {
        (Some("LIVE"), Some("LIVE")) => None,
        (_, Some("LIVE")) => Some(event(EventType::Normal, "StreamLive", "the stream is live")),
        (Some("LIVE"), _) => Some(event(EventType::Normal, "StreamEnded", "the stream has ended")),
        _ => None,
    }
}

/// One event when something begins to stall, or stalls for another reason.
fn of_trouble(old: &LiveStreamStatus, new: &LiveStreamStatus) -> Option<Event> {
    let (old, new) = (
        Conditions::new(old.conditions.clone()),
        Conditions::new(new.conditions.clone()),
    );
    let stalled = new.get(ConditionType::Stalled)?;
    if old
        .get(ConditionType::Stalled)
        .is_some_and(|before| before.reason == stalled.reason)
    {
        return None;
    }
    Some(event(EventType::Warning, &stalled.reason, &stalled.message))
}

/// An event; Kubernetes bounds its note.
pub(super) fn event(type_: EventType, reason: &str, note: &str) -> Event {
    Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note.chars().take(1000).collect()),
        action: "Reconcile".to_owned(),
        secondary: None,
    }
}
