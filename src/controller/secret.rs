//! The Secret with the stream key: what is in it, and how an edit by hand is noticed without asking AWS.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::OwnerReference};
use kube::{
    Api, Resource, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use sha2::{Digest, Sha256};

use super::{
    desired::Identity,
    observed::{SeenSecret, StepError},
};
use crate::{
    aws::model::{Endpoints, StreamKey},
    crd::{FIELD_MANAGER, GROUP, LiveStream, annotations},
};

/// URL that an encoder like OBS calls "server".
#[must_use]
pub fn ingest_server(ingest_endpoint: &str) -> String {
    format!("rtmps://{ingest_endpoint}:443/app/")
}

fn data(key: &StreamKey, endpoints: &Endpoints) -> BTreeMap<String, ByteString> {
    let (key, passphrase) = (key.value.expose(), endpoints.srt_passphrase.expose());
    let server = ingest_server(&endpoints.ingest_endpoint);
    let srt = format!(
        "srt://{}:9000?streamid={key}&passphrase={passphrase}",
        endpoints.srt_endpoint
    );
    [
        ("streamKey", key.to_owned()),
        ("ingestUrl", format!("{server}{key}")),
        ("ingestServer", server),
        ("srtUrl", srt),
        ("srtPassphrase", passphrase.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), ByteString(value.into_bytes())))
    .collect()
}

/// Over data and key ARN, salted with the owner's UID. The key has too many bits to be guessed from it.
fn digest(uid: &str, key_arn: &str, data: &BTreeMap<String, ByteString>) -> String {
    let mut hash = Sha256::new();
    for part in [uid, key_arn] {
        hash.update(part);
        hash.update([0]);
    }
    for (name, value) in data {
        hash.update(name);
        hash.update([0]);
        hash.update(&value.0);
        hash.update([0]);
    }
    crate::hex(&hash.finalize())
}

/// Looks at the Secret of that name.
pub async fn see(api: &Api<Secret>, name: &str, owner: &Identity) -> Result<SeenSecret, kube::Error> {
    let Some(secret) = api.get_opt(name).await? else {
        return Ok(SeenSecret::Absent);
    };
    Ok(judge(&secret, owner))
}

fn judge(secret: &Secret, owner: &Identity) -> SeenSecret {
    let uid = &owner.uid;
    if !secret
        .owner_references()
        .iter()
        .any(|reference| reference.uid == *uid)
    {
        // Names are unique in a namespace: another UID under our name is that of an object that is gone.
        let predecessor = |reference: &OwnerReference| {
            reference.kind == LiveStream::kind(&())
                && reference.api_version.starts_with(GROUP)
                && reference.name == owner.name
        };
        return if secret.owner_references().iter().any(predecessor) {
            SeenSecret::Predecessor
        } else {
            SeenSecret::Foreign
        };
    }
    let key_arn = secret
        .annotations()
        .get(annotations::STREAM_KEY_ARN)
        .cloned()
        .filter(|arn| {
            let expected = digest(uid, arn, secret.data.as_ref().unwrap_or(&BTreeMap::new()));
            secret.annotations().get(annotations::DIGEST) == Some(&expected)
        });
    SeenSecret::Ours { key_arn }
}

