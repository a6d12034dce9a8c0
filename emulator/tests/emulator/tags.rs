//! Tags of both services, over the one path that they share.

use std::collections::HashMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Emulator, NO_CHANNEL, NO_ROOM, is, refusal};

#[tokio::test]
async fn channel_and_key() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let created = ivs.create_channel().tags("a", "1").send().await.unwrap();
    let arns = [
        created.channel.unwrap().arn.unwrap(),
        created.stream_key.unwrap().arn.unwrap(),
    ];
    for arn in &arns {
        ivs.tag_resource()
            .resource_arn(arn)
            .tags("a", "2")
            .tags("b c/d", "")
            .send()
            .await
            .unwrap();
        ivs.untag_resource()
            .resource_arn(arn)
            .tag_keys("a")
            .tag_keys("absent")
            .send()
            .await
            .unwrap();
        let tags = ivs
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .unwrap()
            .tags;
        assert_eq!(
            tags,
            HashMap::from([("b c/d".to_owned(), String::new())]),
            "{arn}"
        );
    }
    let channel = ivs
        .get_channel()
        .arn(&arns[0])
        .send()
        .await
        .unwrap()
        .channel
        .unwrap();
    assert!(channel.tags().unwrap().contains_key("b c/d"));
    let listed = ivs.list_channels().send().await.unwrap();
    assert!(listed.channels()[0].tags().unwrap().contains_key("b c/d"));
}

#[tokio::test]
async fn room() {
    let emulator = Emulator::start().await;
    let chat = &emulator.chat;
    let arn = emulator.room("").await;
    let before = chat.get_room().identifier(&arn).send().await.unwrap();
    chat.tag_resource()
        .resource_arn(&arn)
        .tags("anything & everything", "#")
        .send()
        .await
        .unwrap();
    let after = chat.get_room().identifier(&arn).send().await.unwrap();
    assert_eq!(after.tags().unwrap()["anything & everything"], "#");
    assert_eq!(
        before.update_time(),
        after.update_time(),
        "tags are not part of the configuration"
    );
    chat.untag_resource()
        .resource_arn(&arn)
        .tag_keys("anything & everything")
        .send()
        .await
        .unwrap();
    let tags = chat
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .unwrap()
        .tags;
    assert!(tags.is_empty());
}

#[tokio::test]
async fn what_is_refused() {
    let emulator = Emulator::start().await;
    let (ivs, chat) = (&emulator.ivs, &emulator.chat);
    let (channel, room) = (emulator.channel().await, emulator.room("").await);
    let (invalid, not_found) = (
        is("ValidationException", 400),
        is("ResourceNotFoundException", 404),
    );
    assert_eq!(
        refusal(ivs.list_tags_for_resource().resource_arn(NO_CHANNEL).send().await),
        not_found
    );
    assert_eq!(
        refusal(chat.list_tags_for_resource().resource_arn(NO_ROOM).send().await),
        not_found
    );
    assert_eq!(
        refusal(ivs.list_tags_for_resource().resource_arn(&room).send().await),
        invalid
    );
    assert_eq!(
        refusal(chat.list_tags_for_resource().resource_arn(&channel).send().await),
        invalid
    );
    assert_eq!(
        refusal(ivs.list_tags_for_resource().resource_arn("x").send().await),
        invalid
    );
    assert_eq!(
        refusal(
            ivs.tag_resource()
                .resource_arn(&channel)
                .tags("aws:a", "")
                .send()
                .await
        ),
        invalid
    );
    assert_eq!(
        refusal(
            chat.tag_resource()
                .resource_arn(&room)
                .tags("AWS:a", "")
                .send()
                .await
        ),
        invalid
    );
    assert_eq!(
        refusal(ivs.create_channel().tags("aws:a", "").send().await),
        invalid
    );
    assert_eq!(
        refusal(chat.create_room().tags("aws:a", "").send().await),
        invalid
    );

    let forty: HashMap<_, _> = (0..40).map(|n| (format!("k{n}"), String::new())).collect();
    ivs.tag_resource()
        .resource_arn(&channel)
        .set_tags(Some(forty.clone()))
        .send()
        .await
        .unwrap();
    ivs.tag_resource()
        .resource_arn(&channel)
        .set_tags(Some(forty))
        .send()
        .await
        .unwrap();
    let eleven = (0..11).map(|n| (format!("l{n}"), String::new())).collect();
    let above = ivs.tag_resource().resource_arn(&channel).set_tags(Some(eleven));
    assert_eq!(refusal(above.send().await), invalid, "51 in total");
    let kept = ivs
        .list_tags_for_resource()
        .resource_arn(&channel)
        .send()
        .await
        .unwrap();
    assert_eq!(kept.tags.len(), 40, "a refused change changes nothing");
}

#[tokio::test]
async fn the_arn_may_be_encoded_in_every_way() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    for path in [&arn, &encoded, &encoded.replace("%3A", "%3a")] {
        let response = emulator
            .raw("ivs", Method::GET, &format!("/tags/{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"tags": {}}));
    }
    let untag = emulator.raw("ivs", Method::DELETE, &format!("/tags/{encoded}"));
    assert_eq!(
        untag.send().await.unwrap().status().as_u16(),
        400,
        "tagKeys is required"
    );
}
