//! Live streams: the resource, its three operations, and the encoders that administration pretends.
//!
//! Real ingest will start and end streams through the same functions. Sessions and their history are still to come.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::channels;
use super::stream_keys::StreamKey;
use crate::error::ApiError;
use crate::operation::{Reply, Request};
use crate::state::page::{Direction, PageRequest};
use crate::state::table::Id;
use crate::state::{Ctx, Region, ids, iso8601};
use crate::validate::rules::{CHANNEL_ARN, IVS_PAGE_TOKEN, integer};
use crate::validate::{Kind, Rule, choice, shape};

choice! {
    /// Whether enough data arrives.
    pub enum Health { Healthy = "HEALTHY", Starving = "STARVING", Unknown = "UNKNOWN" }
}

/// State of a stream; LIVE in practice. No request has a member of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StreamState {
    /// It is on.
    Live,
    /// What AWS may say instead of nothing.
    Offline,
}

/// A live stream as it is stored and as the service writes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stream {
    #[serde(flatten)]
    summary: StreamSummary,
    playback_url: String,
    /// Whether the encoder comes back by itself, and with which key.
    #[serde(skip)]
    reconnects_with: Option<String>,
}

/// A stream in a list.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamSummary {
    channel_arn: String,
    stream_id: String,
    state: StreamState,
    health: Health,
    viewer_count: i64,
    #[serde(serialize_with = "iso8601")]
    start_time: Timestamp,
}

/// What `PUT /_emulator/streams/{channelId}` asks for. Absent members stay, or are those of a healthy stream.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pretend {
    state: Option<StreamState>,
    health: Option<Health>,
    viewer_count: Option<i64>,
    start_time: Option<Timestamp>,
    /// Whether the encoder comes back after `StopStream`, as real ones do, as long as its key exists.
    reconnect: Option<bool>,
}

impl Stream {
    /// Starts a stream, or changes the one that runs. Answers nothing if there is no such channel.
    pub fn pretend(region: &mut Region, channel_id: &str, wish: &Pretend, now: Timestamp) -> Option<Self> {
        let channel = region.channels.get(channel_id)?;
        let key = StreamKey::all_of(region, &channel.arn)
            .next()
            .map(|key| key.arn.clone());
        let running = region.streams.get(channel_id).map(|stream| Self::clone(stream));
        let is_new = running.is_none();
        let mut stream = running.unwrap_or_else(|| Self {
            summary: StreamSummary {
                channel_arn: channel.arn.clone(),
                stream_id: ids::stream_id(),
                state: StreamState::Live,
                health: Health::Healthy,
                viewer_count: 0,
                start_time: now,
            },
            playback_url: channel.playback_url.clone(),
            reconnects_with: None,
        });
        let summary = &mut stream.summary;
        summary.state = wish.state.unwrap_or(summary.state);
        summary.health = wish.health.unwrap_or(summary.health);
        summary.viewer_count = wish.viewer_count.unwrap_or(summary.viewer_count);
        summary.start_time = wish.start_time.unwrap_or(summary.start_time);
        match wish.reconnect {
            Some(true) => stream.reconnects_with = key,
            Some(false) => stream.reconnects_with = None,
            None => {}
        }
        if is_new {
            region.streams.insert(Id::from(channel_id), stream.clone(), now);
        } else {
            region.streams.replace(channel_id, stream.clone(), now);
        }
        Some(stream)
    }

    /// Ends a stream at once.
    pub fn end(region: &mut Region, channel_id: &str, now: Timestamp) -> bool {
        region
            .encoders
            .due
            .retain(|event| event.channel_id.as_ref() != channel_id);
        region.streams.remove(channel_id, now).is_some()
    }
}

/// What is going to happen to streams, and when.
#[derive(Debug, Default)]
pub struct Encoders {
    due: Vec<Due>,
}

#[derive(Debug)]
struct Due {
    at: Timestamp,
    channel_id: Id,
    event: Event,
}

#[derive(Debug)]
enum Event {
    /// The stream ends; the encoder may come back after that time.
    End { back_after: SignedDuration },
    /// The encoder publishes again.
    Start { stream: Box<Stream> },
}

