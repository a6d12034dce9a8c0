//! The document of `GET /_emulator/state`: everything there is, as it is, without lag and without hiding.
//!
//! Only chat tokens are left out; who got one is in.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::state::{Region, State};

/// Everything there is.
pub fn document(account: &str, state: &mut State, now: Timestamp) -> Value {
    let (mut channels, mut rooms, mut streams, mut tokens) = (vec![], vec![], vec![], vec![]);
    for (name, region) in state.regions(now) {
        channels.extend(channels_of(name, region));
        rooms.extend(
            region
                .rooms
                .truth()
                .rows()
                .map(|(_, room)| with(&**room, [("region", name.into())])),
        );
        streams.extend(
            region
                .streams
                .truth()
                .rows()
                .map(|(_, stream)| with(&**stream, [("region", name.into())])),
        );
        tokens.extend(
            region
                .chat_tokens
                .notes()
                .map(|note| with(note, [("region", name.into())])),
        );
    }
    json!({
        "account": account,
        "channels": channels,
        "rooms": rooms,
        "streams": streams,
        "chatTokens": tokens,
    })
}

fn channels_of(name: &str, region: &Region) -> Vec<Value> {
    let mut keys: HashMap<&str, Vec<Value>> = HashMap::new();
    for (_, key) in region.stream_keys.truth().rows() {
        keys.entry(&key.channel_arn).or_default().push(with(&**key, []));
    }
    region
        .channels
        .truth()
        .rows()
        .map(|(_, channel)| {
            let id = channel.arn.rsplit('/').next().unwrap_or_default();
            let more = [
                ("region", name.into()),
                ("live", region.streams.get(id).is_some().into()),
                (
                    "streamKeys",
                    keys.remove(channel.arn.as_str()).unwrap_or_default().into(),
                ),
            ];
            with(&**channel, more)
        })
        .collect()
}

fn with<const N: usize>(row: &impl Serialize, more: [(&str, Value); N]) -> Value {
    let mut document = serde_json::to_value(row).unwrap_or_default();
    for (name, value) in more {
        document[name] = value;
    }
    document
}
