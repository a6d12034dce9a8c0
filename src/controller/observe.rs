//! Step 2, IO, reads only: what the world looks like. Trusts the inventory where nothing is at stake and reads
//! directly where something is: after a change of the spec, on deletion, and for whatever has no known ARN.

use kube::{Api, ResourceExt};

use super::{
    Context,
    desired::{Desired, Ownership, Presence},
    intent,
    observed::{Failure, Observed, Part, Seen, SeenIntent, SeenKey, SeenSecret, SeenStream, StepError},
    secret,
};
use crate::{
    aws::{
        AwsError, ErrorKind, Region, Turn,
        inventory::Inventory,
        model::{Channel, Room, Tags},
    },
    crd::{ConditionType, Conditions, FINALIZER, LiveStream, LiveStreamStatus},
};

/// Looks at everything that concerns one object. Errors are part of what is seen.
pub async fn observe(context: &Context, object: &LiveStream, desired: &Desired) -> Observed {
    let status = object.status.clone().unwrap_or_default();
    let mut observed = Observed::nothing();
    observed.finalizer = object.finalizers().iter().any(|finalizer| finalizer == FINALIZER);
    observed.intent = intent::outstanding(object, &status, |kind, at| {
        context.memory.is_settled(&desired.identity.uid, kind, at)
    });
    observed.published_key = status
        .ingest
        .as_ref()
        .and_then(|ingest| ingest.stream_key_arn.clone());
    observed.last_state = status.stream.as_ref().map(|stream| stream.state.clone());
    observed.registered.clone_from(&status.registered);
    observed.record_may_exist =
        context.registry.is_some() && (status.channel.is_some() || observed.intent != SeenIntent::None);
    observed.status_channel.clone_from(&status.channel);
    let deleting = desired.presence != Presence::Present;
    let nothing_to_do = if deleting {
        !observed.finalizer
    } else {
        desired.paused
    };
    if nothing_to_do {
        return observed;
    }
    let reader = Reader {
        region: context.aws.region(&desired.region),
        inventory: context.inventory(&desired.region),
        turn: Turn::namespace(desired.identity.namespace.clone()),
        desired,
        status: &status,
        deleting,
        begun: observed.intent != SeenIntent::None,
    };
    let secrets: Api<_> = Api::namespaced(context.client.clone(), &desired.identity.namespace);
    let (channel, room, secret, stale) = tokio::join!(
        reader.channel(),
        reader.room(),
        secret::see(&secrets, &desired.secret_name, &desired.identity),
        async {
            match &desired.stale_secret {
                Some(name) => secret::see(&secrets, name, &desired.identity).await,
                None => Ok(SeenSecret::Absent),
            }
        },
    );
    observed.channel = take(&mut observed, Part::Channel, channel).unwrap_or(Seen::Unknown);
    observed.room = take(&mut observed, Part::Room, room).unwrap_or(Seen::Unknown);
    observed.secret = take(&mut observed, Part::StreamKey, secret).unwrap_or(SeenSecret::Unknown);
    observed.stale_secret = matches!(
        take(&mut observed, Part::StreamKey, stale),
        Some(SeenSecret::Ours { .. })
    );
    if let Some(channel) = observed.channel.found().cloned() {
        observed.endpoints.clone_from(&channel.endpoints);
        observed.key = reader.key();
        let stream = reader.stream(&channel.arn).await;
        observed.stream = take(&mut observed, Part::Channel, stream).unwrap_or(SeenStream::Unknown);
    }
    observed
}

fn take<T, E: Into<StepError>>(observed: &mut Observed, part: Part, result: Result<T, E>) -> Option<T> {
    result
        .map_err(|error| {
            observed.failures.push(Failure {
                part,
                error: error.into(),
            });
        })
        .ok()
}

struct Reader<'a> {
    region: std::sync::Arc<Region>,
    inventory: std::sync::Arc<Inventory>,
    turn: Turn,
    desired: &'a Desired,
    status: &'a LiveStreamStatus,
    deleting: bool,
    /// Whether a create was begun whose outcome is not known.
    begun: bool,
}

