//! Channels: life, defaults, rules between members, batch, references.

use std::collections::HashMap;

use aws_sdk_ivs::types::{
    ChannelLatencyMode, ChannelType, ContainerFormat, MultitrackInputConfiguration,
    MultitrackMaximumResolution, MultitrackPolicy, TranscodePreset,
};
use ivs_emulator::Config;
use serde_json::json;

use crate::support::{Emulator, NO_CHANNEL, REGION, arn, id, is, refusal};

#[tokio::test]
async fn defaults_are_filled_in() {
    let config = Config {
        public_url: Some("http://localhost:4570/".into()),
        ..Config::default()
    };
    let emulator = Emulator::start_with(config).await;
    let created = emulator.ivs.create_channel().send().await.unwrap();
    let (channel, key) = (created.channel.unwrap(), created.stream_key.unwrap());
    assert_eq!(channel.name(), Some(""));
    assert_eq!(channel.r#type(), Some(&ChannelType::StandardChannelType));
    assert_eq!(channel.latency_mode(), Some(&ChannelLatencyMode::LowLatency));
    assert_eq!(channel.container_format(), Some(&ContainerFormat::Ts));
    assert_eq!(channel.preset().map(TranscodePreset::as_str), Some(""));
    assert_eq!(channel.recording_configuration_arn(), Some(""));
    assert!(!channel.authorized && !channel.insecure_ingest);
    let multitrack = channel.multitrack_input_configuration().unwrap();
    assert_eq!(multitrack.policy(), Some(&MultitrackPolicy::Allow));
    assert_eq!(
        multitrack.maximum_resolution(),
        Some(&MultitrackMaximumResolution::FullHd)
    );
    assert_eq!(channel.srt().unwrap().passphrase().unwrap().len(), 69);

    let channel_id = id(channel.arn().unwrap());
    assert_eq!(channel.arn(), Some(arn("channel", channel_id).as_str()));
    assert_eq!(
        channel.playback_url(),
        Some(
            format!("http://localhost:4570/api/video/v1/{REGION}.123456789012.channel.{channel_id}.m3u8")
                .as_str()
        )
    );
    let (prefix, domain) = channel.ingest_endpoint().unwrap().split_once('.').unwrap();
    assert_eq!(domain, "global-contribute.live-video.net");
    assert!(prefix.len() == 12 && prefix.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(key.channel_arn(), channel.arn());
    let value = key.value().unwrap();
    assert!(
        value.starts_with(&format!("sk_{REGION}_")) && value.len() <= 128,
        "{value}"
    );
}

#[tokio::test]
async fn life_of_a_channel() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let tags = HashMap::from([("a".to_owned(), "b".to_owned())]);
    let created = ivs
        .create_channel()
        .name("one")
        .set_tags(Some(tags.clone()))
        .send()
        .await
        .unwrap();
    let channel = created.channel.unwrap();
    assert_eq!(channel.tags(), Some(&tags));
    assert_eq!(
        created.stream_key.unwrap().tags(),
        Some(&HashMap::new()),
        "tags are the channel's alone"
    );
    let arn = channel.arn().unwrap();
    assert_eq!(
        ivs.get_channel().arn(arn).send().await.unwrap().channel(),
        Some(&channel)
    );

    let updated = ivs
        .update_channel()
        .arn(arn)
        .name("two")
        .authorized(true)
        .send()
        .await
        .unwrap();
    let updated = updated.channel.unwrap();
    assert_eq!((updated.name(), updated.authorized), (Some("two"), true));
    assert_eq!(updated.tags(), Some(&tags));
    assert_eq!(updated.playback_url(), channel.playback_url());
    assert_eq!(
        ivs.get_channel().arn(arn).send().await.unwrap().channel(),
        Some(&updated)
    );

    ivs.delete_channel().arn(arn).send().await.unwrap();
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(refusal(ivs.get_channel().arn(arn).send().await), not_found);
    assert_eq!(refusal(ivs.delete_channel().arn(arn).send().await), not_found);
    assert_eq!(refusal(ivs.update_channel().arn(arn).send().await), not_found);
    assert_eq!(emulator.get("state").await["channels"], json!([]));
}

#[tokio::test]
async fn names_are_not_unique() {
    let emulator = Emulator::start().await;
    assert_ne!(
        emulator.named_channel("same").await,
        emulator.named_channel("same").await
    );
    let found = emulator
        .ivs
        .list_channels()
        .filter_by_name("same")
        .send()
        .await
        .unwrap();
    assert_eq!(found.channels().len(), 2);
}

#[tokio::test]
async fn rules_between_members() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let multitrack = MultitrackInputConfiguration::builder()
        .enabled(true)
        .policy(MultitrackPolicy::Require)
        .maximum_resolution(MultitrackMaximumResolution::Hd)
        .build();
    let invalid = is("ValidationException", 400);
    let preset = TranscodePreset::HigherBandwidthTranscodePreset;
    assert_eq!(
        refusal(ivs.create_channel().preset(preset.clone()).send().await),
        invalid
    );
    assert_eq!(
        refusal(
            ivs.create_channel()
                .multitrack_input_configuration(multitrack.clone())
                .send()
                .await
        ),
        invalid
    );
    let advanced = ivs
        .create_channel()
        .r#type(ChannelType::AdvancedHdChannelType)
        .send()
        .await
        .unwrap()
        .channel
        .unwrap();
    assert_eq!(
        advanced.preset(),
        Some(&preset),
        "the ADVANCED types have a default"
    );
    let arn = advanced.arn().unwrap();
    let standard = ivs
        .update_channel()
        .arn(arn)
        .r#type(ChannelType::StandardChannelType)
        .send()
        .await
        .unwrap();
    assert_eq!(
        standard.channel.unwrap().preset().map(TranscodePreset::as_str),
        Some("")
    );
    let with_multitrack = ivs
        .update_channel()
        .arn(arn)
        .container_format(ContainerFormat::FragmentedMp4)
        .multitrack_input_configuration(multitrack);
    assert!(
        with_multitrack
            .send()
            .await
            .unwrap()
            .channel
            .unwrap()
            .multitrack_input_configuration
            .unwrap()
            .enabled
    );
    let basic = ivs
        .update_channel()
        .arn(arn)
        .r#type(ChannelType::BasicChannelType);
    assert_eq!(refusal(basic.send().await), invalid);
}

