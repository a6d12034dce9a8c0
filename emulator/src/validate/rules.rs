//! The limits that several operations share, each once. A limit that only one member has is written at it.
//!
//! Types and the check are in [`super`], patterns in [`super::pattern`].

use super::pattern::{self, Pattern};
use super::{Kind, Rule};

/// Largest number of tags on a resource.
pub const MAX_TAGS: usize = 50;

/// A string with a length and without a pattern.
pub const fn text(min: usize, max: usize) -> Rule {
    Rule::new(Kind::Text {
        min,
        max,
        pattern: None,
    })
}

/// A string with a length and a pattern.
pub const fn matching(min: usize, max: usize, pattern: Pattern) -> Rule {
    Rule::new(Kind::Text {
        min,
        max,
        pattern: Some(pattern),
    })
}

/// A whole number.
pub const fn integer(min: i64, max: i64) -> Rule {
    Rule::new(Kind::Integer { min, max })
}

/// A list.
pub const fn list(min: usize, max: usize, item: &'static Rule) -> Rule {
    Rule::new(Kind::List { min, max, item })
}

/// The ARN that says which resource an operation is about.
const fn arn(pattern: Pattern) -> Rule {
    matching(1, 128, pattern)
}

/// The ARN of a resource that a channel makes use of; empty means none.
const fn reference(pattern: Pattern) -> Rule {
    matching(0, 128, pattern)
}

/// `true` or `false`.
pub const BOOLEAN: Rule = Rule::new(Kind::Boolean);
/// The name of any resource.
pub const NAME: Rule = matching(0, 128, pattern::NAME);

/// Page token of IVS.
pub const IVS_PAGE_TOKEN: Rule = matching(0, 1024, pattern::IVS_PAGE_TOKEN);
/// Page token of IVS Chat.
pub const CHAT_PAGE_TOKEN: Rule = text(0, 1024);

/// A channel.
pub const CHANNEL_ARN: Rule = arn(pattern::CHANNEL_ARN);
/// A stream key.
pub const STREAM_KEY_ARN: Rule = arn(pattern::STREAM_KEY_ARN);
/// A chat room.
pub const ROOM_ARN: Rule = arn(pattern::ROOM_ARN);
/// A chat logging configuration.
pub const LOGGING_CONFIGURATION_ARN: Rule = arn(pattern::LOGGING_CONFIGURATION_ARN);
/// Any resource of IVS.
pub const IVS_ARN: Rule = arn(pattern::IVS_ARN);
/// Any resource of IVS Chat.
pub const CHAT_ARN: Rule = arn(pattern::CHAT_ARN);

/// The recording configuration of a channel.
pub const RECORDING_CONFIGURATION: Rule = reference(pattern::RECORDING_CONFIGURATION);
/// The playback restriction policy of a channel.
pub const PLAYBACK_RESTRICTION_POLICY: Rule = reference(pattern::PLAYBACK_RESTRICTION_POLICY);
/// The ad configuration of a channel.
pub const AD_CONFIGURATION: Rule = reference(pattern::AD_CONFIGURATION);
/// The failover slate configuration of a channel.
pub const FAILOVER_SLATE_CONFIGURATION: Rule = reference(pattern::FAILOVER_SLATE_CONFIGURATION);

/// A Lambda function that reviews messages; empty means none.
pub const LAMBDA: Rule = matching(0, 170, pattern::LAMBDA);

const IVS_TAG_KEY: Rule = matching(1, 128, pattern::IVS_TAG_KEY);
const IVS_TAG_VALUE: Rule = matching(0, 256, pattern::IVS_TAG_VALUE);
const CHAT_TAG_KEY: Rule = text(1, 128);
const CHAT_TAG_VALUE: Rule = text(0, 256);

/// Tags of IVS resources.
pub const IVS_TAGS: Rule = Rule::new(Kind::Map {
    max: MAX_TAGS,
    key: &IVS_TAG_KEY,
    value: &IVS_TAG_VALUE,
});
/// Tags of IVS Chat resources.
pub const CHAT_TAGS: Rule = Rule::new(Kind::Map {
    max: MAX_TAGS,
    key: &CHAT_TAG_KEY,
    value: &CHAT_TAG_VALUE,
});
/// Keys of tags to remove, IVS.
pub const IVS_TAG_KEYS: Rule = list(0, MAX_TAGS, &IVS_TAG_KEY);
/// Keys of tags to remove, IVS Chat.
pub const CHAT_TAG_KEYS: Rule = list(0, MAX_TAGS, &CHAT_TAG_KEY);
