//! Channels: the resource and its six operations.
//!
//! What can be configured, and the rules for it, is in [`super::channel_config`]; a channel's key in
//! [`super::stream_keys`], its stream in [`super::streams`].

use serde::Serialize;

use super::channel_config::{Basics, Changes, Configuration};
use super::stream_keys::StreamKey;
use super::{BatchError, batch};
use crate::error::ApiError;
use crate::operation::{Reply, Request, Service};
use crate::settings::UpdateWhileLive;
use crate::state::page::{Direction, PageRequest};
use crate::state::{Ctx, Region, Tags, ids, new_id};
use crate::tags::{Tagged, reserved_keys};
use crate::validate::rules::{
    AD_CONFIGURATION, CHANNEL_ARN, FAILOVER_SLATE_CONFIGURATION, IVS_PAGE_TOKEN, IVS_TAGS, NAME,
    PLAYBACK_RESTRICTION_POLICY, RECORDING_CONFIGURATION, integer, list,
};
use crate::validate::{Violation, shape};

/// A channel as it is stored and as the service writes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Names it.
    pub arn: String,
    /// What it was told.
    #[serde(flatten)]
    pub configuration: Configuration,
    /// Host that encoders publish to.
    pub ingest_endpoint: String,
    /// Where players find it.
    pub playback_url: String,
    /// SRT ingest.
    pub srt: Srt,
    /// Tags.
    pub tags: Tags,
}

/// SRT ingest.
#[derive(Debug, Clone, Serialize)]
pub struct Srt {
    endpoint: String,
    passphrase: String,
}

/// A channel in a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelSummary<'a> {
    arn: &'a str,
    #[serde(flatten)]
    basics: &'a Basics,
    tags: &'a Tags,
}

impl Tagged for Channel {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

shape! {
    /// Makes a channel and its stream key.
    pub struct CreateChannel with changes: Changes {
        /// Tags of the channel; the key gets none of them (A10).
        tags: Option<Tags> = "tags", IVS_TAGS;
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CreatedChannel<'a> {
    channel: &'a Channel,
    stream_key: &'a StreamKey,
}

impl Request for CreateChannel {
    fn check(&self) -> Vec<Violation> {
        let mut violations = self
            .changes
            .violations(&self.changes.on(&Configuration::default()));
        violations.extend(self.tags.as_ref().and_then(|tags| reserved_keys(tags.keys())));
        violations
    }

    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        for arn in self.changes.references() {
            ctx.check_reference(arn)?;
        }
        let quotas = &ctx.settings.quotas;
        if quotas.resources && region.channels.truth().count() as u64 >= quotas.channels {
            let any = ctx.arn(Service::Ivs, "channel", "*");
            let message = format!("Number of channels exceeds the quota of {}", quotas.channels);
            return Err(ApiError::quota(&any, quotas.channels, message));
        }
        let id = new_id();
        let prefix = ids::host_prefix(ctx.account, ctx.region);
        let channel = Channel {
            arn: ctx.arn(Service::Ivs, "channel", &id),
            configuration: self.changes.on(&Configuration::default()),
            ingest_endpoint: format!("{prefix}.global-contribute.live-video.net"),
            playback_url: format!(
                "{}/api/video/v1/{}.{}.channel.{id}.m3u8",
                ctx.public_url, ctx.region, ctx.account
            ),
            srt: Srt {
                endpoint: format!("{prefix}.srt.live-video.net"),
                passphrase: ids::alphanumeric(69),
            },
            tags: self.tags.unwrap_or_default(),
        };
        let stream_key = StreamKey::create(region, ctx, &channel.arn, Tags::new());
        let channel = region.channels.insert(id, channel, ctx.now);
        let created = CreatedChannel {
            channel: &channel,
            stream_key: &stream_key,
        };
        Ok(Reply::json(&created)?.creating(&channel.arn))
    }
}

/// An answer that is one channel.
#[derive(Serialize)]
struct OneChannel<'a> {
    channel: &'a Channel,
}

shape! {
    /// Reads a channel.
    pub struct GetChannel {
        /// Which.
        arn: String = "arn", CHANNEL_ARN.required();
    }
}

impl Request for GetChannel {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        Reply::json(&OneChannel {
            channel: read(region, ctx, &self.arn)?,
        })
    }
}

/// The channel as Get* operations see it.
pub fn read<'a>(region: &'a mut Region, ctx: &Ctx<'_>, arn: &str) -> Result<&'a Channel, ApiError> {
    let id = ctx.id_of(arn)?;
    region
        .channels
        .read(id, ctx.now, ctx.read_lag())
        .map(AsRef::as_ref)
        .ok_or_else(|| ApiError::not_found(arn))
}

shape! {
    /// Reads up to 50 channels.
    pub struct BatchGetChannel {
        /// Which.
        arns: Vec<String> = "arns", list(1, 50, &CHANNEL_ARN).required();
    }
}

#[derive(Serialize)]
struct Channels {
    channels: Vec<Channel>,
    errors: Vec<BatchError>,
}

impl Request for BatchGetChannel {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let (channels, errors) = batch(&self.arns, |arn| read(region, ctx, arn).cloned());
        Reply::json(&Channels { channels, errors })
    }
}

