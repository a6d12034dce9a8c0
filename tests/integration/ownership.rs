//! What belongs to somebody else is never touched; what was ours is taken over again.

use kube::{ResourceExt, api::PostParams};
use serde_json::json;

use crate::world::{self, channel_arn, eventually, is_ready, message, room_arn, stalls};

#[tokio::test]
async fn a_secret_of_somebody_else_is_left_alone() {
    let world = world::shared().await;
    let space = world.namespace("foreign-secret").await;
    let theirs = json!({"metadata": {"name": "taken"}, "stringData": {"streamKey": "theirs"}});
    space
        .secrets()
        .create(&PostParams::default(), &serde_json::from_value(theirs).unwrap())
        .await
        .unwrap();
    space
        .create("a", json!({"streamKey": {"secretName": "taken"}}))
        .await;
    let object = space.until("a", stalls("SecretNotOwned")).await;
    assert!(message(&object, "Stalled").contains("choose another spec.streamKey.secretName"));
    let secret = space.secrets().get("taken").await.unwrap();
    assert_eq!(secret.data.unwrap()["streamKey"].0, b"theirs");
    space
        .patch("a", json!({"spec": {"streamKey": {"secretName": "free"}}}))
        .await;
    space.until("a", is_ready).await;
    space.delete("a").await;
    assert!(space.secrets().get_opt("taken").await.unwrap().is_some());
}

#[tokio::test]
async fn a_channel_and_a_room_are_imported() {
    let world = world::shared().await;
    let space = world.namespace("import").await;
    let aws = world.aws().await;
    let ivs = aws_sdk_ivs::Client::new(&aws);
    let created = ivs
        .create_channel()
        .name("theirs")
        .tags("team", "x")
        .send()
        .await
        .unwrap();
    let channel = created.channel.unwrap().arn.unwrap();
    let room = aws_sdk_ivschat::Client::new(&aws)
        .create_room()
        .name("theirs")
        .send()
        .await
        .unwrap()
        .arn
        .unwrap();
    let object = space
        .ready("a", json!({"import": {"channelArn": channel, "roomArn": room}}))
        .await;
    assert_eq!((channel_arn(&object), room_arn(&object)), (channel.clone(), room));
    let (channels, rooms) = (space.channels().await, space.rooms().await);
    assert_eq!((channels.len(), rooms.len()), (1, 1), "nothing was created");
    assert_eq!(
        channels[0]["name"], "theirs",
        "an imported channel keeps its name"
    );
    assert_eq!(channels[0]["tags"]["team"], "x", "and other people's tags");
    let key = created.stream_key.unwrap().value.unwrap();
    let secret = space.secrets().get("a-stream-key").await.unwrap();
    assert_eq!(secret.data.unwrap()["streamKey"].0, key.as_bytes(), "and its key");

    // A second one that imports the same is refused it.
    space
        .create(
            "b",
            json!({"import": {"channelArn": channel}, "chat": {"enabled": false}}),
        )
        .await;
    let second = space.until("b", stalls("NotOwned")).await;
    assert!(
        message(&second, "Stalled").contains("is left alone"),
        "{}",
        message(&second, "Stalled")
    );
    space.delete("b").await;
    assert_eq!(
        space.channels().await[0]["tags"]["ivs-operator.dev/uid"],
        object.uid().unwrap()
    );
}

#[tokio::test]
async fn an_import_that_does_not_exist_says_so() {
    let world = world::shared().await;
    let space = world.namespace("import-missing").await;
    let arn = "arn:aws:ivs:us-east-1:123456789012:channel/nothing";
    space.create("a", json!({"import": {"channelArn": arn}})).await;
    let object = space.until("a", stalls("ImportNotFound")).await;
    assert!(message(&object, "Stalled").contains("check the ARN"));
    space.delete("a").await;
}

#[tokio::test]
async fn a_restored_object_gets_its_channel_and_room_back() {
    let world = world::shared().await;
    let space = world.namespace("restore").await;
    let first = space.ready("a", json!({})).await;
    // As after the loss of a cluster: the object is gone without its finalizer having done its work.
    space
        .patch(
            "a",
            json!({"metadata": {"annotations": {"ivs-operator.dev/paused": "true"}}}),
        )
        .await;
    space.patch("a", json!({"metadata": {"finalizers": []}})).await;
    space
        .streams()
        .delete("a", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    space.until_gone("a").await;
    assert_eq!(space.channels().await.len(), 1);
    let second = space.ready("a", json!({})).await;
    assert_ne!(first.uid(), second.uid());
    assert_eq!(
        (channel_arn(&first), room_arn(&first)),
        (channel_arn(&second), room_arn(&second))
    );
    assert_eq!(
        space.channels().await[0]["tags"]["ivs-operator.dev/uid"],
        second.uid().unwrap()
    );
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (1, 1));
    eventually("events tell of it", async || {
        let events = space.events("a").await;
        if events.contains("ChannelAdopted") && events.contains("RoomAdopted") {
            Ok(())
        } else {
            Err(format!("{events:?}"))
        }
    })
    .await;
}
