//! Step 4, IO, writes: carries out the steps of a plan at the same time and says what came of each. No policy: the
//! only thing judged here is which answers of AWS mean that a step's end was reached anyway.

use std::sync::Arc;

use futures::future::{join_all, try_join_all};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::{Api, ResourceExt, api::DeleteParams};

use super::{
    Context,
    desired::Desired,
    intent,
    leader::Term,
    observed::{Fact, Failure, Kind, StepError},
    plan::Step,
    secret,
};
use crate::{
    aws::{AwsError, ErrorKind, Operation, Region, Turn},
    crd::LiveStream,
};

/// Carries out the steps.
pub async fn apply(
    context: &Context,
    object: &LiveStream,
    desired: &Desired,
    steps: Vec<Step>,
) -> Vec<Result<Fact, Failure>> {
    // What was decided in one term of leadership is not done in another: a call may wait for minutes.
    let (leader, term, stopping) = (
        context.leader.clone(),
        context.leader.term(),
        context.stopping.clone(),
    );
    let worker = Worker {
        context,
        object,
        desired,
        term,
        region: context.aws.region(&desired.region),
        turn: Turn::namespace(&desired.identity.namespace)
            .only_while(move || leader.term() == term && !stopping.is_cancelled()),
    };
    join_all(steps.into_iter().map(|step| {
        let part = step.part();
        let worker = &worker;
        async move { worker.take(step).await.map_err(|error| Failure { part, error }) }
    }))
    .await
}

struct Worker<'a> {
    context: &'a Context,
    object: &'a LiveStream,
    desired: &'a Desired,
    term: Option<Term>,
    region: Arc<Region>,
    turn: Turn,
}

