//! Channels and rooms with this cluster's tags that belong to no object: counted and told, never touched.

use std::{collections::HashSet, sync::Arc};

use kube::{ResourceExt, runtime::reflector::Store};

use super::{Context, Guarded};
use crate::crd::tags;

/// Looks for orphans after every sweep of any region, until the controller stops.
pub(super) async fn watch(context: Arc<Context>, store: Store<Guarded>) {
    let looking = async {
        if store.wait_until_ready().await.is_err() {
            return;
        }
        let mut known = HashSet::new();
        loop {
            tokio::time::sleep(context.intervals.sweep).await;
            if !context.leader.may_write() {
                context.metrics.orphans.set(0);
                continue;
            }
            let found = look(&context, &store);
            for (arn, owner) in found.iter().filter(|(arn, _)| !known.contains(arn)) {
                tracing::warn!(
                    arn,
                    owner,
                    "orphan: has this cluster's tags and no LiveStream; delete it in AWS if it is not needed"
                );
            }
            context
                .metrics
                .orphans
                .set(i64::try_from(found.len()).unwrap_or(i64::MAX));
            known = found.into_iter().map(|(arn, _)| arn).collect();
        }
    };
    context.stop.run_until_cancelled(looking).await;
}

fn look(context: &Context, store: &Store<Guarded>) -> Vec<(String, String)> {
    let alive: HashSet<String> = store.state().iter().filter_map(|object| object.uid()).collect();
    let tagged = context
        .regions()
        .into_iter()
        .flat_map(|inventory| inventory.tagged(|found| found.get(tags::CLUSTER) == Some(&context.cluster)));
    tagged
        .filter(|(_, found)| found.get(tags::UID).is_none_or(|uid| !alive.contains(uid)))
        .map(|(arn, found)| {
            let tag = |key| found.get(key).map(String::as_str).unwrap_or_default();
            (arn, format!("{}/{}", tag(tags::NAMESPACE), tag(tags::NAME)))
        })
        .collect()
}
