//! The object is there: channel, room, key, Secret and record are to be as the spec says.

use jiff::Timestamp;

use super::{LIVE, Plan, Rules, Step, Wait, creation_pending, differences};
use crate::{
    aws::{
        Record,
        model::{Member, StreamKey, Tags},
    },
    controller::{
        desired::{Desired, Ownership},
        observed::{Fact, Kind, Observed, Part, Seen, SeenIntent, SeenKey, SeenSecret, SeenStream},
    },
    crd::Reason,
};

pub(super) fn plan(plan: &mut Plan, desired: &Desired, observed: &Observed, rules: Rules, now: Timestamp) {
    let missing = missing(desired, observed);
    let unclaimed: Vec<Kind> = missing
        .iter()
        .copied()
        .filter(|kind| !is_claimed(observed, *kind))
        .collect();
    let waits = |kind| creation_pending(observed, kind, rules, now);
    for kind in unclaimed.iter().copied() {
        if let Some((until, left)) = waits(kind) {
            let (part, what) = part_of(kind);
            plan.wait(
                part,
                Reason::CreationPending,
                left,
                format!(
                    "waiting until {until:.0} for the outcome of an earlier request to create the {what}; \
                     it is created again if nothing shows up"
                ),
            );
        }
    }
    let mut to_claim: Vec<Kind> = unclaimed
        .into_iter()
        .filter(|kind| waits(*kind).is_none())
        .collect();
    // There is one annotation for both: it is not written anew while the fate of the other creation is open.
    let is_open = |kind| waits(kind).is_some() && !is_found(observed, kind);
    if [Kind::Channel, Kind::Room].into_iter().any(is_open) {
        to_claim.clear();
    }
    // Nothing is touched in AWS before the finalizer stands, and nothing created before the intent does.
    let fresh = matches!(observed.intent, SeenIntent::Fresh(_));
    if !observed.finalizer || !(to_claim.is_empty() || fresh) {
        if reads_are_done(desired, observed) {
            plan.steps.push(Step::WriteIntent {
                what: to_claim,
                name: desired.identity.aws_name(),
            });
        }
        if !observed.finalizer {
            return;
        }
    }
    channel(plan, desired, observed);
    room(plan, desired, observed);
    stream_key(plan, desired, observed);
    if rules.registry {
        record(plan, desired, observed);
    }
}

const fn part_of(kind: Kind) -> (Part, &'static str) {
    match kind {
        Kind::Channel => (Part::Channel, "channel"),
        Kind::Room => (Part::Room, "room"),
    }
}

const fn is_found(observed: &Observed, kind: Kind) -> bool {
    match kind {
        Kind::Channel => matches!(observed.channel, Seen::Listed(_) | Seen::Read(_)),
        Kind::Room => matches!(observed.room, Seen::Listed(_) | Seen::Read(_)),
    }
}

/// What has to be created: known to be absent, and not to be taken over from elsewhere.
fn missing(desired: &Desired, observed: &Observed) -> Vec<Kind> {
    let channel = observed.channel.is_absent() && desired.import_channel.is_none();
    let room = observed.room.is_absent() && desired.room.is_some() && desired.import_room.is_none();
    let mut missing = Vec::new();
    missing.extend(channel.then_some(Kind::Channel));
    missing.extend(room.then_some(Kind::Room));
    missing
}

/// Whether this pass may create it: it has written the intent and has not used it yet.
fn is_claimed(observed: &Observed, kind: Kind) -> bool {
    matches!(&observed.intent, SeenIntent::Fresh(intent) if intent.what.contains(&kind))
}

/// The one patch that writes the intents is made when both resources are known to be there or not (or have failed to
/// be looked up), so that one patch is enough.
fn reads_are_done(desired: &Desired, observed: &Observed) -> bool {
    let channel = observed.channel != Seen::Unknown || observed.has_failed(Part::Channel);
    let room = desired.room.is_none() || observed.room != Seen::Unknown || observed.has_failed(Part::Room);
    channel && room
}