impl Worker<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "a table of the steps: one line or two for each"
    )]
    async fn take(&self, step: Step) -> Result<Fact, StepError> {
        if !self.context.leader.may_write() || self.context.leader.term() != self.term {
            return Err(StepError::NotLeading);
        }
        let (region, turn, inventory) = (
            &self.region,
            &self.turn,
            self.context.inventory(&self.desired.region),
        );
        let fact = match step {
            Step::WriteIntent { what, name } => {
                // First the turns, then the time: an intent that waited in a queue would be past its grace.
                let turns = what
                    .iter()
                    .map(|kind| region.take_turn(create_operation(*kind), turn));
                try_join_all(turns).await?;
                let now = Timestamp::now();
                let (intent, version) = intent::write(&self.objects(), self.object, what, name, now).await?;
                self.context.memory.wrote(&self.desired.identity.uid, version);
                Fact::IntentWritten(intent)
            }
            Step::CreateChannel { settings, tags } => {
                let (region, turn) = (Arc::clone(region), turn.clone());
                let call = async move { region.create_channel(&turn, &settings, &tags).await };
                let (channel, key) = self.create(Kind::Channel, call).await?;
                inventory.note_channel(channel.clone());
                Fact::ChannelCreated(channel, key)
            }
            Step::ReadChannel { arn } => match region.get_channel(turn, &arn).await {
                Ok(channel) => {
                    inventory.note_channel(channel.clone());
                    Fact::ChannelRead(channel)
                }
                gone => {
                    ended(gone, ErrorKind::NotFound)?;
                    inventory.note_gone(&arn);
                    Fact::ChannelGone
                }
            },
            Step::UpdateChannel { arn, changes } => match region.update_channel(turn, &arn, &changes).await {
                Ok(channel) => {
                    inventory.note_channel(channel.clone());
                    Fact::ChannelUpdated(channel)
                }
                refused => {
                    ended(refused, ErrorKind::Conflict)?;
                    Fact::ChannelIsLive
                }
            },
            Step::TagChannel { arn, set, remove } => {
                if !set.is_empty() {
                    region.tag_channel(turn, &arn, &set).await?;
                }
                if !remove.is_empty() {
                    region.untag_channel(turn, &arn, &remove).await?;
                }
                Fact::ChannelTagged(set, remove)
            }
            Step::StopStream { channel_arn } => {
                region.stop_stream(turn, &channel_arn).await?;
                Fact::StreamStopped
            }
            Step::DeleteChannel { arn } => match region.delete_channel(turn, &arn).await {
                Err(error) if error.kind == ErrorKind::Conflict => Fact::ChannelIsLive,
                deleted => {
                    ended(deleted, ErrorKind::NotFound)?;
                    inventory.note_gone(&arn);
                    self.settled(Kind::Channel);
                    Fact::ChannelGone
                }
            },
            Step::CreateRoom { settings, tags } => {
                let (region, turn) = (Arc::clone(region), turn.clone());
                let call = async move { region.create_room(&turn, &settings, &tags).await };
                let room = self.create(Kind::Room, call).await?;
                inventory.note_room(room.clone());
                Fact::RoomCreated(room)
            }
            Step::ReadRoom { arn } => match region.get_room(turn, &arn).await {
                Ok(room) => {
                    inventory.note_room(room.clone());
                    Fact::RoomRead(room)
                }
                gone => {
                    ended(gone, ErrorKind::NotFound)?;
                    inventory.note_gone(&arn);
                    Fact::RoomGone
                }
            },
            Step::UpdateRoom { arn, changes } => {
                let room = region.update_room(turn, &arn, &changes).await?;
                inventory.note_room(room.clone());
                Fact::RoomUpdated(room)
            }
            Step::TagRoom { arn, set, remove } => {
                if !set.is_empty() {
                    region.tag_room(turn, &arn, &set).await?;
                }
                if !remove.is_empty() {
                    region.untag_room(turn, &arn, &remove).await?;
                }
                Fact::RoomTagged(set, remove)
            }
            Step::DeleteRoom { arn } => {
                ended(region.delete_room(turn, &arn).await, ErrorKind::NotFound)?;
                inventory.note_gone(&arn);
                self.settled(Kind::Room);
                Fact::RoomGone
            }
            Step::FindKey { channel_arn } => self.find_key(&channel_arn).await?,
            Step::ReadKey { arn } => match region.get_stream_key(turn, &arn).await {
                Ok(key) => Fact::KeyRead(key),
                gone => {
                    ended(gone, ErrorKind::NotFound)?;
                    Fact::KeyGone
                }
            },
            Step::CreateKey { channel_arn } => match region.create_stream_key(turn, &channel_arn).await {
                Ok(key) => Fact::KeyCreated(key),
                // AWS allows one key: there is one after all.
                Err(error) if error.kind == ErrorKind::QuotaExceeded => self.find_key(&channel_arn).await?,
                Err(error) => return Err(error.into()),
            },
            Step::DeleteKey { arn } => {
                ended(region.delete_stream_key(turn, &arn).await, ErrorKind::NotFound)?;
                inventory.note_gone(&arn);
                Fact::KeyGone
            }
            Step::PublishSecret { name, key, endpoints } => {
                secret::publish(
                    &self.secrets(),
                    self.object,
                    &self.desired.identity,
                    &name,
                    &key,
                    &endpoints,
                )
                .await?;
                Fact::SecretPublished { key_arn: key.arn }
            }
            Step::DeleteSecret { name } => {
                self.delete_secret(&name).await?;
                Fact::SecretGone
            }
            Step::DeleteStaleSecret { name } => {
                self.delete_secret(&name).await?;
                Fact::StaleSecretGone
            }
            Step::PutRecord(record) => {
                let digest = record.digest();
                if let Some(registry) = &self.context.registry {
                    registry.put(record, Timestamp::now()).await?;
                }
                Fact::Registered(digest)
            }
            Step::DeleteRecord { uid } => {
                if let Some(registry) = &self.context.registry {
                    registry.delete(&uid).await?;
                }
                Fact::RecordGone
            }
            Step::Release => {
                intent::release(&self.objects(), self.object).await?;
                Fact::Released
            }
        };
        Ok(fact)
    }

    /// Runs a create call in a task of its own, so that a reconciliation that is cut off does not cut off the call,
    /// and remembers whether AWS refused it.
    async fn create<T: Send + 'static>(
        &self,
        kind: Kind,
        call: impl Future<Output = Result<T, AwsError>> + Send + 'static,
    ) -> Result<T, StepError> {
        let outcome = tokio::spawn(call).await;
        let result = outcome.unwrap_or_else(|error| {
            Err(AwsError {
                operation: "Create",
                kind: ErrorKind::Unavailable,
                code: "Cancelled".into(),
                message: error.to_string(),
                refused: false,
            })
        });
        if result.as_ref().is_err_and(|error| error.refused) {
            self.settled(kind);
        }
        Ok(result?)
    }

    /// There is certainly nothing left of the last creation.
    fn settled(&self, kind: Kind) {
        self.context.memory.settled(&self.desired.identity.uid, kind);
    }

    async fn find_key(&self, channel_arn: &str) -> Result<Fact, StepError> {
        let found = self.region.find_stream_key(&self.turn, channel_arn).await?;
        Ok(found.map_or(Fact::KeyGone, Fact::KeyFound))
    }

    async fn delete_secret(&self, name: &str) -> Result<(), StepError> {
        match self.secrets().delete(name, &DeleteParams::default()).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            deleted => Ok(deleted.map(drop)?),
        }
    }

    fn objects(&self) -> Api<LiveStream> {
        Api::namespaced(
            self.context.client.clone(),
            &self.object.namespace().unwrap_or_default(),
        )
    }

    fn secrets(&self) -> Api<Secret> {
        Api::namespaced(
            self.context.client.clone(),
            &self.object.namespace().unwrap_or_default(),
        )
    }
}

const fn create_operation(kind: Kind) -> Operation {
    match kind {
        Kind::Channel => Operation::CreateChannel,
        Kind::Room => Operation::CreateRoom,
    }
}

/// An error that says that the step's end is reached is success.
fn ended<T>(result: Result<T, AwsError>, kind: ErrorKind) -> Result<(), AwsError> {
    match result {
        Err(error) if error.kind != kind => Err(error),
        _ => Ok(()),
    }
}
