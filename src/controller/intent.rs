//! The creation intent: written with the finalizer, in one conflict-checked patch, before anything is created.

use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::observed::{Intent, Kind, SeenIntent, StepError};
use crate::crd::{FIELD_MANAGER, FINALIZER, LiveStream, LiveStreamStatus, annotations::CREATION_INTENT};

/// The part of the object's intent whose outcome is open: its resource is not in the status, and it is not known that
/// there is none.
pub fn outstanding(
    object: &LiveStream,
    status: &LiveStreamStatus,
    is_settled: impl Fn(Kind, Timestamp) -> bool,
) -> SeenIntent {
    let Some(mut intent) = read(object) else {
        return SeenIntent::None;
    };
    intent.what.retain(|kind| {
        let recorded = match kind {
            Kind::Channel => status.channel.is_some(),
            Kind::Room => status.chat.is_some(),
        };
        !recorded && !is_settled(*kind, intent.at)
    });
    if intent.what.is_empty() {
        SeenIntent::None
    } else {
        SeenIntent::Pending(intent)
    }
}

/// The intent that stands in the object. One that somebody has garbled counts as old and whole: everything is looked
/// up before it is created.
fn read(object: &LiveStream) -> Option<Intent> {
    let annotation = object.annotations().get(CREATION_INTENT)?;
    Some(serde_json::from_str(annotation).unwrap_or_else(|_| Intent {
        what: vec![Kind::Channel, Kind::Room],
        name: String::new(),
        at: Timestamp::UNIX_EPOCH,
    }))
}

/// How often a patch is tried again when somebody else writes the object all the time.
const ATTEMPTS: u32 = 10;

/// Writes finalizer and intent, and says which version the object has then. [`StepError::Stale`] if the object is not as this pass saw it any more: another spec,
/// another intent, deleted, or another object of that name.
///
/// What is checked is the object as the apiserver has it now, not the cache; and the patch carries its version, so
/// that of two leaders one loses.
pub async fn write(
    api: &Api<LiveStream>,
    seen: &LiveStream,
    what: Vec<Kind>,
    name: String,
    now: Timestamp,
) -> Result<(Option<Intent>, Option<String>), StepError> {
    let intent = (!what.is_empty()).then_some(Intent { what, name, at: now });
    for _ in 0..ATTEMPTS {
        let object = api.get(&seen.name_any()).await?;
        let same = object.uid() == seen.uid()
            && object.metadata.generation == seen.metadata.generation
            && object.metadata.deletion_timestamp == seen.metadata.deletion_timestamp
            && object.annotations().get(CREATION_INTENT) == seen.annotations().get(CREATION_INTENT);
        if !same {
            return Err(StepError::Stale);
        }
        let mut finalizers = object.finalizers().to_vec();
        if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
            finalizers.push(FINALIZER.to_owned());
        }
        let mut metadata = json!({
            "resourceVersion": object.metadata.resource_version,
            "finalizers": finalizers,
        });
        if let Some(intent) = &intent {
            metadata["annotations"] = json!({CREATION_INTENT: json!(intent).to_string()});
        }
        match patch(api, &object, &metadata).await {
            Err(StepError::Stale) => {}
            patched => return patched.map(|version| (intent, version)),
        }
    }
    Err(StepError::Stale)
}

/// Removes the finalizer; that the object is gone already is success.
pub async fn release(api: &Api<LiveStream>, seen: &LiveStream) -> Result<(), StepError> {
    for _ in 0..ATTEMPTS {
        let Some(object) = api.get_opt(&seen.name_any()).await? else {
            return Ok(());
        };
        if object.uid() != seen.uid() {
            return Ok(());
        }
        let finalizers: Vec<_> = object
            .finalizers()
            .iter()
            .filter(|finalizer| *finalizer != FINALIZER)
            .collect();
        let metadata = json!({
            "resourceVersion": object.metadata.resource_version,
            "finalizers": finalizers,
        });
        match patch(api, &object, &metadata).await {
            Err(StepError::Stale) => {}
            Err(StepError::Kubernetes(error)) if is_not_found(&error) => return Ok(()),
            released => return released.map(drop),
        }
    }
    Err(StepError::Stale)
}

async fn patch(
    api: &Api<LiveStream>,
    object: &LiveStream,
    metadata: &serde_json::Value,
) -> Result<Option<String>, StepError> {
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let parameters = PatchParams {
        field_manager: Some(FIELD_MANAGER.into()),
        ..PatchParams::default()
    };
    let patched = api
        .patch_metadata(&object.name_any(), &parameters, &patch)
        .await?;
    Ok(patched.metadata.resource_version)
}

fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.is_not_found())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn open(annotation: Option<&str>, status: &Value, settled: &[Kind]) -> Vec<Kind> {
        let mut object = json!({
            "apiVersion": "ivs-operator.dev/v1alpha1", "kind": "LiveStream",
            "metadata": {"name": "a", "namespace": "ns"}, "spec": {}, "status": status,
        });
        if let Some(annotation) = annotation {
            object["metadata"]["annotations"] = json!({CREATION_INTENT: annotation});
        }
        let object: LiveStream = serde_json::from_value(object).unwrap();
        let status = object.status.clone().unwrap_or_default();
        match outstanding(&object, &status, |kind, _| settled.contains(&kind)) {
            SeenIntent::Pending(intent) => intent.what,
            _ => Vec::new(),
        }
    }

    #[test]
    fn an_intent_is_open_until_its_outcome_is_known() {
        use Kind::{Channel, Room};
        let both = r#"{"what":["Channel","Room"],"name":"n","at":"2026-01-01T00:00:00Z"}"#;
        let channel = json!({"channel": {"arn": "c", "playbackUrl": "p", "ingestEndpoint": "i"}});
        for (annotation, status, settled, expected) in [
            (None, json!({}), &[][..], vec![]),
            (Some(both), json!({}), &[], vec![Channel, Room]),
            (Some(both), channel, &[], vec![Room]),
            (
                Some(both),
                json!({"chat": {"arn": "r", "id": "r"}}),
                &[Channel],
                vec![],
            ),
            (Some(both), json!({}), &[Room], vec![Channel]),
            // Garbled by somebody: everything is looked up before it is created.
            (Some("{"), json!({}), &[], vec![Channel, Room]),
        ] {
            assert_eq!(
                open(annotation, &status, settled),
                expected,
                "{annotation:?} {status} {settled:?}"
            );
        }
    }
}