fn channel(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let (channel, just_read) = match &observed.channel {
        Seen::Unknown => return,
        Seen::Absent => {
            if let Some(arn) = &desired.import_channel {
                plan.problem(
                    Part::Channel,
                    Reason::ImportNotFound,
                    format!(
                        "channel {arn} of spec.import does not exist in {}: check the ARN",
                        desired.region
                    ),
                );
            } else if is_claimed(observed, Kind::Channel) {
                let (settings, tags) = (desired.channel.clone(), desired.tags.clone());
                plan.steps.push(Step::CreateChannel { settings, tags });
            }
            return;
        }
        Seen::Listed(channel) => (channel, false),
        Seen::Read(channel) => (channel, true),
    };
    if desired.identity.ownership(&channel.tags) == Ownership::Foreign {
        plan.problem(
            Part::Channel,
            Reason::NotOwned,
            not_owned("channel", &channel.arn),
        );
        return;
    }
    let (set, remove) = tag_changes(desired, &channel.tags);
    let changes = differences(&desired.channel, &channel.settings);
    let complete = observed.endpoints.is_some() || observed.status_names_channel(&channel.arn);
    let in_sync = set.is_empty() && remove.is_empty() && changes.is_empty();
    if !(just_read || in_sync && complete) {
        // Lists lag: the truth is a direct read.
        plan.steps.push(Step::ReadChannel {
            arn: channel.arn.clone(),
        });
        return;
    }
    // One change at a time: the answer to a change of settings tells the tags as well.
    if !(set.is_empty() && remove.is_empty()) {
        plan.steps.push(Step::TagChannel {
            arn: channel.arn.clone(),
            set,
            remove,
        });
        return;
    }
    if changes.is_empty() {
        return;
    }
    let names = names(changes.keys().map(|member| member.as_str()));
    if observed
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::ChannelUpdated(_)))
    {
        plan.problem(
            Part::Channel,
            Reason::InvalidSettings,
            format!("AWS took the change of {names} and answered with other values: check spec.channel"),
        );
    } else if observed.is_live() {
        plan.wait(
            Part::Channel,
            Reason::ChannelLive,
            LIVE,
            format!(
                "the change of {names} is applied when the running stream ends: AWS changes no live channel"
            ),
        );
    } else {
        plan.steps.push(Step::UpdateChannel {
            arn: channel.arn.clone(),
            changes,
        });
    }
}

fn room(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let (room, just_read) = match &observed.room {
        Seen::Unknown => return,
        Seen::Absent => {
            let Some(settings) = &desired.room else { return };
            if let Some(arn) = &desired.import_room {
                plan.problem(
                    Part::Room,
                    Reason::ImportNotFound,
                    format!(
                        "room {arn} of spec.import does not exist in {}: check the ARN",
                        desired.region
                    ),
                );
            } else if is_claimed(observed, Kind::Room) {
                plan.steps.push(Step::CreateRoom {
                    settings: settings.clone(),
                    tags: desired.tags.clone(),
                });
            }
            return;
        }
        Seen::Listed(room) => (room, false),
        Seen::Read(room) => (room, true),
    };
    let ownership = desired.identity.ownership(&room.tags);
    let Some(settings) = &desired.room else {
        if matches!(ownership, Ownership::Ours | Ownership::Predecessor) {
            plan.steps.push(Step::DeleteRoom {
                arn: room.arn.clone(),
            });
        }
        return;
    };
    if ownership == Ownership::Foreign {
        plan.problem(Part::Room, Reason::NotOwned, not_owned("room", &room.arn));
        return;
    }
    let (set, remove) = tag_changes(desired, &room.tags);
    let changes = differences(settings, &room.settings);
    let in_sync = set.is_empty() && remove.is_empty() && changes.is_empty();
    if !(just_read || in_sync) {
        plan.steps.push(Step::ReadRoom {
            arn: room.arn.clone(),
        });
        return;
    }
    // One change at a time: the answer to a change of settings tells the tags as well.
    if !(set.is_empty() && remove.is_empty()) {
        plan.steps.push(Step::TagRoom {
            arn: room.arn.clone(),
            set,
            remove,
        });
        return;
    }
    if changes.is_empty() {
        return;
    }
    if observed
        .facts
        .iter()
        .any(|fact| matches!(fact, Fact::RoomUpdated(_)))
    {
        let names = names(changes.keys().map(|member| member.as_str()));
        plan.problem(
            Part::Room,
            Reason::InvalidSettings,
            format!("AWS took the change of {names} and answered with other values: check spec.chat"),
        );
    } else {
        plan.steps.push(Step::UpdateRoom {
            arn: room.arn.clone(),
            changes,
        });
    }
}

