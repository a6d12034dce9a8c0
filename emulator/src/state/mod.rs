//! What the emulator knows: per region the channels, keys, streams, rooms and chat tokens of the one account.
//!
//! State is plain data behind one lock, changed by the requests of `ivs`, `chat` and `tags`; nothing here waits.
//! Tables are in [`table`], pages in [`page`], names in [`ids`].

pub mod ids;
pub mod page;
pub mod table;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::chat::rooms::Room;
use crate::chat::tokens::ChatTokens;
use crate::error::ApiError;
use crate::ivs::channels::Channel;
use crate::ivs::stream_keys::StreamKey;
use crate::ivs::streams::{Encoders, Stream};
use crate::operation::Service;
use crate::settings::{References, Settings};
use page::Pager;
use table::{Id, Table};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// What surrounds a request.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// Now.
    pub now: Timestamp,
    /// The region that the request was signed for.
    pub region: &'a str,
    /// The account, the same for all callers.
    pub account: &'a str,
    /// Where clients reach this server.
    pub public_url: &'a str,
    /// How it behaves at the moment.
    pub settings: &'a Settings,
    /// How it cuts pages at the moment.
    pub pager: Pager<'a>,
}

impl Ctx<'_> {
    /// An ARN of this account and region.
    pub fn arn(&self, service: Service, kind: &str, id: &str) -> String {
        format!(
            "arn:aws:{}:{}:{}:{kind}/{id}",
            service.name(),
            self.region,
            self.account
        )
    }

    /// The id in an ARN of this account and region. What belongs to another is not found (A17).
    pub fn id_of<'a>(&self, arn: &'a str) -> Result<&'a str, ApiError> {
        self.kind_and_id(arn).map(|(_, id)| id)
    }

    /// Type and id in an ARN of this account and region.
    pub fn kind_and_id<'a>(&self, arn: &'a str) -> Result<(&'a str, &'a str), ApiError> {
        let mut parts = arn.splitn(6, ':').skip(3);
        match (
            parts.next(),
            parts.next(),
            parts.next().and_then(|resource| resource.split_once('/')),
        ) {
            (Some(region), Some(account), Some(resource))
                if region == self.region && account == self.account =>
            {
                Ok(resource)
            }
            _ => Err(ApiError::not_found(arn)),
        }
    }

    /// Refuses references to resources of families that this version does not have, unless told otherwise.
    pub fn check_reference(&self, arn: &str) -> Result<(), ApiError> {
        if arn.is_empty() || self.settings.references == References::Accept {
            return Ok(());
        }
        Err(ApiError::not_found(arn))
    }

    /// How old the truth is that Get* operations show.
    pub fn read_lag(&self) -> SignedDuration {
        milliseconds(self.settings.read_after_write_lag_ms)
    }

    /// How old the truth is that List* operations show.
    pub fn list_lag(&self) -> SignedDuration {
        milliseconds(self.settings.list_lag_ms)
    }

    /// How long a stream goes on after `StopStream`.
    pub fn stop_delay(&self) -> SignedDuration {
        milliseconds(self.settings.stop_delay_ms)
    }
}

fn milliseconds(count: u32) -> SignedDuration {
    SignedDuration::from_millis(i64::from(count))
}

/// What one region has.
#[derive(Debug, Default)]
pub struct Region {
    /// Channels.
    pub channels: Table<Channel>,
    /// Stream keys.
    pub stream_keys: Table<StreamKey>,
    /// Live streams, by channel id.
    pub streams: Table<Stream>,
    /// When streams end and pretended encoders come back.
    pub encoders: Encoders,
    /// Chat rooms.
    pub rooms: Table<Room>,
    /// Chat tokens that may still be used, and notes about those minted.
    pub chat_tokens: ChatTokens,
}

impl Region {
    /// Lets happen what was due by now.
    pub fn advance(&mut self, now: Timestamp) {
        self.chat_tokens.forget_expired(now);
        Encoders::advance(self, now);
    }
}

/// What the account has.
#[derive(Debug, Default)]
pub struct State {
    regions: BTreeMap<String, Region>,
}

impl State {
    /// A region as it is by now.
    pub fn region(&mut self, name: &str, now: Timestamp) -> &mut Region {
        if !self.regions.contains_key(name) {
            self.regions.insert(name.to_owned(), Region::default());
        }
        let region = self.regions.entry(name.to_owned()).or_default();
        region.advance(now);
        region
    }

    /// All regions as they are by now.
    pub fn regions(&mut self, now: Timestamp) -> impl Iterator<Item = (&str, &mut Region)> {
        self.regions.iter_mut().map(move |(name, region)| {
            region.advance(now);
            (name.as_str(), region)
        })
    }
}

/// Writes a time as AWS does: UTC, milliseconds.
pub fn iso8601<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{time:.3}"))
}

/// A time that serialises as AWS writes it.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub struct Time(#[serde(serialize_with = "iso8601")] pub Timestamp);

/// A new id as it stands in ARNs.
pub fn new_id() -> Id {
    Id::from(ids::alphanumeric(12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        let time = Time("2026-01-02T03:04:05.5Z".parse().unwrap());
        assert_eq!(
            serde_json::to_string(&time).unwrap(),
            "\"2026-01-02T03:04:05.500Z\""
        );
    }

    #[test]
    fn arns_of_others_are_not_found() {
        let settings = Settings::default();
        let ctx = Ctx {
            now: Timestamp::UNIX_EPOCH,
            region: "eu-west-1",
            account: "123456789012",
            public_url: "http://localhost:4570",
            settings: &settings,
            pager: Pager {
                secret: b"",
                shrink: 0.0,
            },
        };
        let own = ctx.arn(Service::Ivs, "channel", "Ab12");
        assert_eq!(ctx.kind_and_id(&own).unwrap(), ("channel", "Ab12"));
        for other in [
            own.replace("eu-west-1", "us-east-1"),
            own.replace("123456789012", "1"),
            "x".into(),
        ] {
            assert!(ctx.id_of(&other).is_err(), "{other}");
        }
    }
}