/// Writes the Secret. One of that name that is not the object's stays untouched: [`StepError::Stale`], and the next
/// look says why.
pub async fn publish(
    api: &Api<Secret>,
    object: &LiveStream,
    owner: &Identity,
    name: &str,
    key: &StreamKey,
    endpoints: &Endpoints,
) -> Result<(), StepError> {
    let data = data(key, endpoints);
    let annotations = BTreeMap::from([
        (annotations::STREAM_KEY_ARN.to_owned(), key.arn.clone()),
        (
            annotations::DIGEST.to_owned(),
            digest(&owner.uid, &key.arn, &data),
        ),
    ]);
    let mut secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            annotations: Some(annotations),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                FIELD_MANAGER.to_owned(),
            )])),
            owner_references: object.controller_owner_ref(&()).map(|reference| vec![reference]),
            ..ObjectMeta::default()
        },
        data: Some(data),
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    };
    let created = api
        .create(
            &PostParams {
                field_manager: Some(FIELD_MANAGER.into()),
                ..PostParams::default()
            },
            &secret,
        )
        .await;
    match created {
        Err(kube::Error::Api(status)) if status.is_already_exists() => {}
        created => return Ok(created.map(drop)?),
    }
    let existing = api.get(name).await?;
    if !matches!(judge(&existing, owner), SeenSecret::Ours { .. }) {
        return Err(StepError::Stale);
    }
    secret
        .metadata
        .resource_version
        .clone_from(&existing.metadata.resource_version);
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(name, &parameters, &Patch::Apply(&secret)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::model;

    fn owner() -> Identity {
        Identity {
            cluster: "c".into(),
            namespace: "ns".into(),
            name: "a".into(),
            uid: "u".into(),
        }
    }

    #[test]
    fn the_secret_of_a_predecessor_is_told_from_a_stranger() {
        let judged = |kind: &str, name: &str| {
            let reference = OwnerReference {
                api_version: "ivs-operator.dev/v1alpha1".into(),
                kind: kind.into(),
                name: name.into(),
                uid: "old".into(),
                ..OwnerReference::default()
            };
            let mut secret = Secret::default();
            secret.metadata.owner_references = Some(vec![reference]);
            judge(&secret, &owner())
        };
        assert_eq!(judged("LiveStream", "a"), SeenSecret::Predecessor);
        assert_eq!(judged("LiveStream", "b"), SeenSecret::Foreign);
        assert_eq!(judged("Deployment", "a"), SeenSecret::Foreign);
    }

    #[test]
    fn an_edit_by_hand_is_noticed() {
        let key = StreamKey {
            arn: "k".into(),
            value: model::Secret::new("sk_1"),
        };
        let endpoints = Endpoints {
            playback_url: String::new(),
            ingest_endpoint: "in".into(),
            srt_endpoint: "srt".into(),
            srt_passphrase: model::Secret::new("p"),
        };
        let data = data(&key, &endpoints);
        let mut secret = Secret {
            data: Some(data.clone()),
            ..Secret::default()
        };
        assert_eq!(judge(&secret, &owner()), SeenSecret::Foreign);
        secret.metadata.owner_references = Some(vec![OwnerReference {
            uid: "u".into(),
            ..OwnerReference::default()
        }]);
        secret.metadata.annotations = Some(BTreeMap::from([
            (annotations::STREAM_KEY_ARN.into(), "k".into()),
            (annotations::DIGEST.into(), digest("u", "k", &data)),
        ]));
        assert_eq!(
            judge(&secret, &owner()),
            SeenSecret::Ours {
                key_arn: Some("k".into())
            }
        );
        secret
            .data
            .as_mut()
            .unwrap()
            .insert("streamKey".into(), ByteString(b"other".to_vec()));
        assert_eq!(judge(&secret, &owner()), SeenSecret::Ours { key_arn: None });
    }

    #[test]
    fn an_encoder_finds_server_key_and_urls() {
        let key = StreamKey {
            arn: "k".into(),
            value: model::Secret::new("sk_1"),
        };
        let endpoints = Endpoints {
            playback_url: String::new(),
            ingest_endpoint: "in.example".into(),
            srt_endpoint: "srt.example".into(),
            srt_passphrase: model::Secret::new("pass"),
        };
        let data = data(&key, &endpoints);
        let text = |name: &str| String::from_utf8(data[name].0.clone()).unwrap();
        assert_eq!(text("ingestServer"), "rtmps://in.example:443/app/");
        assert_eq!(text("ingestUrl"), "rtmps://in.example:443/app/sk_1");
        assert_eq!(
            text("srtUrl"),
            "srt://srt.example:9000?streamid=sk_1&passphrase=pass"
        );
    }
}
