//! Rooms and chat tokens.

use aws_sdk_ivschat::types::{ChatTokenCapability, FallbackResult, MessageReviewHandler};
use serde_json::json;

use crate::support::{Emulator, NO_ROOM, id, is, refusal};

const LAMBDA: &str = "arn:aws:lambda:eu-west-1:123456789012:function:review";

#[tokio::test]
async fn life_of_a_room() {
    let emulator = Emulator::start().await;
    let chat = &emulator.chat;
    let room = chat
        .create_room()
        .name("one")
        .tags("a", "b")
        .send()
        .await
        .unwrap();
    let arn = room.arn().unwrap();
    assert_eq!(room.id(), Some(id(arn)));
    assert_eq!(
        (room.maximum_message_length, room.maximum_message_rate_per_second),
        (Some(500), Some(10))
    );
    assert_eq!(room.create_time(), room.update_time());
    assert_eq!(room.message_review_handler(), None);

    let updated = chat
        .update_room()
        .identifier(arn)
        .maximum_message_length(100)
        .message_review_handler(MessageReviewHandler::builder().uri(LAMBDA).build())
        .send()
        .await
        .unwrap();
    assert_eq!(
        (updated.name(), updated.maximum_message_length),
        (Some("one"), Some(100))
    );
    let handler = updated.message_review_handler().unwrap();
    assert_eq!(
        (handler.uri(), handler.fallback_result()),
        (Some(LAMBDA), Some(&FallbackResult::Allow))
    );
    let read = chat.get_room().identifier(arn).send().await.unwrap();
    assert_eq!(
        (read.maximum_message_length, read.update_time()),
        (Some(100), updated.update_time())
    );

    let none = MessageReviewHandler::builder().uri("").build();
    let updated = chat
        .update_room()
        .identifier(arn)
        .message_review_handler(none)
        .send()
        .await
        .unwrap();
    assert_eq!(updated.message_review_handler(), None);

    chat.delete_room().identifier(arn).send().await.unwrap();
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(refusal(chat.get_room().identifier(arn).send().await), not_found);
    assert_eq!(
        refusal(chat.update_room().identifier(arn).send().await),
        not_found
    );
    let gone = chat
        .delete_room()
        .identifier(arn)
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    let aws_sdk_ivschat::operation::delete_room::DeleteRoomError::ResourceNotFoundException(gone) = gone
    else {
        panic!("{gone:?}")
    };
    assert_eq!(
        (gone.resource_id(), gone.resource_type().as_str()),
        (id(arn), "ROOM")
    );
}

#[tokio::test]
async fn a_bare_room_id_is_refused_without_words() {
    let emulator = Emulator::start().await;
    let refused = emulator.chat.get_room().identifier("Ab12Cd34Ef56").send().await;
    let error = refused.unwrap_err().into_service_error();
    let aws_sdk_ivschat::operation::get_room::GetRoomError::ValidationException(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(error.message(), "");
    assert_eq!(error.reason().as_str(), "FIELD_VALIDATION_FAILED");
    assert_eq!(error.field_list()[0].name(), "identifier");
}

#[tokio::test]
async fn logging_configurations_have_to_exist_unless_told_otherwise() {
    let emulator = Emulator::start().await;
    let chat = &emulator.chat;
    let logging = NO_ROOM.replace(":room/", ":logging-configuration/");
    let create = chat.create_room().logging_configuration_identifiers(&logging);
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(refusal(create.clone().send().await), not_found);
    let list = chat.list_rooms().logging_configuration_identifier(&logging);
    assert_eq!(refusal(list.clone().send().await), not_found);
    emulator.set(json!({"references": "Accept"})).await;
    let room = create.send().await.unwrap();
    assert_eq!(list.send().await.unwrap().rooms()[0].arn(), room.arn());
    let updated = chat
        .update_room()
        .identifier(room.arn().unwrap())
        .set_logging_configuration_identifiers(Some(vec![]))
        .send()
        .await
        .unwrap();
    assert!(updated.logging_configuration_identifiers().is_empty());
}

#[tokio::test]
async fn tokens() {
    let emulator = Emulator::start().await;
    let chat = &emulator.chat;
    let room = emulator.room("").await;
    let mint = chat.create_chat_token().room_identifier(&room).user_id("alice");
    let token = mint
        .clone()
        .capabilities(ChatTokenCapability::SendMessage)
        .attributes("name", "Alice")
        .send()
        .await
        .unwrap();
    let text = token.token().unwrap();
    assert_eq!(
        text.split('.').filter(|part| !part.is_empty()).count(),
        2,
        "{text}"
    );
    assert!(
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
        "{text}"
    );
    let (until_connected, until_over) = (
        token.token_expiration_time().unwrap(),
        token.session_expiration_time().unwrap(),
    );
    assert_eq!(until_over.secs() - until_connected.secs(), 59 * 60);
    let again = mint.clone().session_duration_in_minutes(1).send().await.unwrap();
    assert_ne!(again.token(), token.token());
    assert_eq!(again.session_expiration_time(), again.token_expiration_time());

    let state = emulator.get("state").await;
    let note = &state["chatTokens"][0];
    assert_eq!(note["roomArn"], room.as_str());
    assert_eq!(
        (&note["userId"], &note["capabilities"]),
        (&json!("alice"), &json!(["SEND_MESSAGE"]))
    );
    let calls = emulator.calls("CreateChatToken").await;
    assert_eq!(calls[0]["chatToken"]["userId"], "alice");
    assert!(
        !format!("{state}{calls:?}").contains(text),
        "a token is nobody else's business"
    );

    let too_much = mint.attributes("k", "v".repeat(1024));
    assert_eq!(refusal(too_much.send().await), is("ValidationException", 400));
    let nowhere = chat.create_chat_token().room_identifier(NO_ROOM).user_id("alice");
    assert_eq!(
        refusal(nowhere.send().await),
        is("ResourceNotFoundException", 404)
    );
}
