//! Channels and stream keys.

use aws_sdk_ivs::types;

use super::{
    AwsError, Operation, Region, Turn,
    model::{Channel, ChannelMember, ChannelSettings, Endpoints, Secret, StreamKey, Tags, Value},
};

/// Applies a settings map to a request builder; create and update have the same setters.
macro_rules! with_settings {
    ($request:expr, $settings:expr) => {{
        let mut request = $request;
        for (member, value) in $settings {
            request = match (member, value) {
                (ChannelMember::Name, Value::Text(text)) => request.name(text),
                (ChannelMember::Type, Value::Text(text)) => request.r#type(text.as_str().into()),
                (ChannelMember::LatencyMode, Value::Text(text)) => request.latency_mode(text.as_str().into()),
                (ChannelMember::Preset, Value::Text(text)) => request.preset(text.as_str().into()),
                (ChannelMember::ContainerFormat, Value::Text(text)) => {
                    request.container_format(text.as_str().into())
                }
                (ChannelMember::InsecureIngest, Value::Flag(flag)) => request.insecure_ingest(*flag),
                (ChannelMember::Authorized, Value::Flag(flag)) => request.authorized(*flag),
                (ChannelMember::RecordingConfiguration, Value::Text(text)) => {
                    request.recording_configuration_arn(text)
                }
                (ChannelMember::PlaybackRestrictionPolicy, Value::Text(text)) => {
                    request.playback_restriction_policy_arn(text)
                }
                (ChannelMember::AdConfiguration, Value::Text(text)) => request.ad_configuration_arn(text),
                (ChannelMember::FailoverSlateConfiguration, Value::Text(text)) => {
                    request.failover_slate_configuration_arn(text)
                }
                (ChannelMember::MultitrackInput, Value::Multitrack(multitrack)) => {
                    request.multitrack_input_configuration(multitrack_input(multitrack.as_ref()))
                }
                _ => request,
            };
        }
        request
    }};
}

fn multitrack_input(value: Option<&(String, String)>) -> types::MultitrackInputConfiguration {
    let builder = types::MultitrackInputConfiguration::builder().enabled(value.is_some());
    match value {
        Some((policy, resolution)) => builder
            .policy(policy.as_str().into())
            .maximum_resolution(resolution.as_str().into())
            .build(),
        None => builder.build(),
    }
}

/// A page of a list, and the token of the next.
pub(crate) type Page<T> = (Vec<T>, Option<String>);

impl Region {
    /// Creates a channel; AWS makes its stream key in the same call. Never retried: AWS knows no idempotency token.
    /// The caller has taken the turn: between its intent and the call there must be no queue.
    pub async fn create_channel(
        &self,
        turn: &Turn,
        settings: &ChannelSettings,
        tags: &Tags,
    ) -> Result<(Channel, StreamKey), AwsError> {
        let request = with_settings!(self.ivs.create_channel(), settings)
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send();
        let created = self.call_now(Operation::CreateChannel, turn, request).await?;
        created
            .channel
            .zip(created.stream_key)
            .map(|(channel, key)| (channel.into(), key.into()))
            .ok_or_else(|| incomplete("CreateChannel"))
    }

    /// Reads one channel with all its settings.
    pub async fn get_channel(&self, turn: &Turn, arn: &str) -> Result<Channel, AwsError> {
        let found = self
            .call(
                Operation::GetChannel,
                turn,
                self.ivs.get_channel().arn(arn).send(),
            )
            .await?;
        found
            .channel
            .map(Into::into)
            .ok_or_else(|| incomplete("GetChannel"))
    }

    /// Reads up to 50 channels with all their settings; those that do not exist are left out.
    pub async fn batch_get_channels(&self, turn: &Turn, arns: Vec<String>) -> Result<Vec<Channel>, AwsError> {
        let request = self.ivs.batch_get_channel().set_arns(Some(arns)).send();
        let found = self.call(Operation::BatchGetChannel, turn, request).await?;
        Ok(found
            .channels
            .unwrap_or_default()
            .into_iter()
            .map(Into::into)
            .collect())
    }

