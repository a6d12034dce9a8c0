//! Step 5, pure: what the object's status says, from what was seen, done, waited for and failed.

#[cfg(test)]
mod tests;
mod trouble;

pub use trouble::is_lasting;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use self::trouble::Trouble;
use super::{
    desired::{Desired, Ownership, Presence},
    observed::{Observed, Part, SeenKey, SeenSecret, SeenStream},
    plan::Plan,
    secret::ingest_server,
};
use crate::crd::{
    ConditionType, Conditions, LiveStreamStatus, Reason,
    status::{ChannelStatus, ChatStatus, IngestStatus, StreamStatus},
};

/// How long a viewer count is good for.
const VIEWERS_FRESH: SignedDuration = SignedDuration::from_secs(60);

/// The new status. It equals the old one exactly when nothing has changed, so that a converged object is not written.
#[must_use]
pub fn status(
    old: &LiveStreamStatus,
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    reconcile_at: Option<&String>,
    registry: bool,
    now: Timestamp,
) -> LiveStreamStatus {
    let mut new = old.clone();
    new.observed_generation = desired.generation;
    new.last_handled_reconcile_at = reconcile_at.cloned();
    new.region = Some(desired.region.clone());
    if desired.paused && desired.presence == Presence::Present {
        let mut conditions = Conditions::new(old.conditions.clone());
        let message = "annotation ivs-operator.dev/paused: remove it to have the object reconciled";
        conditions.set(
            ConditionType::Reconciling,
            true,
            Reason::Paused,
            message,
            desired.generation,
            now,
        );
        conditions.remove(ConditionType::Stalled);
        new.conditions = conditions.into_vec();
        return new;
    }
    resources(&mut new, desired, observed, plan);
    new.stream = stream(old.stream.as_ref(), observed, now);
    let troubles: Vec<Trouble> = observed
        .failures
        .iter()
        .map(Trouble::from)
        .chain(plan.problems.iter().map(Trouble::from))
        .chain(plan.waits.iter().map(Trouble::from))
        .collect();
    new.conditions = conditions(old, desired, observed, &troubles, registry, now);
    new
}

fn resources(new: &mut LiveStreamStatus, desired: &Desired, observed: &Observed, plan: &Plan) {
    // While the object is deleted its ARNs stay: they tell that creation is over, and what to read directly.
    let present = desired.presence == Presence::Present;
    let is_foreign = |tags| desired.identity.ownership(tags) == Ownership::Foreign;
    let channel = observed
        .channel
        .found()
        .filter(|channel| !is_foreign(&channel.tags));
    if let Some(channel) = channel
        && let Some((playback_url, ingest_endpoint)) = observed.places()
    {
        new.channel = Some(ChannelStatus {
            arn: channel.arn.clone(),
            playback_url,
            ingest_endpoint: ingest_endpoint.clone(),
        });
        let ingest = new.ingest.get_or_insert_default();
        ingest.server = ingest_server(&ingest_endpoint);
    } else if observed.channel.is_absent() && present {
        (new.channel, new.stream) = (None, None);
        if let Some(ingest) = &mut new.ingest {
            ingest.stream_key_arn = None;
        }
    }
    if let Some(room) = observed.room.found().filter(|room| !is_foreign(&room.tags)) {
        new.chat = Some(ChatStatus {
            arn: room.arn.clone(),
            id: room.id.clone(),
            update_time: Some(room.update_time.clone()).filter(|time| !time.is_empty()),
        });
    } else if observed.room.is_absent() && present {
        new.chat = None;
    }
    publish(new, desired, observed);
    new.registered.clone_from(&observed.registered);
    if present && channel.is_some() {
        let in_force = observed.failures.is_empty()
            && plan.problems.is_empty()
            && !plan.waits.iter().any(|wait| wait.blocks_ready);
        let before = std::mem::replace(&mut new.applied, desired.applied());
        if !in_force {
            // What could not be taken back yet stays remembered.
            remember(&mut new.applied.channel, before.channel);
            remember(&mut new.applied.chat, before.chat);
            remember(&mut new.applied.tags, before.tags);
        }
    }
}

fn remember(now: &mut Vec<String>, before: Vec<String>) {
    now.extend(before);
    now.sort();
    now.dedup();
}

/// Which key the Secret holds. The key in status moves only when the Secret has followed, so that a rotation that was
/// cut short is seen as such.
fn publish(new: &mut LiveStreamStatus, desired: &Desired, observed: &Observed) {
    let SeenSecret::Ours { key_arn } = &observed.secret else {
        if matches!(observed.secret, SeenSecret::Absent | SeenSecret::Foreign)
            && let Some(ingest) = &mut new.ingest
        {
            ingest.secret_name = None;
        }
        return;
    };
    let SeenKey::Known { arn, .. } = &observed.key else {
        return;
    };
    if key_arn.as_ref() != Some(arn) {
        return;
    }
    let IngestStatus {
        secret_name,
        stream_key_arn,
        ..
    } = new.ingest.get_or_insert_default();
    let rotated = stream_key_arn.as_ref() != Some(arn);
    // While the Secret of before is still there, its name is the only trace of it.
    if !observed.stale_secret {
        *secret_name = Some(desired.secret_name.clone());
    }
    *stream_key_arn = Some(arn.clone());
    if let Some(rotation) = desired.rotation.as_ref().filter(|_| rotated) {
        new.last_handled_rotation = Some(rotation.value.clone());
    }
}

