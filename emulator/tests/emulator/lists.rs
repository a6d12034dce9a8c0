//! Lists: pages, filters, order, and how late they are.

use std::collections::HashSet;

use serde_json::json;

use crate::support::{Emulator, arn, eventually, is, refusal};

#[tokio::test]
async fn pages_have_everything_once() {
    let emulator = Emulator::start().await;
    let mut created = Vec::new();
    for n in 0..7 {
        created.push(emulator.named_channel(&format!("c{n}")).await);
    }
    let mut pages = emulator.ivs.list_channels().into_paginator().page_size(3).send();
    let (mut listed, mut sizes) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push((page.channels().len(), page.next_token().is_some()));
        listed.extend(page.channels.into_iter().filter_map(|channel| channel.arn));
    }
    assert_eq!(listed, created, "in the order of creation");
    assert_eq!(sizes, [(3, true), (3, true), (1, false)]);
    let exactly = emulator.ivs.list_channels().max_results(7).send().await.unwrap();
    assert_eq!(exactly.next_token(), None, "a full last page has no token");
}

#[tokio::test]
async fn page_tokens_belong_to_their_list() {
    let emulator = Emulator::start().await;
    for _ in 0..2 {
        emulator.named_channel("a").await;
    }
    let ivs = &emulator.ivs;
    let first = ivs
        .list_channels()
        .filter_by_name("a")
        .max_results(1)
        .send()
        .await
        .unwrap();
    let token = first.next_token().unwrap();
    let next = ivs
        .list_channels()
        .filter_by_name("a")
        .next_token(token)
        .send()
        .await
        .unwrap();
    assert_eq!(next.channels().len(), 1);
    let invalid = is("ValidationException", 400);
    assert_eq!(
        refusal(ivs.list_channels().next_token(token).send().await),
        invalid
    );
    assert_eq!(
        refusal(ivs.list_streams().next_token(token).send().await),
        invalid
    );
    assert_eq!(
        refusal(ivs.list_channels().next_token("AAAA").send().await),
        invalid
    );
    assert_eq!(
        refusal(emulator.chat.list_rooms().next_token("AAAA").send().await),
        invalid
    );
    assert!(
        ivs.list_channels().next_token("").send().await.is_ok(),
        "empty is the first page"
    );
}

#[tokio::test]
async fn channels_take_one_filter_rooms_take_several() {
    let emulator = Emulator::start().await;
    emulator.named_channel("a").await;
    let (one, _) = (emulator.room("a").await, emulator.room("b").await);
    let two = emulator
        .ivs
        .list_channels()
        .filter_by_name("a")
        .filter_by_playback_restriction_policy_arn(arn("playback-restriction-policy", "Ab12"));
    assert_eq!(refusal(two.send().await), is("ConflictException", 409));
    let found = |name: &'static str, uri: &'static str| {
        let list = emulator
            .chat
            .list_rooms()
            .name(name)
            .message_review_handler_uri(uri);
        async { list.send().await.unwrap().rooms }
    };
    assert_eq!(found("a", "").await[0].arn(), Some(one.as_str()));
    assert_eq!(found("", "").await.len(), 2, "empty is no filter");
    assert!(found("A", "").await.is_empty(), "case counts");
    assert!(
        found("a", "arn:aws:lambda:eu-west-1:123456789012:function:f")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn rooms_are_sorted_by_their_last_update() {
    let emulator = Emulator::start().await;
    let rooms = [
        emulator.room("").await,
        emulator.room("").await,
        emulator.room("").await,
    ];
    let listed = || async {
        let page = emulator.chat.list_rooms().send().await.unwrap();
        page.rooms
            .into_iter()
            .filter_map(|room| room.arn)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        listed().await,
        [&rooms[2], &rooms[1], &rooms[0]].map(String::as_str)
    );
    let first = emulator.chat.list_rooms().max_results(1).send().await.unwrap();
    emulator
        .chat
        .update_room()
        .identifier(&rooms[0])
        .name("x")
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed().await,
        [&rooms[0], &rooms[2], &rooms[1]].map(String::as_str)
    );
    let rest = emulator
        .chat
        .list_rooms()
        .next_token(first.next_token().unwrap())
        .send()
        .await
        .unwrap();
    let rest: Vec<_> = rest.rooms().iter().filter_map(|room| room.arn()).collect();
    assert_eq!(
        rest,
        [rooms[1].as_str()],
        "a room that moves while one pages is skipped"
    );
    emulator
        .chat
        .tag_resource()
        .resource_arn(&rooms[1])
        .tags("a", "b")
        .send()
        .await
        .unwrap();
    assert_eq!(listed().await[0], rooms[0], "tags move nothing");
}

#[tokio::test]
async fn lists_lag_behind_when_told_to() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    let old = emulator.named_channel("old").await;
    emulator.set(json!({"listLagMs": 600_000})).await;
    let names = || async {
        let page = ivs.list_channels().send().await.unwrap();
        page.channels
            .into_iter()
            .filter_map(|channel| channel.name)
            .collect::<HashSet<_>>()
    };
    let new = emulator.named_channel("new").await;
    ivs.get_channel()
        .arn(&new)
        .send()
        .await
        .expect("only lists are late");
    assert_eq!(
        names().await.len(),
        0,
        "a lag counts for what happened before it was set, too"
    );
    emulator.set(json!({"listLagMs": 0})).await;
    assert_eq!(names().await.len(), 2);
    emulator.set(json!({"listLagMs": 600_000})).await;
    ivs.update_channel().arn(&new).name("newer").send().await.unwrap();
    ivs.delete_channel().arn(&old).send().await.unwrap();
    let late = names().await;
    assert!(late.contains("old") && late.contains("new"), "{late:?}");
    emulator.set(json!({"listLagMs": 50})).await;
    eventually(|| async { names().await == HashSet::from(["newer".to_owned()]) }).await;
}

#[tokio::test]
async fn reads_lag_behind_when_told_to() {
    let emulator = Emulator::start().await;
    let ivs = &emulator.ivs;
    emulator.set(json!({"readAfterWriteLagMs": 600_000})).await;
    let arn = emulator.channel().await;
    assert_eq!(
        refusal(ivs.get_channel().arn(&arn).send().await),
        is("ResourceNotFoundException", 404)
    );
    ivs.update_channel()
        .arn(&arn)
        .name("x")
        .send()
        .await
        .expect("writes know the truth");
    assert_eq!(
        emulator.get("state").await["channels"][0]["name"],
        "x",
        "and so does administration"
    );
    emulator.set(json!({"readAfterWriteLagMs": 20})).await;
    eventually(|| async { ivs.get_channel().arn(&arn).send().await.is_ok() }).await;
}

#[tokio::test]
async fn odd_pages_still_have_everything() {
    let emulator = Emulator::start().await;
    let mut created = HashSet::new();
    for _ in 0..30 {
        created.insert(emulator.channel().await);
    }
    emulator.set(json!({"pageSizeJitter": 1.0, "seed": 5})).await;
    let mut pages = emulator.ivs.list_channels().into_paginator().page_size(10).send();
    let (mut listed, mut sizes) = (Vec::new(), HashSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.insert(page.channels().len());
        listed.extend(page.channels.into_iter().filter_map(|channel| channel.arn));
    }
    assert_eq!(listed.len(), 30);
    assert_eq!(listed.into_iter().collect::<HashSet<_>>(), created);
    assert!(sizes.len() > 2, "{sizes:?}");
}
