//! The Secret with the stream key: what is in it, and how an edit by hand is noticed without asking AWS.

use std::collections::BTreeMap;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, Resource, ResourceExt,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use sha2::{Digest, Sha256};

use super::observed::{SeenSecret, StepError};
use crate::{
    aws::model::{Endpoints, StreamKey},
    crd::{FIELD_MANAGER, LiveStream, annotations},
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
pub async fn see(api: &Api<Secret>, name: &str, uid: &str) -> Result<SeenSecret, kube::Error> {
    let Some(secret) = api.get_opt(name).await? else {
        return Ok(SeenSecret::Absent);
    };
    Ok(judge(&secret, uid))
}

fn judge(secret: &Secret, uid: &str) -> SeenSecret {
    if !secret.owner_references().iter().any(|owner| owner.uid == uid) {
        return SeenSecret::Foreign;
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
    owner: &LiveStream,
    name: &str,
    key: &StreamKey,
    endpoints: &Endpoints,
) -> Result<(), StepError> {
    let uid = owner.uid().unwrap_or_default();
    let data = data(key, endpoints);
    let annotations = BTreeMap::from([
        (annotations::STREAM_KEY_ARN.to_owned(), key.arn.clone()),
        (annotations::DIGEST.to_owned(), digest(&uid, &key.arn, &data)),
    ]);
    let mut secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            annotations: Some(annotations),
            labels: Some(BTreeMap::from([(
                "app.kubernetes.io/managed-by".to_owned(),
                FIELD_MANAGER.to_owned(),
            )])),
            owner_references: owner.controller_owner_ref(&()).map(|reference| vec![reference]),
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
    if judge(&existing, &uid) == SeenSecret::Foreign {
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
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    use super::*;
    use crate::aws::model;

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
        assert_eq!(judge(&secret, "u"), SeenSecret::Foreign);
        secret.metadata.owner_references = Some(vec![OwnerReference {
            uid: "u".into(),
            ..OwnerReference::default()
        }]);
        secret.metadata.annotations = Some(BTreeMap::from([
            (annotations::STREAM_KEY_ARN.into(), "k".into()),
            (annotations::DIGEST.into(), digest("u", "k", &data)),
        ]));
        assert_eq!(
            judge(&secret, "u"),
            SeenSecret::Ours {
                key_arn: Some("k".into())
            }
        );
        secret
            .data
            .as_mut()
            .unwrap()
            .insert("streamKey".into(), ByteString(b"other".to_vec()));
        assert_eq!(judge(&secret, "u"), SeenSecret::Ours { key_arn: None });
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
