//! Chat rooms.

use aws_sdk_ivschat::types;

use super::{
    AwsError, Operation, Region, Turn,
    channels::Page,
    model::{Room, RoomMember, RoomSettings, Tags, Value},
};

/// Applies a settings map to a request builder; create and update have the same setters.
macro_rules! with_settings {
    ($request:expr, $settings:expr) => {{
        let mut request = $request;
        for (member, value) in $settings {
            request = match (member, value) {
                (RoomMember::Name, Value::Text(text)) => request.name(text),
                (RoomMember::MaximumMessageLength, Value::Number(number)) => {
                    request.maximum_message_length(*number)
                }
                (RoomMember::MaximumMessageRatePerSecond, Value::Number(number)) => {
                    request.maximum_message_rate_per_second(*number)
                }
                (RoomMember::ReviewHandler, Value::ReviewHandler(handler)) => {
                    request.message_review_handler(review_handler(handler.as_ref()))
                }
                (RoomMember::LoggingConfigurations, Value::Set(arns)) => {
                    request.set_logging_configuration_identifiers(Some(arns.clone()))
                }
                _ => request,
            };
        }
        request
    }};
}

/// An empty URI takes the handler away.
fn review_handler(value: Option<&(String, String)>) -> types::MessageReviewHandler {
    let builder = types::MessageReviewHandler::builder();
    match value {
        Some((uri, fallback)) => builder.uri(uri).fallback_result(fallback.as_str().into()).build(),
        None => builder.uri("").build(),
    }
}

/// Builds a [`Room`] from any of the answers, which have the same members but no common type. A summary lacks the
/// two limits.
macro_rules! room {
    ($answer:expr, $limits:expr) => {{
        let answer = $answer;
        let limits: Option<(Option<i32>, Option<i32>)> = $limits;
        let mut settings = RoomSettings::from([
            (RoomMember::Name, Value::text(answer.name.unwrap_or_default())),
            (
                RoomMember::ReviewHandler,
                Value::ReviewHandler(handler(answer.message_review_handler)),
            ),
            (
                RoomMember::LoggingConfigurations,
                Value::set(answer.logging_configuration_identifiers.unwrap_or_default()),
            ),
        ]);
        if let Some((length, rate)) = limits {
            settings.extend(length.map(|length| (RoomMember::MaximumMessageLength, Value::Number(length))));
            settings.extend(rate.map(|rate| (RoomMember::MaximumMessageRatePerSecond, Value::Number(rate))));
        }
        Room {
            arn: answer.arn.unwrap_or_default(),
            id: answer.id.unwrap_or_default(),
            tags: answer.tags.unwrap_or_default().into_iter().collect(),
            settings,
            update_time: answer
                .update_time
                .map(|time| time.to_string())
                .unwrap_or_default(),
        }
    }};
}

fn handler(handler: Option<types::MessageReviewHandler>) -> Option<(String, String)> {
    let handler = handler?;
    let uri = handler.uri.filter(|uri| !uri.is_empty())?;
    let fallback = handler
        .fallback_result
        .map(|fallback| fallback.as_str().to_owned());
    Some((uri, fallback.unwrap_or_else(|| "ALLOW".to_owned())))
}

impl Region {
    /// Creates a room. Never retried: AWS knows no idempotency token. The caller has taken the turn, as for a channel.
    pub async fn create_room(
        &self,
        turn: &Turn,
        settings: &RoomSettings,
        tags: &Tags,
    ) -> Result<Room, AwsError> {
        let request = with_settings!(self.chat.create_room(), settings)
            .set_tags(Some(tags.clone().into_iter().collect()))
            .send();
        let room = self.call_now(Operation::CreateRoom, turn, request).await?;
        let limits = Some((room.maximum_message_length, room.maximum_message_rate_per_second));
        Ok(room!(room, limits))
    }

    /// Reads one room with all its settings.
    pub async fn get_room(&self, turn: &Turn, arn: &str) -> Result<Room, AwsError> {
        let room = self
            .call(
                Operation::GetRoom,
                turn,
                self.chat.get_room().identifier(arn).send(),
            )
            .await?;
        let limits = Some((room.maximum_message_length, room.maximum_message_rate_per_second));
        Ok(room!(room, limits))
    }

    /// Finds rooms by their exact name.
    pub async fn find_rooms(&self, turn: &Turn, name: &str) -> Result<Vec<Room>, AwsError> {
        let (mut found, mut token) = (Vec::new(), None);
        loop {
            let request = self.chat.list_rooms().name(name).set_next_token(token).send();
            let page = self.call(Operation::ListRooms, turn, request).await?;
            found.extend(page.rooms.into_iter().map(|room| room!(room, None)));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// One page of all rooms.
    pub async fn list_rooms(&self, turn: &Turn, token: Option<String>) -> Result<Page<Room>, AwsError> {
        let request = self
            .chat
            .list_rooms()
            .max_results(50)
            .set_next_token(token)
            .send();
        let page = self.call(Operation::ListRooms, turn, request).await?;
        Ok((
            page.rooms.into_iter().map(|room| room!(room, None)).collect(),
            page.next_token.filter(|token| !token.is_empty()),
        ))
    }

    /// Changes settings of a room.
    pub async fn update_room(
        &self,
        turn: &Turn,
        arn: &str,
        settings: &RoomSettings,
    ) -> Result<Room, AwsError> {
        let request = with_settings!(self.chat.update_room().identifier(arn), settings).send();
        let room = self.call(Operation::UpdateRoom, turn, request).await?;
        let limits = Some((room.maximum_message_length, room.maximum_message_rate_per_second));
        Ok(room!(room, limits))
    }

    /// Deletes a room.
    pub async fn delete_room(&self, turn: &Turn, arn: &str) -> Result<(), AwsError> {
        self.call(
            Operation::DeleteRoom,
            turn,
            self.chat.delete_room().identifier(arn).send(),
        )
        .await
        .map(drop)
    }
}
