//! The object is being deleted: everything that is ours goes, in the order that AWS and safety ask for.

use jiff::Timestamp;

use super::{LIVE, Plan, Rules, STOPPING, Step, creation_pending};
use crate::{
    aws::model::Tags,
    controller::{
        desired::{Desired, Identity, Ownership},
        observed::{Kind, Observed, Part, Seen, SeenKey, SeenSecret, SeenStream},
    },
    crd::{Reason, spec::WhileLive},
};

pub(super) fn plan(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    rules: Rules,
    now: Timestamp,
    retain: bool,
    while_live: WhileLive,
) {
    if !observed.finalizer {
        return;
    }
    for (kind, part, what, absent) in [
        (
            Kind::Channel,
            Part::Channel,
            "channel",
            observed.channel.is_absent(),
        ),
        (Kind::Room, Part::Room, "room", observed.room.is_absent()),
    ] {
        if absent && let Some((until, left)) = creation_pending(observed, kind, rules, now) {
            plan.wait(
                part,
                Reason::CreationPending,
                left,
                format!("waiting until {until:.0} whether a request to create the {what} still took effect"),
            );
        }
    }
    let channel_done = channel(plan, desired, observed, retain, while_live);
    let room_done = room(plan, desired, observed, retain);
    if !channel_done {
        return;
    }
    // The key is void once the channel is gone; until then the Secret tells its owner what is still open.
    if matches!(observed.secret, SeenSecret::Ours { .. }) {
        plan.steps.push(Step::DeleteSecret {
            name: desired.secret_name.clone(),
        });
    }
    if let Some(name) = desired.stale_secret.clone().filter(|_| observed.stale_secret) {
        plan.steps.push(Step::DeleteStaleSecret { name });
    }
    if observed.record_may_exist && room_done {
        plan.steps.push(Step::DeleteRecord {
            uid: desired.identity.uid.clone(),
        });
    }
    let nothing_left =
        room_done && plan.steps.is_empty() && plan.waits.is_empty() && observed.failures.is_empty();
    if nothing_left && observed.secret != SeenSecret::Unknown {
        plan.steps.push(Step::Release);
    }
}

/// Plans for the channel; true once nothing is left to do about it.
fn channel(
    plan: &mut Plan,
    desired: &Desired,
    observed: &Observed,
    retain: bool,
    while_live: WhileLive,
) -> bool {
    let channel = match &observed.channel {
        Seen::Unknown => return false,
        Seen::Absent => return !plan.waits_for(Part::Channel),
        Seen::Listed(channel) => {
            plan.steps.push(Step::ReadChannel {
                arn: channel.arn.clone(),
            });
            return false;
        }
        Seen::Read(channel) => channel,
    };
    if !is_ours(desired, &channel.tags) {
        return true;
    }
    let arn = channel.arn.clone();
    if retain {
        plan.steps.push(Step::TagChannel {
            arn,
            set: Tags::new(),
            remove: owner_keys(),
        });
        return false;
    }
    match (&observed.stream, while_live) {
        (SeenStream::Unknown, _) => {}
        (SeenStream::Offline, _) => plan.steps.push(Step::DeleteChannel { arn }),
        (SeenStream::Live(_), WhileLive::Wait) => plan.wait(
            Part::Channel,
            Reason::ChannelLive,
            LIVE,
            "deletion waits for the end of the running stream; spec.deletion.whileLive: Stop ends it now",
        ),
        (SeenStream::Live(_), WhileLive::Stop) => {
            // Without its key the encoder cannot come back between the end of the stream and the deletion.
            match &observed.key {
                SeenKey::Unknown => plan.steps.push(Step::FindKey { channel_arn: arn }),
                SeenKey::Known { arn, .. } => plan.steps.push(Step::DeleteKey { arn: arn.clone() }),
                SeenKey::Missing if !observed.stream_stopped => {
                    plan.steps.push(Step::StopStream { channel_arn: arn });
                }
                SeenKey::Missing => {}
            }
            plan.wait(
                Part::Channel,
                Reason::StoppingStream,
                STOPPING,
                "waiting for AWS to end the running stream; the channel is deleted then",
            );
        }
    }
    false
}

/// Plans for the room; true once nothing is left to do about it.
fn room(plan: &mut Plan, desired: &Desired, observed: &Observed, retain: bool) -> bool {
    let room = match &observed.room {
        Seen::Unknown => return false,
        Seen::Absent => return !plan.waits_for(Part::Room),
        Seen::Listed(room) => {
            plan.steps.push(Step::ReadRoom {
                arn: room.arn.clone(),
            });
            return false;
        }
        Seen::Read(room) => room,
    };
    if !is_ours(desired, &room.tags) {
        return true;
    }
    let arn = room.arn.clone();
    plan.steps.push(if retain {
        Step::TagRoom {
            arn,
            set: Tags::new(),
            remove: owner_keys(),
        }
    } else {
        Step::DeleteRoom { arn }
    });
    false
}

fn is_ours(desired: &Desired, tags: &Tags) -> bool {
    matches!(
        desired.identity.ownership(tags),
        Ownership::Ours | Ownership::Predecessor
    )
}

fn owner_keys() -> Vec<String> {
    Identity::TAG_KEYS.iter().map(|key| (*key).to_owned()).collect()
}
