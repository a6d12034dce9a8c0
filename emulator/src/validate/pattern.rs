//! The regular expressions of the two service models, each compiled once, anchored on both ends.
//!
//! Only texts and the compiled form are here; which member has which pattern is in [`super::rules`].

/// A named regular expression that a string member has to match as a whole.
#[derive(Clone, Copy)]
pub struct Pattern {
    /// The text as the service model has it.
    pub text: &'static str,
    test: fn(&str) -> bool,
}

impl Pattern {
    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        (self.test)(value)
    }
}

impl std::fmt::Debug for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text)
    }
}

macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Pattern = {
                use std::sync::LazyLock;
                use regex::Regex;
                static COMPILED: LazyLock<Option<Regex>> =
                    LazyLock::new(|| Regex::new(concat!("^(?:", $text, ")$")).ok());
                fn test(value: &str) -> bool {
                    COMPILED.as_ref().is_some_and(|regex| regex.is_match(value))
                }
                Pattern { text: $text, test }
            };
        )*
        /// Every pattern of this module as it is compiled.
        #[cfg(test)]
        const ALL: &[&str] = &[$(concat!("^(?:", $text, ")$")),*];
    };
}

macro_rules! arn {
    ($service:literal, $kind:literal) => {
        concat!(
            "arn:aws:",
            $service,
            ":[a-z0-9-]+:[0-9]+:",
            $kind,
            "/[a-zA-Z0-9-]+"
        )
    };
}

/// An ARN member that refers to another resource and may be empty, which means "none".
macro_rules! reference {
    ($kind:literal) => {
        concat!("^$|^", arn!("ivs", $kind), "$")
    };
}

patterns! {
    /// Names of all resources of both services.
    NAME = "[a-zA-Z0-9-_]*";
    /// A page token of IVS; chat has no pattern.
    IVS_PAGE_TOKEN = "[a-zA-Z0-9+/=_-]*";
    /// A tag key of IVS; chat has no pattern.
    IVS_TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+";
    /// A tag value of IVS; chat has no pattern.
    IVS_TAG_VALUE = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*";
    /// A channel.
    CHANNEL_ARN = arn!("ivs", "channel");
    /// A stream key.
    STREAM_KEY_ARN = arn!("ivs", "stream-key");
    /// Any resource of IVS. The model's own pattern allows one letter as resource type and so refuses
    /// every real ARN; this is what it must have meant.
    IVS_ARN = arn!("ivs", "[a-z-]+");
    /// Any resource of IVS Chat; same remark.
    CHAT_ARN = arn!("ivschat", "[a-z-]+");
    /// A recording configuration, or none.
    RECORDING_CONFIGURATION = reference!("recording-configuration");
    /// A playback restriction policy, or none.
    PLAYBACK_RESTRICTION_POLICY = reference!("playback-restriction-policy");
    /// An ad configuration, or none.
    AD_CONFIGURATION = reference!("ad-configuration");
    /// A failover slate configuration, or none.
    FAILOVER_SLATE_CONFIGURATION = reference!("failover-slate-configuration");
    /// A chat room.
    ROOM_ARN = arn!("ivschat", "room");
    /// A chat logging configuration.
    LOGGING_CONFIGURATION_ARN = arn!("ivschat", "logging-configuration");
    /// A Lambda function that reviews messages, or none.
    LAMBDA = "$|^arn:aws:lambda:[a-z0-9-]+:[0-9]{12}:function:.+.*";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_patterns_compile() {
        for text in ALL {
            assert!(regex::Regex::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn patterns_are_anchored() {
        for (pattern, value, expected) in [
            (NAME, "", true),
            (NAME, "a-b_C9", true),
            (NAME, "a b", false),
            (NAME, "a.b", false),
            (NAME, "a\n", false),
            (
                CHANNEL_ARN,
                "arn:aws:ivs:eu-west-1:123456789012:channel/Ab12",
                true,
            ),
            (
                CHANNEL_ARN,
                "xarn:aws:ivs:eu-west-1:123456789012:channel/Ab12",
                false,
            ),
            (
                CHANNEL_ARN,
                "arn:aws:ivs:eu-west-1:123456789012:channel/Ab12/",
                false,
            ),
            (
                CHANNEL_ARN,
                "arn:aws:ivs:eu-west-1:123456789012:stream-key/Ab12",
                false,
            ),
            (RECORDING_CONFIGURATION, "", true),
            (RECORDING_CONFIGURATION, "x", false),
            (
                RECORDING_CONFIGURATION,
                "arn:aws:ivs:eu-west-1:1:recording-configuration/A",
                true,
            ),
            (IVS_ARN, "arn:aws:ivs:eu-west-1:1:stream-key/A", true),
            (IVS_ARN, "arn:aws:ivschat:eu-west-1:1:room/A", false),
            (LAMBDA, "", true),
            (
                LAMBDA,
                "arn:aws:lambda:eu-west-1:123456789012:function:review",
                true,
            ),
            (LAMBDA, "arn:aws:lambda:eu-west-1:1:function:review", false),
            (LAMBDA, "review", false),
            (IVS_TAG_KEY, "ivs-operator.dev/uid", true),
            (IVS_TAG_KEY, "tiếng việt", true),
            (IVS_TAG_KEY, "a#b", false),
            (IVS_TAG_KEY, "", false),
        ] {
            assert_eq!(pattern.matches(value), expected, "{pattern:?} on {value:?}");
        }
    }
}
