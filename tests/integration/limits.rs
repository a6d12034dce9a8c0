//! The schema's bounds are AWS's: what is at the bound is accepted by the emulator, whose own limits are tested against
//! AWS's service models; one more is refused.

use aws_sdk_ivschat::types::MessageReviewHandler;
use ivs_operator::crd::limits;

use crate::world;

#[tokio::test]
async fn bounds_of_chat() {
    let world = world::shared().await;
    let chat = aws_sdk_ivschat::Client::new(&world.aws().await);
    let room = chat.create_room().send().await.unwrap();
    for (more, accepted) in [(0, true), (1, false)] {
        let seen = [
            (
                "length",
                chat.create_room()
                    .maximum_message_length(limits::MESSAGE_LENGTH + more)
                    .send()
                    .await
                    .is_ok(),
            ),
            (
                "rate",
                chat.create_room()
                    .maximum_message_rate_per_second(limits::MESSAGE_RATE + more)
                    .send()
                    .await
                    .is_ok(),
            ),
            (
                "user id",
                chat.create_chat_token()
                    .room_identifier(room.arn().unwrap())
                    .user_id("u".repeat(limits::SUBJECT + usize::try_from(more).unwrap()))
                    .session_duration_in_minutes(limits::SESSION_MINUTES)
                    .send()
                    .await
                    .is_ok(),
            ),
            (
                "session",
                chat.create_chat_token()
                    .room_identifier(room.arn().unwrap())
                    .user_id("u")
                    .session_duration_in_minutes(limits::SESSION_MINUTES + more)
                    .send()
                    .await
                    .is_ok(),
            ),
            ("lambda", {
                let arn = "arn:aws:lambda:us-east-1:123456789012:function:";
                let name = "f".repeat(limits::LAMBDA_ARN + usize::try_from(more).unwrap() - arn.len());
                let handler = MessageReviewHandler::builder()
                    .uri(format!("{arn}{name}"))
                    .build();
                chat.create_room()
                    .message_review_handler(handler)
                    .send()
                    .await
                    .is_ok()
            }),
        ];
        for (what, seen) in seen {
            assert_eq!(seen, accepted, "{what} at the bound + {more}");
        }
    }
}

#[tokio::test]
async fn bounds_of_tags() {
    let world = world::shared().await;
    let ivs = aws_sdk_ivs::Client::new(&world.aws().await);
    for (more, accepted) in [(0, true), (1, false)] {
        let key = ivs
            .create_channel()
            .tags("k".repeat(limits::TAG_KEY + more), "v")
            .send()
            .await;
        let value = ivs
            .create_channel()
            .tags("k", "v".repeat(limits::TAG_VALUE + more))
            .send()
            .await;
        assert_eq!(
            (key.is_ok(), value.is_ok()),
            (accepted, accepted),
            "the bound + {more}"
        );
    }
    // The user's tags and the operator's own fit into AWS's fifty.
    const { assert!(limits::USER_TAGS + 4 <= 50) };
}
