//! What happens to everything when an object is deleted.

use kube::ResourceExt;
use reqwest::Method;
use serde_json::json;

use crate::world::{self, channel_arn, condition, is_live, live, message, room_arn};

#[tokio::test]
async fn deletion_removes_everything() {
    let world = world::shared().await;
    let space = world.namespace("delete").await;
    let object = space.ready("a", json!({})).await;
    space.delete("a").await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (0, 0));
    assert!(space.secrets().get_opt("a-stream-key").await.unwrap().is_none());
    assert!(world.record(&object.uid().unwrap()).await.is_none());
}

#[tokio::test]
async fn a_live_channel_is_stopped_and_deleted() {
    let world = world::shared().await;
    let space = world.namespace("delete-live").await;
    let object = space.ready("a", json!({})).await;
    let id = channel_arn(&object).rsplit('/').next().unwrap().to_owned();
    // The encoder comes back after every stop, for as long as its key is valid.
    let stream = json!({"health": "HEALTHY", "reconnect": true});
    world
        .emulator(Method::PUT, &format!("streams/{id}"), Some(&stream))
        .await;
    space.until("a", is_live).await;
    space.delete("a").await;
    assert_eq!((space.channels().await.len(), space.rooms().await.len()), (0, 0));
    assert!(space.secrets().get_opt("a-stream-key").await.unwrap().is_none());
    assert!(world.record(&object.uid().unwrap()).await.is_none());
}

#[tokio::test]
async fn deletion_waits_for_the_end_of_the_stream_if_asked_to() {
    let world = world::shared().await;
    let space = world.namespace("delete-wait").await;
    let channel = channel_arn(&space.ready("a", json!({"deletion": {"whileLive": "Wait"}})).await);
    live(&space, &channel, true).await;
    space.until("a", is_live).await;
    space
        .streams()
        .delete("a", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    let object = space
        .until("a", |object| {
            condition(object, "Ready").unwrap().1 == "ChannelLive"
        })
        .await;
    assert!(message(&object, "Ready").contains("whileLive: Stop ends it now"));
    assert_eq!(space.rooms().await.len(), 0, "the room does not wait");
    assert_eq!(space.channels().await[0]["live"], true);
    live(&space, &channel, false).await;
    space.until_gone("a").await;
    assert_eq!(space.channels().await.len(), 0);
}

#[tokio::test]
async fn retain_leaves_channel_and_room_in_aws() {
    let world = world::shared().await;
    let space = world.namespace("retain").await;
    let object = space
        .ready("a", json!({"deletionPolicy": "Retain", "tags": {"team": "x"}}))
        .await;
    let (channel, room) = (channel_arn(&object), room_arn(&object));
    space.delete("a").await;
    let state = world.state().await;
    for (kind, arn) in [("channels", channel), ("rooms", room)] {
        let resources = state[kind].as_array().unwrap();
        let kept = resources
            .iter()
            .find(|resource| resource["arn"] == *arn)
            .expect("kept");
        assert_eq!(
            kept["tags"],
            json!({"team": "x"}),
            "the owner's tags are gone: somebody else may take it over"
        );
    }
    assert!(space.secrets().get_opt("a-stream-key").await.unwrap().is_none());
    assert!(world.record(&object.uid().unwrap()).await.is_none());
}
