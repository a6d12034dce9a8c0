//! Streams: live and offline, what a live channel refuses, stopping takes a while, encoders come back.

use aws_sdk_ivs::types::{StreamFilters, StreamHealth, StreamState};
use serde_json::json;

use crate::support::{Emulator, NO_CHANNEL, eventually, id, is, refusal};

#[tokio::test]
async fn offline_and_unknown_are_told_apart_by_name() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let arn = emulator.channel().await;
    let (offline, unknown) = (
        is("ChannelNotBroadcasting", 404),
        is("ResourceNotFoundException", 404),
    );
    assert_eq!(refusal(ivs.get_stream().channel_arn(&arn).send().await), offline);
    assert_eq!(refusal(ivs.stop_stream().channel_arn(&arn).send().await), offline);
    assert_eq!(
        refusal(ivs.get_stream().channel_arn(NO_CHANNEL).send().await),
        unknown
    );
    assert_eq!(
        refusal(ivs.stop_stream().channel_arn(NO_CHANNEL).send().await),
        unknown
    );
    assert!(ivs.list_streams().send().await.unwrap().streams().is_empty());
}

#[tokio::test]
async fn a_pretended_stream_looks_like_one() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let arn = emulator.channel().await;
    emulator.live(&arn, json!({"viewerCount": 7})).await;
    let stream = ivs
        .get_stream()
        .channel_arn(&arn)
        .send()
        .await
        .unwrap()
        .stream
        .unwrap();
    assert_eq!(stream.state(), Some(&StreamState::StreamLive));
    assert_eq!(stream.health(), Some(&StreamHealth::StreamHealthy));
    assert_eq!(stream.viewer_count, 7);
    assert!(
        stream
            .playback_url()
            .unwrap()
            .ends_with(&format!(".channel.{}.m3u8", id(&arn)))
    );
    let stream_id = stream.stream_id().unwrap();
    assert!(
        stream_id.len() == 26 && stream_id.starts_with("st-"),
        "{stream_id}"
    );
    assert!(stream.start_time().is_some());

    emulator.live(&arn, json!({"health": "STARVING"})).await;
    let changed = ivs
        .get_stream()
        .channel_arn(&arn)
        .send()
        .await
        .unwrap()
        .stream
        .unwrap();
    assert_eq!(
        (changed.stream_id(), changed.viewer_count),
        (Some(stream_id), 7),
        "the same stream"
    );
    let of_health = |health| {
        let filter = StreamFilters::builder().health(health).build();
        async {
            ivs.list_streams()
                .filter_by(filter)
                .send()
                .await
                .unwrap()
                .streams()
                .len()
        }
    };
    assert_eq!(of_health(StreamHealth::Starving).await, 1);
    assert_eq!(of_health(StreamHealth::StreamHealthy).await, 0);

    emulator.delete(&format!("streams/{}", id(&arn))).await;
    assert_eq!(
        refusal(ivs.get_stream().channel_arn(&arn).send().await),
        is("ChannelNotBroadcasting", 404)
    );
}

#[tokio::test]
async fn a_live_channel_refuses_update_and_delete_until_its_stream_has_ended() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    emulator.set(json!({"stopDelayMs": 600_000})).await;
    let arn = emulator.channel().await;
    emulator.live(&arn, json!({})).await;
    let conflict = is("ConflictException", 409);
    assert_eq!(
        refusal(ivs.update_channel().arn(&arn).name("x").send().await),
        conflict
    );
    assert_eq!(refusal(ivs.delete_channel().arn(&arn).send().await), conflict);
    ivs.stop_stream().channel_arn(&arn).send().await.unwrap();
    ivs.stop_stream().channel_arn(&arn).send().await.unwrap();
    assert_eq!(
        refusal(ivs.delete_channel().arn(&arn).send().await),
        conflict,
        "it is still ending"
    );
    ivs.get_stream().channel_arn(&arn).send().await.unwrap();

    let other = emulator.channel().await;
    emulator.live(&other, json!({})).await;
    emulator.set(json!({"stopDelayMs": 50})).await;
    ivs.stop_stream().channel_arn(&other).send().await.unwrap();
    eventually(|| async { ivs.get_stream().channel_arn(&other).send().await.is_err() }).await;
    ivs.delete_channel().arn(&other).send().await.unwrap();
}

#[tokio::test]
async fn updating_a_live_channel_can_be_allowed() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    emulator.live(&arn, json!({})).await;
    emulator.set(json!({"updateWhileLive": "Accept"})).await;
    let updated = emulator
        .ivs
        .update_channel()
        .arn(&arn)
        .name("x")
        .send()
        .await
        .unwrap();
    assert_eq!(updated.channel.unwrap().name(), Some("x"));
}

#[tokio::test]
async fn an_encoder_comes_back_as_long_as_its_key_exists() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    emulator
        .set(json!({"stopDelayMs": 0, "reconnectDelayMs": 0}))
        .await;
    let created = ivs.create_channel().send().await.unwrap();
    let key = created.stream_key.unwrap();
    let arn = key.channel_arn().unwrap();
    emulator.live(arn, json!({"reconnect": true})).await;
    let stream_id = || async {
        ivs.get_stream()
            .channel_arn(arn)
            .send()
            .await
            .map(|answer| answer.stream.unwrap().stream_id.unwrap())
    };
    let first = stream_id().await.unwrap();
    ivs.stop_stream().channel_arn(arn).send().await.unwrap();
    eventually(|| async { stream_id().await.is_ok_and(|id| id != first) }).await;

    ivs.delete_stream_key()
        .arn(key.arn().unwrap())
        .send()
        .await
        .unwrap();
    assert!(
        stream_id().await.is_ok(),
        "deleting the key does not end a stream"
    );
    ivs.stop_stream().channel_arn(arn).send().await.unwrap();
    assert!(stream_id().await.is_err());
    ivs.delete_channel().arn(arn).send().await.unwrap();
}
