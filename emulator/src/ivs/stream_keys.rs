//! Stream keys: the resource and its five operations. A channel has one key or none.
//!
//! What publishing with a key does is in [`super::streams`].

use std::sync::Arc;

use serde::Serialize;

use super::{BatchError, batch, channels};
use crate::error::ApiError;
use crate::operation::{Reply, Request, Service};
use crate::state::page::{Direction, PageRequest};
use crate::state::{Ctx, Region, Tags, ids, new_id};
use crate::tags::{Tagged, reserved_keys};
use crate::validate::rules::{CHANNEL_ARN, IVS_PAGE_TOKEN, IVS_TAGS, STREAM_KEY_ARN, integer, list};
use crate::validate::{Violation, shape};

/// The quota of keys per channel, which AWS does not raise.
const KEYS_PER_CHANNEL: u64 = 1;

/// A stream key as it is stored and as the service writes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamKey {
    /// Names it.
    pub arn: String,
    /// The secret.
    pub value: String,
    /// Whose it is.
    pub channel_arn: String,
    /// Tags.
    pub tags: Tags,
}

/// A key in a list, without its secret.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamKeySummary<'a> {
    arn: &'a str,
    channel_arn: &'a str,
    tags: &'a Tags,
}

impl Tagged for StreamKey {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.tags
    }
}

impl StreamKey {
    /// Adds a key to a channel.
    pub fn create(region: &mut Region, ctx: &Ctx<'_>, channel_arn: &str, tags: Tags) -> Arc<Self> {
        let id = new_id();
        let key = Self {
            arn: ctx.arn(Service::Ivs, "stream-key", &id),
            value: format!("sk_{}_{id}_{}", ctx.region, ids::alphanumeric(30)),
            channel_arn: channel_arn.to_owned(),
            tags,
        };
        region.stream_keys.insert(id, key, ctx.now)
    }

    /// Removes a channel's keys.
    pub fn remove_all_of(region: &mut Region, ctx: &Ctx<'_>, channel_arn: &str) {
        let arns: Vec<String> = Self::all_of(region, channel_arn)
            .map(|key| key.arn.clone())
            .collect();
        for id in arns.iter().filter_map(|arn| ctx.id_of(arn).ok()) {
            region.stream_keys.remove(id, ctx.now);
        }
    }

    /// A channel's keys.
    pub fn all_of<'a>(region: &'a Region, channel_arn: &'a str) -> impl Iterator<Item = &'a Arc<Self>> {
        region
            .stream_keys
            .truth()
            .rows()
            .map(|(_, key)| key)
            .filter(move |key| key.channel_arn == channel_arn)
    }
}

/// An answer that is one key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneStreamKey<'a> {
    stream_key: &'a StreamKey,
}

shape! {
    /// Gives a channel without a key a new one.
    pub struct CreateStreamKey {
        /// To whom.
        channel_arn: String = "channelArn", CHANNEL_ARN.required();
        /// Tags.
        tags: Option<Tags> = "tags", IVS_TAGS;
    }
}

impl Request for CreateStreamKey {
    fn check(&self) -> Vec<Violation> {
        self.tags
            .as_ref()
            .and_then(|tags| reserved_keys(tags.keys()))
            .into_iter()
            .collect()
    }

    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let arn = &self.channel_arn;
        if region.channels.get(ctx.id_of(arn)?).is_none() {
            return Err(ApiError::not_found(arn));
        }
        if StreamKey::all_of(region, arn).count() as u64 >= KEYS_PER_CHANNEL {
            let message = format!("Number of stream keys of {arn} exceeds the quota of {KEYS_PER_CHANNEL}");
            return Err(ApiError::quota(arn, KEYS_PER_CHANNEL, message));
        }
        let key = StreamKey::create(region, ctx, arn, self.tags.unwrap_or_default());
        Ok(Reply::json(&OneStreamKey { stream_key: &key })?.creating(&key.arn))
    }
}

fn read<'a>(region: &'a mut Region, ctx: &Ctx<'_>, arn: &str) -> Result<&'a StreamKey, ApiError> {
    let id = ctx.id_of(arn)?;
    region
        .stream_keys
        .read(id, ctx.now, ctx.read_lag())
        .map(AsRef::as_ref)
        .ok_or_else(|| ApiError::not_found(arn))
}

shape! {
    /// Reads a key, secret included.
    pub struct GetStreamKey {
        /// Which.
        arn: String = "arn", STREAM_KEY_ARN.required();
    }
}

impl Request for GetStreamKey {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        Reply::json(&OneStreamKey {
            stream_key: read(region, ctx, &self.arn)?,
        })
    }
}

shape! {
    /// Reads up to 50 keys, secrets included.
    pub struct BatchGetStreamKey {
        /// Which.
        arns: Vec<String> = "arns", list(1, 50, &STREAM_KEY_ARN).required();
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamKeys {
    stream_keys: Vec<StreamKey>,
    errors: Vec<BatchError>,
}

impl Request for BatchGetStreamKey {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let (stream_keys, errors) = batch(&self.arns, |arn| read(region, ctx, arn).cloned());
        Reply::json(&StreamKeys { stream_keys, errors })
    }
}

shape! {
    /// Lists a channel's keys.
    pub struct ListStreamKeys {
        /// Whose.
        channel_arn: String = "channelArn", CHANNEL_ARN.required();
        /// Where to go on.
        next_token: Option<String> = "nextToken", IVS_PAGE_TOKEN;
        /// How many. One by default, which is all there can be.
        max_results: Option<usize> = "maxResults", integer(1, 50);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamKeyList<'a> {
    stream_keys: Vec<StreamKeySummary<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Request for ListStreamKeys {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let arn = &self.channel_arn;
        channels::read(region, ctx, arn)?;
        let request = PageRequest {
            binding: format!("ListStreamKeys {arn}"),
            token: self.next_token.as_deref().unwrap_or_default(),
            size: self.max_results.unwrap_or(1),
            direction: Direction::Forward,
        };
        let rows = region.stream_keys.listed(ctx.now, ctx.list_lag());
        let page = ctx.pager.cut(rows, &request, |key| key.channel_arn == *arn)?;
        let stream_keys = page
            .rows
            .iter()
            .map(|key| StreamKeySummary {
                arn: &key.arn,
                channel_arn: &key.channel_arn,
                tags: &key.tags,
            })
            .collect();
        Reply::json(&StreamKeyList {
            stream_keys,
            next_token: page.next_token,
        })
    }
}

shape! {
    /// Deletes a key. A stream that runs with it goes on (A15).
    pub struct DeleteStreamKey {
        /// Which.
        arn: String = "arn", STREAM_KEY_ARN.required();
    }
}

impl Request for DeleteStreamKey {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = ctx.id_of(&self.arn)?;
        region
            .stream_keys
            .remove(id, ctx.now)
            .ok_or_else(|| ApiError::not_found(&self.arn))?;
        Ok(Reply::no_content())
    }
}