    /// Finds channels by their exact name.
    pub async fn find_channels(&self, turn: &Turn, name: &str) -> Result<Vec<Channel>, AwsError> {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let request = self
                .ivs
                .list_channels()
                .filter_by_name(name)
                .set_next_token(token)
                .send();
            let page = self.call(Operation::ListChannels, turn, request).await?;
            found.extend(page.channels.into_iter().map(Channel::from));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// One page of all channels.
    pub async fn list_channels(&self, turn: &Turn, token: Option<String>) -> Result<Page<Channel>, AwsError> {
        let request = self
            .ivs
            .list_channels()
            .max_results(100)
            .set_next_token(token)
            .send();
        let page = self.call(Operation::ListChannels, turn, request).await?;
        Ok((
            page.channels.into_iter().map(Into::into).collect(),
            page.next_token.filter(|token| !token.is_empty()),
        ))
    }

    /// Changes settings of a channel. 409 while it is live.
    pub async fn update_channel(
        &self,
        turn: &Turn,
        arn: &str,
        settings: &ChannelSettings,
    ) -> Result<Channel, AwsError> {
        let request = with_settings!(self.ivs.update_channel().arn(arn), settings).send();
        let updated = self.call(Operation::UpdateChannel, turn, request).await?;
        updated
            .channel
            .map(Into::into)
            .ok_or_else(|| incomplete("UpdateChannel"))
    }

    /// Deletes a channel and its stream key. 409 while it is live.
    pub async fn delete_channel(&self, turn: &Turn, arn: &str) -> Result<(), AwsError> {
        self.call(
            Operation::DeleteChannel,
            turn,
            self.ivs.delete_channel().arn(arn).send(),
        )
        .await
        .map(drop)
    }

    /// Makes the stream key of a channel that has none.
    pub async fn create_stream_key(&self, turn: &Turn, channel_arn: &str) -> Result<StreamKey, AwsError> {
        let request = self.ivs.create_stream_key().channel_arn(channel_arn).send();
        let created = self.call(Operation::CreateStreamKey, turn, request).await?;
        created
            .stream_key
            .map(Into::into)
            .ok_or_else(|| incomplete("CreateStreamKey"))
    }

    /// Reads a stream key with its value.
    pub async fn get_stream_key(&self, turn: &Turn, arn: &str) -> Result<StreamKey, AwsError> {
        let found = self
            .call(
                Operation::GetStreamKey,
                turn,
                self.ivs.get_stream_key().arn(arn).send(),
            )
            .await?;
        found
            .stream_key
            .map(Into::into)
            .ok_or_else(|| incomplete("GetStreamKey"))
    }

    /// ARNs of those of up to 50 stream keys that exist.
    pub async fn existing_stream_keys(
        &self,
        turn: &Turn,
        arns: Vec<String>,
    ) -> Result<Vec<String>, AwsError> {
        let request = self.ivs.batch_get_stream_key().set_arns(Some(arns)).send();
        let found = self.call(Operation::BatchGetStreamKey, turn, request).await?;
        Ok(found
            .stream_keys
            .unwrap_or_default()
            .into_iter()
            .filter_map(|key| key.arn)
            .collect())
    }

    /// ARN of the channel's stream key, if it has one: AWS allows one.
    pub async fn find_stream_key(&self, turn: &Turn, channel_arn: &str) -> Result<Option<String>, AwsError> {
        let request = self.ivs.list_stream_keys().channel_arn(channel_arn).send();
        let page = self.call(Operation::ListStreamKeys, turn, request).await?;
        Ok(page.stream_keys.into_iter().find_map(|key| key.arn))
    }

    /// Deletes a stream key; new encoders are refused from then on.
    pub async fn delete_stream_key(&self, turn: &Turn, arn: &str) -> Result<(), AwsError> {
        self.call(
            Operation::DeleteStreamKey,
            turn,
            self.ivs.delete_stream_key().arn(arn).send(),
        )
        .await
        .map(drop)
    }
}

pub(super) fn incomplete(operation: &'static str) -> AwsError {
    AwsError {
        operation,
        kind: super::ErrorKind::Unavailable,
        code: "InvalidResponse".into(),
        message: "AWS's answer lacks the resource".into(),
        refused: false,
    }
}

impl From<types::Channel> for Channel {
    fn from(channel: types::Channel) -> Self {
        let multitrack = channel
            .multitrack_input_configuration
            .filter(types::MultitrackInputConfiguration::enabled)
            .map(|multitrack| {
                (
                    multitrack
                        .policy
                        .map(|policy| policy.as_str().to_owned())
                        .unwrap_or_default(),
                    multitrack
                        .maximum_resolution
                        .map(|max| max.as_str().to_owned())
                        .unwrap_or_default(),
                )
            });
        let mut settings = summary_settings(
            channel.name.as_deref(),
            channel.r#type.as_ref(),
            channel.latency_mode.as_ref(),
            channel.preset.as_ref(),
            (channel.insecure_ingest, channel.authorized),
            [
                channel.recording_configuration_arn.as_deref(),
                channel.playback_restriction_policy_arn.as_deref(),
                channel.ad_configuration_arn.as_deref(),
                channel.failover_slate_configuration_arn.as_deref(),
            ],
        );
        settings.insert(
            ChannelMember::ContainerFormat,
            Value::text(
                channel
                    .container_format
                    .map_or_else(|| "TS".to_owned(), |format| format.as_str().to_owned()),
            ),
        );
        settings.insert(ChannelMember::MultitrackInput, Value::Multitrack(multitrack));
        let srt = channel.srt;
        Self {
            arn: channel.arn.unwrap_or_default(),
            tags: channel.tags.unwrap_or_default().into_iter().collect(),
            settings,
            endpoints: Some(Endpoints {
                playback_url: channel.playback_url.unwrap_or_default(),
                ingest_endpoint: channel.ingest_endpoint.unwrap_or_default(),
                srt_endpoint: srt
                    .as_ref()
                    .and_then(|srt| srt.endpoint())
                    .unwrap_or_default()
                    .to_owned(),
                srt_passphrase: Secret::new(
                    srt.as_ref().and_then(|srt| srt.passphrase()).unwrap_or_default(),
                ),
            }),
        }
    }
}

impl From<types::ChannelSummary> for Channel {
    fn from(channel: types::ChannelSummary) -> Self {
        Self {
            arn: channel.arn.unwrap_or_default(),
            tags: channel.tags.unwrap_or_default().into_iter().collect(),
            settings: summary_settings(
                channel.name.as_deref(),
                channel.r#type.as_ref(),
                channel.latency_mode.as_ref(),
                channel.preset.as_ref(),
                (channel.insecure_ingest, channel.authorized),
                [
                    channel.recording_configuration_arn.as_deref(),
                    channel.playback_restriction_policy_arn.as_deref(),
                    channel.ad_configuration_arn.as_deref(),
                    channel.failover_slate_configuration_arn.as_deref(),
                ],
            ),
            endpoints: None,
        }
    }
}

fn summary_settings(
    name: Option<&str>,
    type_: Option<&types::ChannelType>,
    latency_mode: Option<&types::ChannelLatencyMode>,
    preset: Option<&types::TranscodePreset>,
    (insecure_ingest, authorized): (bool, bool),
    [recording, policy, ad, slate]: [Option<&str>; 4],
) -> ChannelSettings {
    let text = |value: Option<&str>| Value::text(value.unwrap_or_default());
    ChannelSettings::from([
        (ChannelMember::Name, text(name)),
        (ChannelMember::Type, text(type_.map(types::ChannelType::as_str))),
        (
            ChannelMember::LatencyMode,
            text(latency_mode.map(types::ChannelLatencyMode::as_str)),
        ),
        (
            ChannelMember::Preset,
            text(preset.map(types::TranscodePreset::as_str)),
        ),
        (ChannelMember::InsecureIngest, Value::Flag(insecure_ingest)),
        (ChannelMember::Authorized, Value::Flag(authorized)),
        (ChannelMember::RecordingConfiguration, text(recording)),
        (ChannelMember::PlaybackRestrictionPolicy, text(policy)),
        (ChannelMember::AdConfiguration, text(ad)),
        (ChannelMember::FailoverSlateConfiguration, text(slate)),
    ])
}

impl From<types::StreamKey> for StreamKey {
    fn from(key: types::StreamKey) -> Self {
        Self {
            arn: key.arn.unwrap_or_default(),
            value: Secret::new(key.value.unwrap_or_default()),
        }
    }
}
