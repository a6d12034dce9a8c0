//! Quotas, permissions, and an account that AWS still verifies.

use serde_json::json;

use crate::support::{Emulator, eventually, id, is, refusal};

#[tokio::test]
async fn numbers_of_resources() {
    let emulator = Emulator::start().await;
    let (ivs, chat) = (&emulator.ivs, &emulator.chat);
    let (channel, room) = (emulator.channel().await, emulator.room("").await);
    emulator
        .set(json!({"quotas": {"resources": true, "channels": 1, "rooms": 1}}))
        .await;
    let exceeded = is("ServiceQuotaExceededException", 402);
    assert_eq!(refusal(ivs.create_channel().send().await), exceeded);
    let error = chat.create_room().send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 402);
    let aws_sdk_ivschat::operation::create_room::CreateRoomError::ServiceQuotaExceededException(error) =
        error.into_service_error()
    else {
        panic!("a quota error")
    };
    assert_eq!(error.limit(), 1);
    ivs.delete_channel().arn(channel).send().await.unwrap();
    chat.delete_room().identifier(room).send().await.unwrap();
    emulator.channel().await;
    emulator.room("").await;
}

#[tokio::test]
async fn call_rates() {
    let emulator = Emulator::start().await;
    emulator
        .set(json!({"quotas": {"callRates": true, "callRateFactor": 0.4}}))
        .await;
    // Two calls a second: of three at once, two or (over the turn of a second) three pass; sooner or later one fails.
    eventually(|| async {
        let list = emulator.ivs.list_channels().send().await;
        list.is_err() && refusal(list) == is("ThrottlingException", 429)
    })
    .await;
    emulator
        .ivs
        .list_streams()
        .send()
        .await
        .expect("every operation has a rate of its own");
    eventually(|| async { emulator.ivs.list_channels().send().await.is_ok() }).await;
    eventually(|| async {
        let create = emulator.chat.create_room().send().await;
        create.is_err() && refusal(create) == is("ThrottlingException", 429)
    })
    .await;
    for _ in 0..20 {
        emulator.get("health").await;
    }
}

#[tokio::test]
async fn refused_operations() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    emulator
        .set(json!({"denyOperations": ["ivs:DeleteChannel", "ivschat:Create*"]}))
        .await;
    let denied = emulator.ivs.delete_channel().arn(&arn).send().await;
    let text = denied
        .as_ref()
        .unwrap_err()
        .as_service_error()
        .unwrap()
        .to_string();
    assert!(
        text.contains(&format!(
            "User: arn:aws:iam::123456789012:user/AKTEST is not authorized to perform: ivs:DeleteChannel on \
             resource: {arn}"
        )),
        "{text}"
    );
    assert_eq!(refusal(denied), is("AccessDeniedException", 403));
    assert_eq!(
        refusal(emulator.chat.create_room().send().await),
        is("AccessDeniedException", 403)
    );
    emulator.channel().await;
    emulator.set(json!({"denyOperations": []})).await;
    emulator.ivs.delete_channel().arn(&arn).send().await.unwrap();
}

#[tokio::test]
async fn an_account_that_is_being_verified() {
    let emulator = Emulator::start().await;
    let (channel, room) = (emulator.channel().await, emulator.room("").await);
    emulator
        .set(json!({"accountStatus": "PendingVerification"}))
        .await;
    let (ivs, chat) = (&emulator.ivs, &emulator.chat);
    let pending = is("PendingVerification", 403);
    assert_eq!(refusal(ivs.create_channel().send().await), pending);
    assert_eq!(refusal(ivs.update_channel().arn(&channel).send().await), pending);
    assert_eq!(refusal(ivs.delete_channel().arn(&channel).send().await), pending);
    assert_eq!(
        refusal(ivs.create_stream_key().channel_arn(&channel).send().await),
        pending
    );
    assert_eq!(refusal(chat.create_room().send().await), pending);
    assert_eq!(
        refusal(
            chat.create_chat_token()
                .room_identifier(&room)
                .user_id("u")
                .send()
                .await
        ),
        pending
    );
    ivs.list_channels()
        .send()
        .await
        .expect("reads have no such error");
    chat.get_room().identifier(&room).send().await.unwrap();
    let invalid = ivs.create_channel().name("a b").send().await;
    assert_eq!(
        refusal(invalid),
        is("ValidationException", 400),
        "validation comes first"
    );
    assert_eq!(
        emulator.get("state").await["channels"].as_array().unwrap().len(),
        1,
        "{}",
        id(&channel)
    );
}
