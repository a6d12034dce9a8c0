//! Stream keys: one per channel, readable for ever, rotated by deleting and creating.

use crate::support::{Emulator, NO_CHANNEL, arn, is, refusal};

#[tokio::test]
async fn a_new_channel_has_its_one_key() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let created = ivs.create_channel().send().await.unwrap();
    let (channel, key) = (created.channel.unwrap(), created.stream_key.unwrap());
    let channel_arn = channel.arn().unwrap();
    let second = ivs.create_stream_key().channel_arn(channel_arn).send().await;
    let message = second
        .as_ref()
        .err()
        .and_then(|error| error.as_service_error())
        .map(ToString::to_string);
    assert!(message.unwrap().contains("quota"), "the typed error has its text");
    assert_eq!(refusal(second), is("ServiceQuotaExceededException", 402));

    let read = ivs.get_stream_key().arn(key.arn().unwrap()).send().await.unwrap();
    assert_eq!(read.stream_key(), Some(&key));
    let listed = ivs
        .list_stream_keys()
        .channel_arn(channel_arn)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.stream_keys()[0].arn(), key.arn());
    assert_eq!(listed.next_token(), None);
}

#[tokio::test]
async fn rotation() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let created = ivs.create_channel().send().await.unwrap();
    let (channel, old) = (created.channel.unwrap(), created.stream_key.unwrap());
    let (channel_arn, old_arn) = (channel.arn().unwrap(), old.arn().unwrap());
    ivs.delete_stream_key().arn(old_arn).send().await.unwrap();
    assert!(
        ivs.list_stream_keys()
            .channel_arn(channel_arn)
            .send()
            .await
            .unwrap()
            .stream_keys()
            .is_empty()
    );
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(refusal(ivs.get_stream_key().arn(old_arn).send().await), not_found);
    assert_eq!(
        refusal(ivs.delete_stream_key().arn(old_arn).send().await),
        not_found
    );
    let create = ivs.create_stream_key().channel_arn(channel_arn).tags("a", "b");
    let new = create.send().await.unwrap().stream_key.unwrap();
    assert_ne!((new.arn(), new.value()), (old.arn(), old.value()));
    assert_eq!(new.tags().unwrap()["a"], "b");
}

#[tokio::test]
async fn keys_go_with_their_channel() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let created = ivs.create_channel().send().await.unwrap();
    let key = created.stream_key.unwrap();
    ivs.delete_channel()
        .arn(key.channel_arn().unwrap())
        .send()
        .await
        .unwrap();
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(
        refusal(ivs.get_stream_key().arn(key.arn().unwrap()).send().await),
        not_found
    );
    assert_eq!(
        refusal(ivs.list_stream_keys().channel_arn(NO_CHANNEL).send().await),
        not_found
    );
    assert_eq!(
        refusal(ivs.create_stream_key().channel_arn(NO_CHANNEL).send().await),
        not_found
    );
}

#[tokio::test]
async fn batch_has_the_secrets_and_reports_what_it_cannot_find() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let key = ivs.create_channel().send().await.unwrap().stream_key.unwrap();
    let unknown = arn("stream-key", "Ab12");
    let batch = ivs
        .batch_get_stream_key()
        .arns(key.arn().unwrap())
        .arns(&unknown)
        .send()
        .await
        .unwrap();
    assert_eq!(batch.stream_keys(), [key]);
    assert_eq!(
        (batch.errors()[0].arn(), batch.errors()[0].code()),
        (Some(unknown.as_str()), Some("404"))
    );
}
