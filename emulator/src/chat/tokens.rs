//! Chat tokens: minting, and the records that let a token be used once within its minute.
//!
//! The WebSocket that takes them is still to come. A token itself leaves this module only in the answer that mints
//! it; administration sees who got one for which room.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::error::ApiError;
use crate::operation::{Reply, Request};
use crate::state::{Ctx, Region, Time, ids, iso8601};
use crate::validate::rules::{ROOM_ARN, integer, list, text};
use crate::validate::{Kind, Rule, Violation, choice, shape};

/// How long a token may wait for its connection.
const TIME_TO_CONNECT: SignedDuration = SignedDuration::from_secs(60);
/// All attributes together, keys and values in bytes.
const MAX_ATTRIBUTES: usize = 1024;
/// How many notes about minted tokens are kept.
const NOTES: usize = 1_000;

choice! {
    /// What a user may do in the room besides reading.
    pub enum Capability {
        SendMessage = "SEND_MESSAGE",
        DisconnectUser = "DISCONNECT_USER",
        DeleteMessage = "DELETE_MESSAGE",
    }
}

/// What may be known about a token.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Minted {
    room_arn: String,
    user_id: String,
    capabilities: Vec<Capability>,
    attributes: BTreeMap<String, String>,
    #[serde(serialize_with = "iso8601")]
    create_time: Timestamp,
    #[serde(serialize_with = "iso8601")]
    token_expiration_time: Timestamp,
    #[serde(serialize_with = "iso8601")]
    session_expiration_time: Timestamp,
}

/// Tokens that may still be used, and notes about those minted.
#[derive(Debug, Default)]
pub struct ChatTokens {
    unused: HashMap<String, Minted>,
    by_age: VecDeque<(Timestamp, String)>,
    notes: VecDeque<Minted>,
}

impl ChatTokens {
    fn mint(&mut self, minted: Minted) -> String {
        let token = ids::chat_token();
        self.by_age
            .push_back((minted.token_expiration_time, token.clone()));
        self.unused.insert(token.clone(), minted.clone());
        self.notes.push_back(minted);
        if self.notes.len() > NOTES {
            self.notes.pop_front();
        }
        token
    }

    /// Drops tokens that nobody used in time.
    pub fn forget_expired(&mut self, now: Timestamp) {
        while self.by_age.front().is_some_and(|(expires, _)| *expires <= now) {
            if let Some((_, token)) = self.by_age.pop_front() {
                self.unused.remove(&token);
            }
        }
    }

    /// Drops the tokens for a room that is gone.
    pub fn forget_room(&mut self, arn: &str) {
        self.unused.retain(|_, minted| minted.room_arn != arn);
    }

    /// The last tokens minted, oldest first.
    pub fn notes(&self) -> impl Iterator<Item = &Minted> {
        self.notes.iter()
    }
}

shape! {
    /// Mints a token for one connection to a room.
    pub struct CreateChatToken {
        /// The room's ARN.
        room: String = "roomIdentifier", ROOM_ARN.required();
        /// Who; visible to everybody in the room.
        user_id: String = "userId", text(1, 128).required();
        /// None by default: reading only.
        capabilities: Option<Vec<Capability>> = "capabilities", list(0, usize::MAX, &Capability::RULE);
        /// How long the connection may last.
        minutes: Option<i64> = "sessionDurationInMinutes", integer(1, 180);
        /// Shown with each message of the user.
        attributes: Option<BTreeMap<String, String>> = "attributes", ATTRIBUTES;
    }
}

const ANY_TEXT: Rule = text(0, usize::MAX);
const ATTRIBUTES: Rule = Rule::new(Kind::Map {
    max: usize::MAX,
    key: &ANY_TEXT,
    value: &ANY_TEXT,
});

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatToken {
    token: String,
    token_expiration_time: Time,
    session_expiration_time: Time,
}

impl Request for CreateChatToken {
    fn check(&self) -> Vec<Violation> {
        let size: usize = self
            .attributes
            .iter()
            .flatten()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        if size > MAX_ATTRIBUTES {
            let message = format!("must have at most {MAX_ATTRIBUTES} bytes in total, has {size}");
            return vec![Violation::combination("attributes", message)];
        }
        Vec::new()
    }

    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        if region.rooms.get(ctx.id_of(&self.room)?).is_none() {
            return Err(ApiError::not_found(&self.room));
        }
        let minted = Minted {
            room_arn: self.room,
            user_id: self.user_id,
            capabilities: self.capabilities.unwrap_or_default(),
            attributes: self.attributes.unwrap_or_default(),
            create_time: ctx.now,
            token_expiration_time: ctx.now + TIME_TO_CONNECT,
            session_expiration_time: ctx.now + SignedDuration::from_mins(self.minutes.unwrap_or(60)),
        };
        let answer = ChatToken {
            token: region.chat_tokens.mint(minted.clone()),
            token_expiration_time: Time(minted.token_expiration_time),
            session_expiration_time: Time(minted.session_expiration_time),
        };
        Ok(Reply {
            minted: Some(minted),
            ..Reply::json(&answer)?
        })
    }
}