impl Reader<'_> {
    /// Whether nobody has asked for a closer look since the last pass, and a part is in force as this generation of the spec asks, so that the inventory may speak for it.
    fn is_synced(&self, part: ConditionType) -> bool {
        let conditions = Conditions::new(self.status.conditions.clone());
        conditions.is_true(part)
            && conditions
                .get(part)
                .and_then(|condition| condition.observed_generation)
                == Some(self.desired.generation)
    }

    async fn channel(&self) -> Result<Seen<Channel>, AwsError> {
        let known = self.status.channel.as_ref().map(|channel| &channel.arn);
        if let Some(arn) = known.or(self.desired.import_channel.as_ref()) {
            if !self.deleting
                && self.is_synced(ConditionType::ChannelSynced)
                && let Some(channel) = self.inventory.channel(arn)
            {
                return Ok(Seen::Listed((*channel).clone()));
            }
            let read = found(self.region.get_channel(&self.turn, arn).await)?;
            if let Some(channel) = read {
                self.inventory.note_channel(channel.clone());
                return Ok(Seen::Read(channel));
            }
            self.inventory.note_gone(arn);
            if self.deleting || self.desired.import_channel.is_some() {
                return Ok(Seen::Absent);
            }
        } else if self.deleting && !self.begun {
            return Ok(Seen::Absent);
        }
        let found = self
            .region
            .find_channels(&self.turn, &self.desired.identity.aws_name())
            .await?;
        Ok(self.best(found, |channel| (&channel.arn, &channel.tags)))
    }

    async fn room(&self) -> Result<Seen<Room>, AwsError> {
        let known = self.status.chat.as_ref();
        if let Some(arn) = known.map(|chat| &chat.arn).or(self.desired.import_room.as_ref()) {
            if !self.deleting
                && self.is_synced(ConditionType::ChatSynced)
                && let Some(room) = self.inventory.room(arn)
                && known.and_then(|chat| chat.update_time.as_ref()) == Some(&room.update_time)
            {
                return Ok(Seen::Listed((*room).clone()));
            }
            let read = found(self.region.get_room(&self.turn, arn).await)?;
            if let Some(room) = read {
                self.inventory.note_room(room.clone());
                return Ok(Seen::Read(room));
            }
            self.inventory.note_gone(arn);
            if self.deleting || self.desired.import_room.is_some() || self.desired.room.is_none() {
                return Ok(Seen::Absent);
            }
        } else if (self.deleting || self.desired.room.is_none()) && !self.begun {
            return Ok(Seen::Absent);
        }
        let found = self
            .region
            .find_rooms(&self.turn, &self.desired.identity.aws_name())
            .await?;
        Ok(self.best(found, |room| (&room.arn, &room.tags)))
    }

    /// Of what bears our name, what bears our tags: our own before a predecessor's.
    fn best<T>(&self, found: Vec<T>, facts: impl Fn(&T) -> (&String, &Tags)) -> Seen<T> {
        let rank = |resource: &T| match self.desired.identity.ownership(facts(resource).1) {
            Ownership::Ours => Some((0, facts(resource).0.clone())),
            Ownership::Predecessor => Some((1, facts(resource).0.clone())),
            Ownership::Unowned | Ownership::Foreign => None,
        };
        found
            .into_iter()
            .filter_map(|resource| Some((rank(&resource)?, resource)))
            .min_by(|(a, _), (b, _)| a.cmp(b))
            .map_or(Seen::Absent, |(_, resource)| Seen::Listed(resource))
    }

    /// The key that the status names, unless there is a reason to look at the channel's own list.
    fn key(&self) -> SeenKey {
        let known = self
            .status
            .ingest
            .as_ref()
            .and_then(|ingest| ingest.stream_key_arn.clone());
        match known {
            Some(arn)
                if !self.deleting
                    && self.desired.rotation.is_none()
                    && !self.inventory.is_key_missing(&arn) =>
            {
                SeenKey::Known { arn, value: None }
            }
            _ => SeenKey::Unknown,
        }
    }

    async fn stream(&self, channel_arn: &str) -> Result<SeenStream, AwsError> {
        let was_live = self
            .status
            .stream
            .as_ref()
            .is_some_and(|stream| stream.state == "LIVE");
        let listed = self.inventory.stream(channel_arn);
        // A list may be old or skip an entry: the end of a stream, and whatever a deletion or the loss of a key hangs
        // on, is read directly.
        let read_directly =
            self.deleting || self.desired.rotation.is_some() || (was_live && listed == Ok(None));
        let stream = if read_directly {
            let stream = self.region.get_stream(&self.turn, channel_arn).await?;
            self.inventory.note_stream(channel_arn, stream.clone());
            stream
        } else {
            let Ok(listed) = listed else {
                return Ok(SeenStream::Unknown);
            };
            listed
        };
        Ok(stream.map_or(SeenStream::Offline, SeenStream::Live))
    }
}

/// Turns "not found" from an error into an answer.
fn found<T>(result: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match result {
        Ok(resource) => Ok(Some(resource)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
