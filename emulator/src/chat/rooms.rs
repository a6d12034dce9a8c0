//! Chat rooms: the resource and its five operations.
//!
//! Who may enter a room is in [`super::tokens`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::operation::{Reply, Request, Service};
use crate::state::page::{Direction, PageRequest};
use crate::state::{Ctx, Region, Tags, iso8601, new_id};
use crate::tags::{Tagged, reserved_keys};
use crate::validate::rules::{
    CHAT_PAGE_TOKEN, CHAT_TAGS, LAMBDA, LOGGING_CONFIGURATION_ARN, NAME, ROOM_ARN, integer, list,
};
use crate::validate::{Kind, Rule, Violation, choice, shape};

/// A room as it is stored and as the service writes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    #[serde(flatten)]
    summary: RoomSummary,
    maximum_message_rate_per_second: u32,
    maximum_message_length: u32,
}

/// A room in a list: without the two limits.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomSummary {
    arn: String,
    id: String,
    name: String,
    #[serde(serialize_with = "iso8601")]
    create_time: Timestamp,
    #[serde(serialize_with = "iso8601")]
    update_time: Timestamp,
    /// Absent when there is none (A47).
    #[serde(skip_serializing_if = "Option::is_none")]
    message_review_handler: Option<ReviewHandler>,
    logging_configuration_identifiers: Vec<String>,
    tags: Tags,
}

choice! {
    /// What happens to a message when its review fails.
    pub enum Fallback { Allow = "ALLOW", Deny = "DENY" }
}

/// Who reviews messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewHandler {
    uri: String,
    fallback_result: Fallback,
}

impl Tagged for Room {
    fn tags(&self) -> &Tags {
        &self.summary.tags
    }

    fn tags_mut(&mut self) -> &mut Tags {
        &mut self.summary.tags
    }
}

shape! {
    /// The review handler in a request.
    pub struct ReviewHandlerChanges {
        /// Lambda function; empty is none.
        uri: Option<String> = "uri", LAMBDA;
        /// When the review fails.
        fallback_result: Option<Fallback> = "fallbackResult", Fallback::RULE;
    }
}

shape! {
    /// The members that `CreateRoom` and `UpdateRoom` share. What is absent stays as it is (A13).
    pub struct Changes {
        /// Not unique, may be empty.
        name: Option<String> = "name", NAME;
        /// Over all users of the room.
        rate: Option<u32> = "maximumMessageRatePerSecond", integer(1, 100);
        /// In characters.
        length: Option<u32> = "maximumMessageLength", integer(1, 500);
        /// Who reviews messages.
        handler: Option<ReviewHandlerChanges> =
            "messageReviewHandler", Rule::new(Kind::Object(ReviewHandlerChanges::FIELDS));
        /// Where messages are logged; an empty list is nowhere.
        logging: Option<Vec<String>> =
            "loggingConfigurationIdentifiers", list(0, 3, &LOGGING_CONFIGURATION_ARN);
    }
}

impl Changes {
    fn apply_to(self, room: &mut Room, ctx: &Ctx<'_>) -> Result<(), ApiError> {
        for arn in self.logging.iter().flatten() {
            ctx.check_reference(arn)?;
        }
        let summary = &mut room.summary;
        if let Some(name) = self.name {
            summary.name = name;
        }
        if let Some(handler) = self.handler {
            let old = summary.message_review_handler.take();
            let uri = handler
                .uri
                .or_else(|| old.as_ref().map(|old| old.uri.clone()))
                .unwrap_or_default();
            let fallback_result = handler
                .fallback_result
                .or_else(|| old.as_ref().map(|old| old.fallback_result))
                .unwrap_or_default();
            summary.message_review_handler =
                (!uri.is_empty()).then_some(ReviewHandler { uri, fallback_result });
        }
        if let Some(logging) = self.logging {
            summary.logging_configuration_identifiers = logging;
        }
        room.maximum_message_rate_per_second = self.rate.unwrap_or(room.maximum_message_rate_per_second);
        room.maximum_message_length = self.length.unwrap_or(room.maximum_message_length);
        summary.update_time = ctx.now;
        Ok(())
    }
}

shape! {
    /// Makes a room.
    pub struct CreateRoom with changes: Changes {
        /// Tags.
        tags: Option<Tags> = "tags", CHAT_TAGS;
    }
}

