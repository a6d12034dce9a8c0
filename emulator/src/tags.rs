//! The three tag operations, which both services have in common.
//!
//! Which members a resource's tags are is said by [`Tagged`]; the path that carries the ARN is read in
//! `http::control`.

use jiff::Timestamp;
use serde::Serialize;

use crate::error::ApiError;
use crate::operation::{Reply, Request, Service};
use crate::state::table::Table;
use crate::state::{Ctx, Region, Tags};
use crate::validate::rules::MAX_TAGS;
use crate::validate::{Violation, shape};

/// A resource with tags.
pub trait Tagged: Clone {
    /// Its tags.
    fn tags(&self) -> &Tags;
    /// Its tags, to be changed.
    fn tags_mut(&mut self) -> &mut Tags;
}

/// The prefix that AWS keeps to itself.
pub fn reserved_keys<'a>(mut keys: impl Iterator<Item = &'a String>) -> Option<Violation> {
    keys.find(|key| key.to_ascii_lowercase().starts_with("aws:"))
        .map(|key| Violation::combination("tags", format!("must not have the key {key}: aws: is reserved")))
}

/// What is to be done with a resource's tags.
enum Action {
    List,
    Add(Tags),
    Remove(Vec<String>),
}

#[derive(Serialize)]
struct TagList<'a> {
    tags: &'a Tags,
}

/// Finds the resource in its table and does it.
fn act(
    region: &mut Region,
    ctx: &Ctx<'_>,
    service: Service,
    arn: &str,
    action: Action,
) -> Result<Reply, ApiError> {
    let (kind, id) = ctx.kind_and_id(arn)?;
    match (service, kind) {
        (Service::Ivs, "channel") => act_on(&mut region.channels, ctx, arn, id, action),
        (Service::Ivs, "stream-key") => act_on(&mut region.stream_keys, ctx, arn, id, action),
        (Service::Chat, "room") => act_on(&mut region.rooms, ctx, arn, id, action),
        _ => Err(ApiError::not_found(arn)),
    }
}

fn act_on<T: Tagged>(
    table: &mut Table<T>,
    ctx: &Ctx<'_>,
    arn: &str,
    id: &str,
    action: Action,
) -> Result<Reply, ApiError> {
    match action {
        Action::List => {
            let row = table
                .read(id, ctx.now, ctx.read_lag())
                .ok_or_else(|| ApiError::not_found(arn))?;
            Reply::json(&TagList { tags: row.tags() })
        }
        Action::Add(new) => change(table, arn, id, ctx.now, |tags| {
            tags.extend(new);
            if tags.len() > MAX_TAGS {
                let message = format!(
                    "must not bring the resource above {MAX_TAGS} tags, would be {}",
                    tags.len()
                );
                return Err(ApiError::invalid_member("tags", message));
            }
            Ok(())
        }),
        Action::Remove(keys) => change(table, arn, id, ctx.now, |tags| {
            tags.retain(|key, _| !keys.contains(key));
            Ok(())
        }),
    }
}

fn change<T: Tagged>(
    table: &mut Table<T>,
    arn: &str,
    id: &str,
    now: Timestamp,
    change: impl FnOnce(&mut Tags) -> Result<(), ApiError>,
) -> Result<Reply, ApiError> {
    let mut row = T::clone(table.get(id).ok_or_else(|| ApiError::not_found(arn))?);
    change(row.tags_mut())?;
    table.replace(id, row, now);
    Ok(Reply::empty_object())
}

/// The same three requests for each service, with its own limits.
macro_rules! tag_operations {
    ($(#[$doc:meta])* $module:ident, $service:expr, $arn:expr, $tags:expr, $keys:expr) => {
        $(#[$doc])*
        pub mod $module {
            use super::{
                Action, ApiError, Ctx, Region, Reply, Request, Service, Tags, Violation, act, reserved_keys, shape,
            };
            use crate::validate::rules;

            shape! {
                /// Reads the tags of a resource.
                pub struct ListTagsForResource {
                    /// Which.
                    arn: String = "resourceArn", $arn.required();
                }
            }

            impl Request for ListTagsForResource {
                fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
                    act(region, ctx, $service, &self.arn, Action::List)
                }
            }

            shape! {
                /// Adds or overwrites tags; never removes any.
                pub struct TagResource {
                    /// Whose.
                    arn: String = "resourceArn", $arn.required();
                    /// Which.
                    tags: Tags = "tags", $tags.required();
                }
            }

            impl Request for TagResource {
                fn check(&self) -> Vec<Violation> {
                    reserved_keys(self.tags.keys()).into_iter().collect()
                }

                fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
                    act(region, ctx, $service, &self.arn, Action::Add(self.tags))
                }
            }

            shape! {
                /// Removes tags; absent keys are ignored.
                pub struct UntagResource {
                    /// Whose.
                    arn: String = "resourceArn", $arn.required();
                    /// Which.
                    keys: Vec<String> = "tagKeys", $keys.required();
                }
            }

            impl Request for UntagResource {
                fn apply(self, region: &mut Region, ctx: &Ctx<'_>) -> Result<Reply, ApiError> {
                    act(region, ctx, $service, &self.arn, Action::Remove(self.keys))
                }
            }
        }
    };
}

tag_operations!(
    /// Tags of IVS resources.
    ivs, Service::Ivs, rules::IVS_ARN, rules::IVS_TAGS, rules::IVS_TAG_KEYS
);
tag_operations!(
    /// Tags of IVS Chat resources.
    chat, Service::Chat, rules::CHAT_ARN, rules::CHAT_TAGS, rules::CHAT_TAG_KEYS
);