impl Encoders {
    fn stop(&mut self, channel_id: &str, at: Timestamp, back_after: SignedDuration) {
        if self
            .due
            .iter()
            .all(|event| event.channel_id.as_ref() != channel_id)
        {
            self.due.push(Due {
                at,
                channel_id: Id::from(channel_id),
                event: Event::End { back_after },
            });
        }
    }

    /// Lets happen what was due by now, in order.
    pub fn advance(region: &mut Region, now: Timestamp) {
        while let Some(next) = region
            .encoders
            .due
            .iter()
            .enumerate()
            .filter(|(_, event)| event.at <= now)
            .min_by_key(|(_, event)| event.at)
            .map(|(index, _)| index)
        {
            let Due {
                at,
                channel_id,
                event,
            } = region.encoders.due.swap_remove(next);
            match event {
                Event::End { back_after } => {
                    if let Some(stream) = region.streams.remove(&channel_id, at)
                        && stream.reconnects_with.is_some()
                    {
                        let event = Event::Start {
                            stream: Box::new(Stream::clone(&stream)),
                        };
                        region.encoders.due.push(Due {
                            at: at + back_after,
                            channel_id,
                            event,
                        });
                    }
                }
                Event::Start { mut stream } => {
                    let arn = &stream.summary.channel_arn;
                    let key = StreamKey::all_of(region, arn).next().map(|key| key.arn.clone());
                    if key.is_some()
                        && key == stream.reconnects_with
                        && region.streams.get(&channel_id).is_none()
                    {
                        stream.summary.stream_id = ids::stream_id();
                        stream.summary.start_time = at;
                        region.streams.insert(channel_id, *stream, at);
                    }
                }
            }
        }
    }
}

#[derive(Serialize)]
struct OneStream<'a> {
    stream: &'a Stream,
}

shape! {
    /// Reads the stream of a channel, if it is live.
    pub struct GetStream {
        /// Of which channel.
        channel_arn: String = "channelArn", CHANNEL_ARN.required();
    }
}

impl Request for GetStream {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        channels::read(region, ctx, &self.channel_arn)?;
        let id = ctx.id_of(&self.channel_arn)?;
        let stream = region
            .streams
            .read(id, ctx.now, ctx.read_lag())
            .ok_or_else(|| ApiError::not_broadcasting(&self.channel_arn))?;
        Reply::json(&OneStream { stream })
    }
}

shape! {
    /// What streams to list.
    pub struct StreamFilters {
        /// Of this health only.
        health: Option<Health> = "health", Health::RULE;
    }
}

shape! {
    /// Lists live streams.
    pub struct ListStreams {
        /// The only filter there is.
        filter_by: Option<StreamFilters> = "filterBy", Rule::new(Kind::Object(StreamFilters::FIELDS));
        /// Where to go on.
        next_token: Option<String> = "nextToken", IVS_PAGE_TOKEN;
        /// How many.
        max_results: Option<usize> = "maxResults", integer(1, 100);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamList<'a> {
    streams: Vec<&'a StreamSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Request for ListStreams {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let health = self.filter_by.and_then(|filter| filter.health);
        let request = PageRequest {
            binding: format!("ListStreams {health:?}"),
            token: self.next_token.as_deref().unwrap_or_default(),
            size: self.max_results.unwrap_or(100),
            direction: Direction::Forward,
        };
        let rows = region.streams.listed(ctx.now, ctx.list_lag());
        let page = ctx.pager.cut(rows, &request, |stream| {
            health.is_none_or(|health| stream.summary.health == health)
        })?;
        let streams = page.rows.iter().map(|stream| &stream.summary).collect();
        Reply::json(&StreamList {
            streams,
            next_token: page.next_token,
        })
    }
}

shape! {
    /// Disconnects the encoder. The stream ends a while later (A16).
    pub struct StopStream {
        /// Of which channel.
        channel_arn: String = "channelArn", CHANNEL_ARN.required();
    }
}

impl Request for StopStream {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let arn = &self.channel_arn;
        let id = ctx.id_of(arn)?;
        if region.channels.get(id).is_none() {
            return Err(ApiError::not_found(arn));
        }
        if region.streams.get(id).is_none() {
            return Err(ApiError::not_broadcasting(arn));
        }
        let back_after = SignedDuration::from_millis(i64::from(ctx.settings.reconnect_delay_ms));
        region.encoders.stop(id, ctx.now + ctx.stop_delay(), back_after);
        Ok(Reply::empty_object())
    }
}
