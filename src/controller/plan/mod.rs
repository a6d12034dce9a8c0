//! Step 3, pure: every decision of the operator.
//!
//! [`plan`] looks at what is wanted and what is known and names the steps that may be taken *now*: they do not depend
//! on one another and are carried out at the same time. Their outcomes are learned and the plan is made again, until
//! nothing is left to do or something has to be waited for. So order is never written down anywhere: it follows from
//! what is known. No clock, no IO, no logging; `absent` and `present` are the two halves, `tests` the tables.

mod absent;
mod present;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{
    desired::{Desired, Presence},
    observed::{Kind, Observed, Part, SeenIntent},
};
use crate::{
    aws::{
        Record,
        model::{ChannelSettings, Endpoints, RoomSettings, StreamKey, Tags, Value},
    },
    crd::Reason,
};

/// One call, with everything that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parameters of the call")]
pub enum Step {
    /// Write the finalizer and, if something is to be created, the intent, in one conflict-checked patch.
    WriteIntent { what: Vec<Kind>, name: String },
    /// Create the channel and its key.
    CreateChannel { settings: ChannelSettings, tags: Tags },
    /// Read the channel directly.
    ReadChannel { arn: String },
    /// Change settings of the channel.
    UpdateChannel { arn: String, changes: ChannelSettings },
    /// Set and remove tags of the channel.
    TagChannel {
        arn: String,
        set: Tags,
        remove: Vec<String>,
    },
    /// End the running stream.
    StopStream { channel_arn: String },
    /// Delete the channel.
    DeleteChannel { arn: String },
    /// Create the room.
    CreateRoom { settings: RoomSettings, tags: Tags },
    /// Read the room directly.
    ReadRoom { arn: String },
    /// Change settings of the room.
    UpdateRoom { arn: String, changes: RoomSettings },
    /// Set and remove tags of the room.
    TagRoom {
        arn: String,
        set: Tags,
        remove: Vec<String>,
    },
    /// Delete the room.
    DeleteRoom { arn: String },
    /// Find the channel's key.
    FindKey { channel_arn: String },
    /// Read the key's value.
    ReadKey { arn: String },
    /// Make a key.
    CreateKey { channel_arn: String },
    /// Delete the key.
    DeleteKey { arn: String },
    /// Write the Secret.
    PublishSecret {
        name: String,
        key: StreamKey,
        endpoints: Endpoints,
    },
    /// Delete the Secret.
    DeleteSecret { name: String },
    /// Delete the Secret of before.
    DeleteStaleSecret { name: String },
    /// Write the registry record.
    PutRecord(Record),
    /// Delete the registry record.
    DeleteRecord { uid: String },
    /// Remove the finalizer.
    Release,
}

impl Step {
    /// The part of the work that the step belongs to.
    #[must_use]
    pub const fn part(&self) -> Part {
        match self {
            Self::WriteIntent { .. } | Self::Release => Part::Object,
            Self::CreateChannel { .. }
            | Self::ReadChannel { .. }
            | Self::UpdateChannel { .. }
            | Self::TagChannel { .. }
            | Self::StopStream { .. }
            | Self::DeleteChannel { .. } => Part::Channel,
            Self::CreateRoom { .. }
            | Self::ReadRoom { .. }
            | Self::UpdateRoom { .. }
            | Self::TagRoom { .. }
            | Self::DeleteRoom { .. } => Part::Room,
            Self::FindKey { .. }
            | Self::ReadKey { .. }
            | Self::CreateKey { .. }
            | Self::DeleteKey { .. }
            | Self::PublishSecret { .. }
            | Self::DeleteSecret { .. }
            | Self::DeleteStaleSecret { .. } => Part::StreamKey,
            Self::PutRecord(_) | Self::DeleteRecord { .. } => Part::Registry,
        }
    }
}

/// Something that has to be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Which part waits.
    pub part: Part,
    /// For what.
    pub reason: Reason,
    /// In words: what is waited for and what ends it.
    pub message: String,
    /// When to look again, if nothing wakes the object before.
    pub recheck: Duration,
    /// Whether the stream cannot be used as the spec says until then.
    pub blocks_ready: bool,
}

/// Something that only a change from outside can mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which part.
    pub part: Part,
    /// What it is.
    pub reason: Reason,
    /// In words: what it is and what to do.
    pub message: String,
}

/// What to do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Steps to be taken at the same time.
    pub steps: Vec<Step>,
    /// What is waited for.
    pub waits: Vec<Wait>,
    /// What only a change from outside can mend.
    pub problems: Vec<Problem>,
}

impl Plan {
    fn wait(&mut self, part: Part, reason: Reason, recheck: Duration, message: impl Into<String>) {
        self.waits.push(Wait {
            part,
            reason,
            message: message.into(),
            recheck,
            blocks_ready: true,
        });
    }

    fn problem(&mut self, part: Part, reason: Reason, message: impl Into<String>) {
        self.problems.push(Problem {
            part,
            reason,
            message: message.into(),
        });
    }

    fn waits_for(&self, part: Part) -> bool {
        self.waits.iter().any(|wait| wait.part == part)
            || self.problems.iter().any(|problem| problem.part == part)
    }
}

/// What the planner knows besides the object and the world.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long a create whose outcome is not known may still show up: call time-out and list lag.
    pub creation_grace: Duration,
    /// Whether there is a registry.
    pub registry: bool,
}

/// How soon to look again at a stream that is being ended.
const STOPPING: Duration = Duration::from_secs(2);
/// How soon to look again at a stream whose end is waited for; the inventory wakes the object before.
const LIVE: Duration = Duration::from_mins(1);

/// Decides what to do now.
#[must_use]
pub fn plan(desired: &Desired, observed: &Observed, rules: Rules, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    match desired.presence {
        Presence::Absent { retain, while_live } => {
            absent::plan(&mut plan, desired, observed, rules, now, retain, while_live);
        }
        Presence::Present if desired.paused => {}
        Presence::Present => present::plan(&mut plan, desired, observed, rules, now),
    }
    // A part that has failed rests until the next pass; the others go on.
    plan.steps.retain(|step| !observed.has_failed(step.part()));
    plan
}

/// The settings that are known to differ. What is not known is not a difference.
fn differences<M: Ord + Copy>(
    desired: &BTreeMap<M, Value>,
    found: &BTreeMap<M, Value>,
) -> BTreeMap<M, Value> {
    desired
        .iter()
        .filter(|(member, value)| found.get(member).is_some_and(|found| found != *value))
        .map(|(member, value)| (*member, value.clone()))
        .collect()
}

/// Until when the outcome of an earlier pass's create of this kind may still show up, and how long that is from now.
fn creation_pending(
    observed: &Observed,
    kind: Kind,
    rules: Rules,
    now: Timestamp,
) -> Option<(Timestamp, Duration)> {
    let SeenIntent::Pending(intent) = &observed.intent else {
        return None;
    };
    if !intent.what.contains(&kind) {
        return None;
    }
    let until = intent.at.checked_add(rules.creation_grace).ok()?;
    let left = Duration::try_from(until.duration_since(now))
        .ok()
        .filter(|left| !left.is_zero())?;
    Some((until, left))
}