#[tokio::test]
async fn batch_reports_what_it_cannot_find() {
    let emulator = Emulator::start().await;
    let (one, two) = (emulator.channel().await, emulator.channel().await);
    let elsewhere = one.replace(REGION, "us-east-1");
    let batch = emulator
        .ivs
        .batch_get_channel()
        .arns(&two)
        .arns(NO_CHANNEL)
        .arns(&one)
        .arns(&two)
        .arns(&elsewhere)
        .send()
        .await
        .unwrap();
    let found: Vec<_> = batch
        .channels()
        .iter()
        .filter_map(|channel| channel.arn())
        .collect();
    assert_eq!(found, [two.as_str(), one.as_str()], "request order, each once");
    let errors: Vec<_> = batch
        .errors()
        .iter()
        .map(|error| (error.arn().unwrap(), error.code().unwrap()))
        .collect();
    assert_eq!(errors, [(NO_CHANNEL, "404"), (elsewhere.as_str(), "404")]);
}

#[tokio::test]
async fn references_have_to_exist_unless_told_otherwise() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let recording = arn("recording-configuration", "Ab12");
    let create = ivs.create_channel().recording_configuration_arn(&recording);
    assert_eq!(
        refusal(create.clone().send().await),
        is("ResourceNotFoundException", 404)
    );
    emulator.set(json!({"references": "Accept"})).await;
    let channel = create.send().await.unwrap().channel.unwrap();
    assert_eq!(channel.recording_configuration_arn(), Some(recording.as_str()));
    let filtered = ivs
        .list_channels()
        .filter_by_recording_configuration_arn(&recording)
        .send()
        .await
        .unwrap();
    assert_eq!(filtered.channels().len(), 1);
    let cleared = ivs
        .update_channel()
        .arn(channel.arn().unwrap())
        .recording_configuration_arn("")
        .send()
        .await;
    assert_eq!(
        cleared.unwrap().channel.unwrap().recording_configuration_arn(),
        Some("")
    );
}

#[tokio::test]
async fn regions_and_accounts_do_not_see_each_other() {
    let emulator = Emulator::start().await;
    let arn = emulator.channel().await;
    let elsewhere = emulator.ivs_with("us-west-2", aws_sdk_ivs::config::retry::RetryConfig::disabled());
    assert!(
        elsewhere
            .list_channels()
            .send()
            .await
            .unwrap()
            .channels()
            .is_empty()
    );
    let not_found = is("ResourceNotFoundException", 404);
    assert_eq!(refusal(elsewhere.get_channel().arn(&arn).send().await), not_found);
    let foreign = arn.replace("123456789012", "210987654321");
    assert_eq!(
        refusal(emulator.ivs.delete_channel().arn(foreign).send().await),
        not_found
    );
}