fn stream_key(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let Some(channel) = observed.channel.found() else {
        return;
    };
    // The key of somebody else's channel is none of our business.
    if desired.identity.ownership(&channel.tags) != Ownership::Ours {
        return;
    }
    let channel_arn = channel.arn.clone();
    let (arn, value) = match &observed.key {
        SeenKey::Unknown => return plan.steps.push(Step::FindKey { channel_arn }),
        SeenKey::Missing => return plan.steps.push(Step::CreateKey { channel_arn }),
        SeenKey::Known { arn, value } => (arn, value),
    };
    if let Some(rotation) = &desired.rotation
        && observed.published_key.as_ref() == Some(arn)
    {
        match observed.stream {
            SeenStream::Offline => return plan.steps.push(Step::DeleteKey { arn: arn.clone() }),
            _ if rotation.force => return plan.steps.push(Step::DeleteKey { arn: arn.clone() }),
            SeenStream::Live(_) => plan.waits.push(Wait {
                part: Part::StreamKey,
                reason: Reason::ChannelLive,
                message: "the stream key is replaced when the running stream ends; annotation ivs-operator.dev/force: \
                          \"true\" replaces it now"
                    .to_owned(),
                recheck: LIVE,
                blocks_ready: false,
            }),
            SeenStream::Unknown => {}
        }
    }
    match &observed.secret {
        SeenSecret::Unknown => {}
        SeenSecret::Predecessor => plan.steps.push(Step::DeleteSecret {
            name: desired.secret_name.clone(),
        }),
        SeenSecret::Foreign => plan.problem(
            Part::StreamKey,
            Reason::SecretNotOwned,
            format!(
                "Secret {} exists and was not made for this object: choose another spec.streamKey.secretName, or delete it",
                desired.secret_name
            ),
        ),
        SeenSecret::Ours { key_arn } if key_arn.as_ref() == Some(arn) => {
            if let Some(name) = desired.stale_secret.clone().filter(|_| observed.stale_secret) {
                plan.steps.push(Step::DeleteStaleSecret { name });
            }
        }
        SeenSecret::Absent | SeenSecret::Ours { .. } => match (value, &observed.endpoints) {
            (Some(value), Some(endpoints)) => plan.steps.push(Step::PublishSecret {
                name: desired.secret_name.clone(),
                key: StreamKey { arn: arn.clone(), value: value.clone() },
                endpoints: endpoints.clone(),
            }),
            (None, _) => plan.steps.push(Step::ReadKey { arn: arn.clone() }),
            (_, None) if !plan.steps.contains(&Step::ReadChannel { arn: channel_arn.clone() }) => {
                plan.steps.push(Step::ReadChannel { arn: channel_arn });
            }
            _ => {}
        },
    }
}

fn record(plan: &mut Plan, desired: &Desired, observed: &Observed) {
    let Some(channel) = observed.channel.found() else {
        return;
    };
    if desired.identity.ownership(&channel.tags) != Ownership::Ours {
        return;
    }
    let Some((playback_url, ingest_endpoint)) = observed.places() else {
        return;
    };
    let room = observed.room.found().filter(|_| desired.room.is_some());
    let room_comes = desired.room.is_some()
        && room.is_none()
        && !observed.has_failed(Part::Room)
        && !plan.waits_for(Part::Room);
    if room_comes {
        return;
    }
    let state = match observed.stream {
        SeenStream::Live(_) => "LIVE",
        SeenStream::Offline => "OFFLINE",
        SeenStream::Unknown => observed.last_state.as_deref().unwrap_or("OFFLINE"),
    };
    let record = Record {
        uid: desired.identity.uid.clone(),
        namespace: desired.identity.namespace.clone(),
        name: desired.identity.name.clone(),
        title: desired.title.clone(),
        owners: desired.owners.clone(),
        region: desired.region.clone(),
        channel_arn: channel.arn.clone(),
        playback_url,
        ingest_endpoint,
        chat_room_arn: room.map(|room| room.arn.clone()),
        state: state.to_owned(),
        created_at: desired.created_at.map(|at| at.to_string()).unwrap_or_default(),
        generation: desired.generation,
    };
    if observed.registered.as_ref() != Some(&record.digest()) {
        plan.steps.push(Step::PutRecord(record));
    }
}

/// Tags to set and keys to remove. Tags that the spec never had are left alone.
fn tag_changes(desired: &Desired, found: &Tags) -> (Tags, Vec<String>) {
    let set = desired
        .tags
        .iter()
        .filter(|(key, value)| found.get(*key) != Some(*value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let remove = desired
        .stale_tags
        .iter()
        .filter(|key| found.contains_key(*key))
        .cloned()
        .collect();
    (set, remove)
}

fn not_owned(what: &str, arn: &str) -> String {
    format!(
        "{what} {arn} has the tags of another owner and is left alone: remove its ivs-operator.dev/ tags to hand it \
         over, or name another in spec.import"
    )
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