fn stream(old: Option<&StreamStatus>, observed: &Observed, now: Timestamp) -> Option<StreamStatus> {
    match &observed.stream {
        _ if observed.channel.is_absent() => None,
        SeenStream::Unknown => old.cloned(),
        SeenStream::Offline => Some(StreamStatus {
            state: "OFFLINE".into(),
            ..StreamStatus::default()
        }),
        SeenStream::Live(live) => {
            let same = old.filter(|old| old.state == "LIVE" && old.id.as_ref() == Some(&live.id));
            // A count changes all the time: a write a minute is enough for people.
            let fresh = same.filter(|old| {
                old.viewers_at
                    .as_ref()
                    .is_some_and(|at| now.duration_since(at.0) < VIEWERS_FRESH)
                    || old.viewers == live.viewers
            });
            let (viewers, viewers_at) = match fresh {
                Some(old) => (old.viewers, old.viewers_at.clone()),
                None => (live.viewers, live.viewers.map(|_| Time(now))),
            };
            Some(StreamStatus {
                state: "LIVE".into(),
                health: Some(live.health.clone()),
                viewers,
                viewers_at,
                started_at: live.started_at.map(Time),
                id: Some(live.id.clone()).filter(|id| !id.is_empty()),
            })
        }
    }
}

fn conditions(
    old: &LiveStreamStatus,
    desired: &Desired,
    observed: &Observed,
    troubles: &[Trouble],
    registry: bool,
    now: Timestamp,
) -> Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition> {
    let mut conditions = Conditions::new(old.conditions.clone());
    let generation = desired.generation;
    let deleting = desired.presence != Presence::Present;
    let mut part = |type_, part: Part, synced: bool, reason_synced, pending: &str| {
        let trouble = troubles
            .iter()
            .find(|trouble| trouble.part == part && trouble.blocks_ready);
        let (status, reason, message) = match trouble {
            Some(trouble) => (false, trouble.reason, trouble.message.as_str()),
            None if deleting => (false, Reason::Deleting, "being deleted"),
            None if synced => (true, reason_synced, ""),
            None => (false, Reason::Creating, pending),
        };
        conditions.set(type_, status, reason, message, generation, now);
        status
    };
    let room_off = desired.room.is_none() && observed.room.found().is_none();
    let published = matches!(
        (&observed.secret, &observed.key),
        (SeenSecret::Ours { key_arn: Some(published) }, SeenKey::Known { arn, .. }) if published == arn
    );
    let channel = part(
        ConditionType::ChannelSynced,
        Part::Channel,
        observed.channel.found().is_some() && observed.places().is_some(),
        Reason::Synced,
        "waiting for the channel",
    );
    let chat = part(
        ConditionType::ChatSynced,
        Part::Room,
        room_off || (desired.room.is_some() && observed.room.found().is_some()),
        if room_off {
            Reason::Disabled
        } else {
            Reason::Synced
        },
        "waiting for the room",
    );
    let key = part(
        ConditionType::StreamKeyPublished,
        Part::StreamKey,
        published,
        Reason::Synced,
        "waiting for the stream key",
    );
    let registered = part(
        ConditionType::Registered,
        Part::Registry,
        !registry || observed.registered.is_some(),
        if registry {
            Reason::Synced
        } else {
            Reason::RegistryDisabled
        },
        "waiting for the registry record",
    );
    let ready = channel && chat && key && registered;
    // The first trouble that stalls says most; then whatever blocks; then whatever is only waited for.
    let leading = troubles
        .iter()
        .find(|trouble| trouble.stalled)
        .or_else(|| troubles.iter().find(|trouble| trouble.blocks_ready))
        .or_else(|| troubles.first());
    let (reason, message) = match leading.filter(|trouble| trouble.blocks_ready) {
        Some(trouble) => (trouble.reason, trouble.message.as_str()),
        None if deleting => (Reason::Deleting, "being deleted"),
        None if ready => (Reason::Ready, "the stream can be used"),
        None => (Reason::Creating, "work is in progress"),
    };
    conditions.set(ConditionType::Ready, ready, reason, message, generation, now);
    let stalled = leading.filter(|trouble| trouble.stalled);
    match stalled {
        Some(trouble) => {
            conditions.set(
                ConditionType::Stalled,
                true,
                trouble.reason,
                trouble.message.as_str(),
                generation,
                now,
            );
        }
        None => conditions.remove(ConditionType::Stalled),
    }
    match leading {
        Some(trouble) if stalled.is_none() => {
            conditions.set(
                ConditionType::Reconciling,
                true,
                trouble.reason,
                trouble.message.as_str(),
                generation,
                now,
            );
        }
        None if !ready => conditions.set(ConditionType::Reconciling, true, reason, message, generation, now),
        _ => conditions.remove(ConditionType::Reconciling),
    }
    conditions.into_vec()
}