impl Request for CreateRoom {
    fn check(&self) -> Vec<Violation> {
        self.tags
            .as_ref()
            .and_then(|tags| reserved_keys(tags.keys()))
            .into_iter()
            .collect()
    }

    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = new_id();
        let mut room = Room {
            summary: RoomSummary {
                arn: ctx.arn(Service::Chat, "room", &id),
                id: id.to_string(),
                name: String::new(),
                create_time: ctx.now,
                update_time: ctx.now,
                message_review_handler: None,
                logging_configuration_identifiers: Vec::new(),
                tags: self.tags.unwrap_or_default(),
            },
            maximum_message_rate_per_second: 10,
            maximum_message_length: 500,
        };
        self.changes.apply_to(&mut room, ctx)?;
        let quotas = &ctx.settings.quotas;
        if quotas.resources && region.rooms.truth().count() as u64 >= quotas.rooms {
            let any = ctx.arn(Service::Chat, "room", "*");
            let message = format!("Number of rooms exceeds the quota of {}", quotas.rooms);
            return Err(ApiError::quota(&any, quotas.rooms, message));
        }
        let room = region.rooms.insert(id, room, ctx.now);
        Ok(Reply::json(&*room)?.creating(&room.summary.arn))
    }
}

shape! {
    /// Reads a room.
    pub struct GetRoom {
        /// Its ARN; the bare id is refused.
        identifier: String = "identifier", ROOM_ARN.required();
    }
}

impl Request for GetRoom {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = ctx.id_of(&self.identifier)?;
        let room = region
            .rooms
            .read(id, ctx.now, ctx.read_lag())
            .ok_or_else(|| ApiError::not_found(&self.identifier))?;
        Reply::json(&**room)
    }
}

shape! {
    /// Lists rooms, the last updated first. Several filters mean all of them (A6).
    pub struct ListRooms {
        /// The whole name; empty is no filter (A5).
        name: Option<String> = "name", NAME;
        /// Where to go on.
        next_token: Option<String> = "nextToken", CHAT_PAGE_TOKEN;
        /// How many.
        max_results: Option<usize> = "maxResults", integer(1, 50);
        /// By review handler; empty is no filter.
        handler: Option<String> = "messageReviewHandlerUri", LAMBDA;
        /// By logging configuration.
        logging: Option<String> = "loggingConfigurationIdentifier", LOGGING_CONFIGURATION_ARN;
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomList<'a> {
    rooms: Vec<&'a RoomSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Request for ListRooms {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        if let Some(arn) = &self.logging {
            ctx.check_reference(arn)?;
        }
        let request = PageRequest {
            binding: format!("ListRooms {:?}", (&self.name, &self.handler, &self.logging)),
            token: self.next_token.as_deref().unwrap_or_default(),
            size: self.max_results.unwrap_or(50),
            direction: Direction::Backward,
        };
        let name = self.name.filter(|name| !name.is_empty());
        let handler = self.handler.filter(|uri| !uri.is_empty());
        let rows = region.rooms.listed(ctx.now, ctx.list_lag());
        let page = ctx.pager.cut(rows, &request, |Room { summary, .. }| {
            name.as_ref().is_none_or(|name| summary.name == *name)
                && handler.as_ref().is_none_or(|uri| {
                    summary
                        .message_review_handler
                        .as_ref()
                        .is_some_and(|has| has.uri == *uri)
                })
                && self
                    .logging
                    .as_ref()
                    .is_none_or(|arn| summary.logging_configuration_identifiers.contains(arn))
        })?;
        let rooms = page.rows.iter().map(|room| &room.summary).collect();
        Reply::json(&RoomList {
            rooms,
            next_token: page.next_token,
        })
    }
}

shape! {
    /// Changes a room, also one with users in it.
    pub struct UpdateRoom with changes: Changes {
        /// Its ARN.
        identifier: String = "identifier", ROOM_ARN.required();
    }
}

impl Request for UpdateRoom {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let not_found = || ApiError::not_found(&self.identifier);
        let id = ctx.id_of(&self.identifier)?;
        let mut room = Room::clone(region.rooms.get(id).ok_or_else(not_found)?);
        self.changes.apply_to(&mut room, ctx)?;
        let room = region
            .rooms
            .replace_last(id, room, ctx.now)
            .ok_or_else(not_found)?;
        Reply::json(&*room)
    }
}

shape! {
    /// Deletes a room.
    pub struct DeleteRoom {
        /// Its ARN.
        identifier: String = "identifier", ROOM_ARN.required();
    }
}

impl Request for DeleteRoom {
    fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
        let id = ctx.id_of(&self.identifier)?;
        region
            .rooms
            .remove(id, ctx.now)
            .ok_or_else(|| ApiError::not_found(&self.identifier))?;
        region.chat_tokens.forget_room(&self.identifier);
        Ok(Reply::no_content())
    }
}