shape! {
    /// Lists channels, by one filter at most.
    pub struct ListChannels {
        /// The whole name; empty is no filter (A5).
        name: Option<String> = "filterByName", NAME;
        /// By recording configuration.
        recording_configuration: Option<String> =
            "filterByRecordingConfigurationArn", RECORDING_CONFIGURATION;
        /// By restriction policy.
        playback_restriction_policy: Option<String> =
            "filterByPlaybackRestrictionPolicyArn", PLAYBACK_RESTRICTION_POLICY;
        /// By ad configuration.
        ad_configuration: Option<String> = "filterByAdConfigurationArn", AD_CONFIGURATION;
        /// By failover slate.
        failover_slate_configuration: Option<String> =
            "filterByFailoverSlateConfigurationArn", FAILOVER_SLATE_CONFIGURATION;
        /// Where to go on.
        next_token: Option<String> = "nextToken", IVS_PAGE_TOKEN;
        /// How many.
        max_results: Option<usize> = "maxResults", integer(1, 100);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChannelList<'a> {
    channels: Vec<ChannelSummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Reads the member that a filter compares.
type Member = fn(&Basics) -> &str;

impl ListChannels {
    /// The filters in use.
    fn filters(&self) -> Vec<(Member, &str)> {
        let all: [(Member, &Option<String>); 5] = [
            (|basics| &basics.name, &self.name),
            (
                |basics| &basics.recording_configuration_arn,
                &self.recording_configuration,
            ),
            (
                |basics| &basics.playback_restriction_policy_arn,
                &self.playback_restriction_policy,
            ),
            (|basics| &basics.ad_configuration_arn, &self.ad_configuration),
            (
                |basics| &basics.failover_slate_configuration_arn,
                &self.failover_slate_configuration,
            ),
        ];
        all.into_iter()
            .filter_map(|(member, wanted)| Some((member, wanted.as_deref()?)))
            .filter(|(_, wanted)| !wanted.is_empty())
            .collect()
    }
}

impl Request for ListChannels {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let filters = self.filters();
        if filters.len() > 1 {
            let any = ctx.arn(Service::Ivs, "channel", "*");
            return Err(ApiError::conflict(&any, "Only one filter can be used at a time"));
        }
        let request = PageRequest {
            binding: format!(
                "ListChannels {:?}",
                (
                    &self.name,
                    &self.recording_configuration,
                    &self.playback_restriction_policy,
                    &self.ad_configuration,
                    &self.failover_slate_configuration
                )
            ),
            token: self.next_token.as_deref().unwrap_or_default(),
            size: self.max_results.unwrap_or(100),
            direction: Direction::Forward,
        };
        let rows = region.channels.listed(ctx.now, ctx.list_lag());
        let page = ctx.pager.cut(rows, &request, |channel| {
            filters
                .iter()
                .all(|(member, wanted)| member(&channel.configuration.basics) == *wanted)
        })?;
        let channels = page
            .rows
            .iter()
            .map(|channel| ChannelSummary {
                arn: &channel.arn,
                basics: &channel.configuration.basics,
                tags: &channel.tags,
            })
            .collect();
        Reply::json(&ChannelList {
            channels,
            next_token: page.next_token,
        })
    }
}

shape! {
    /// Changes a channel that is not live.
    pub struct UpdateChannel with changes: Changes {
        /// Which.
        arn: String = "arn", CHANNEL_ARN.required();
    }
}

impl Request for UpdateChannel {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = ctx.id_of(&self.arn)?;
        let old = region
            .channels
            .get(id)
            .ok_or_else(|| ApiError::not_found(&self.arn))?;
        let configuration = self.changes.on(&old.configuration);
        let violations = self.changes.violations(&configuration);
        if !violations.is_empty() {
            return Err(ApiError::invalid("UpdateChannel", violations));
        }
        let changed = Channel {
            configuration,
            ..Channel::clone(old)
        };
        for arn in self.changes.references() {
            ctx.check_reference(arn)?;
        }
        if ctx.settings.update_while_live == UpdateWhileLive::Conflict {
            refuse_live(region, &self.arn, id)?;
        }
        let channel = region
            .channels
            .replace(id, changed, ctx.now)
            .ok_or_else(|| ApiError::not_found(&self.arn))?;
        Reply::json(&OneChannel { channel: &channel })
    }
}

shape! {
    /// Deletes a channel that is not live, and its keys.
    pub struct DeleteChannel {
        /// Which.
        arn: String = "arn", CHANNEL_ARN.required();
    }
}

impl Request for DeleteChannel {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = ctx.id_of(&self.arn)?;
        if region.channels.get(id).is_none() {
            return Err(ApiError::not_found(&self.arn));
        }
        refuse_live(region, &self.arn, id)?;
        StreamKey::remove_all_of(region, ctx, &self.arn);
        region.channels.remove(id, ctx.now);
        Ok(Reply::no_content())
    }
}

fn refuse_live(region: &Region, arn: &str, id: &str) -> Result<(), ApiError> {
    match region.streams.get(id) {
        Some(_) => Err(ApiError::conflict(arn, format!("Channel: {arn} is live"))),
        None => Ok(()),
    }
}
