//! Leader election: which replica may write.
//!
//! A kept crate holds and renews the Lease. Whether we may write is judged separately, by the Lease as we last saw it
//! and the clock: a replica that was stopped or cut off past its lease finds it expired, whatever the crate last said.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
    runtime::{WatchStreamExt, watcher},
};
use kube_lease_manager::{LeaseManagerBuilder, LeaseManagerError};
use tokio::{sync::watch, task::JoinHandle};

/// Name of the Lease.
pub const LEASE: &str = "ivs-operator-controller";
/// How long a lease holds without renewal, in seconds.
const DURATION: u64 = 15;
/// How long before its end the lease is renewed, in seconds.
const GRACE: u64 = 10;
/// How long before its end the holder stops writing: longer than one call may take to be sent.
const MARGIN: Duration = Duration::from_secs(2);

/// Knows whether this replica may write.
#[derive(Clone, Debug)]
pub struct Leader(Option<Held>);

#[derive(Clone, Debug)]
struct Held {
    identity: Arc<str>,
    lease: watch::Receiver<Option<Holding>>,
}

/// What the Lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holding {
    holder: String,
    /// When the holder took it over: tells one term from another of the same holder.
    since: Option<Timestamp>,
    /// Until when the holder may write.
    until: Timestamp,
}

/// A term of leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term(Option<Timestamp>);

/// The task that holds the Lease. Dropping it gives the Lease back.
#[derive(Debug)]
pub struct Election {
    /// Closing it is how the crate is told to give the Lease back.
    leading: watch::Receiver<bool>,
    watching: JoinHandle<()>,
    task: JoinHandle<Result<kube_lease_manager::LeaseManager, LeaseManagerError>>,
}

impl Leader {
    /// The only replica: always leads.
    #[must_use]
    pub const fn always() -> Self {
        Self(None)
    }

    /// Takes part in the election.
    pub async fn elect(
        client: Client,
        namespace: &str,
        identity: String,
    ) -> Result<(Self, Election), LeaseManagerError> {
        let manager = LeaseManagerBuilder::new(client.clone(), LEASE)
            .with_namespace(namespace)
            .with_identity(identity.clone())
            .with_duration(DURATION)
            .with_grace(GRACE)
            .build()
            .await?;
        let (leading, task) = manager.watch().await;
        let (sender, lease) = watch::channel(None);
        let watching = tokio::spawn(watch_lease(Api::namespaced(client, namespace), sender));
        let leader = Self(Some(Held {
            identity: identity.into(),
            lease,
        }));
        Ok((
            leader,
            Election {
                leading,
                watching,
                task,
            },
        ))
    }

    /// Whether this replica may write now.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.term().is_some()
    }

    /// The present term of this replica, if it leads.
    #[must_use]
    pub fn term(&self) -> Option<Term> {
        self.0.as_ref().map_or(Some(Term(None)), Held::term)
    }

    /// Waits until this replica's right to write is as asked for.
    pub async fn until(&self, leading: bool) {
        let Some(held) = &self.0 else {
            if !leading {
                std::future::pending::<()>().await;
            }
            return;
        };
        let mut lease = held.lease.clone();
        while held.is_valid() != leading {
            // A lease that nobody renews expires without an event.
            let _ = tokio::time::timeout(Duration::from_secs(1), lease.changed()).await;
        }
    }
}

impl Held {
    fn term(&self) -> Option<Term> {
        let lease = self.lease.borrow();
        let holding = lease.as_ref()?;
        (*holding.holder == *self.identity && Timestamp::now() < holding.until).then_some(Term(holding.since))
    }

    fn is_valid(&self) -> bool {
        self.term().is_some()
    }
}

async fn watch_lease(api: Api<Lease>, sender: watch::Sender<Option<Holding>>) {
    let config = watcher::Config::default().fields(&format!("metadata.name={LEASE}"));
    let mut events = watcher(api.clone(), config).default_backoff().boxed();
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(lease) | watcher::Event::InitApply(lease)) => {
                sender.send_replace(holding(&lease));
            }
            Ok(watcher::Event::Delete(_)) => {
                // The crate makes the Lease at its start only: without this, nobody would lead any more.
                sender.send_replace(None);
                let empty = Lease {
                    metadata: ObjectMeta {
                        name: Some(LEASE.to_owned()),
                        ..ObjectMeta::default()
                    },
                    ..Lease::default()
                };
                if let Err(error) = api.create(&PostParams::default(), &empty).await {
                    tracing::debug!(%error, "another replica has made the deleted lease again");
                }
            }
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => {}
        }
    }
}

fn holding(lease: &Lease) -> Option<Holding> {
    let spec = lease.spec.as_ref()?;
    let renewed = spec.renew_time.as_ref()?.0;
    let duration = Duration::from_secs(u64::try_from(spec.lease_duration_seconds?).ok()?);
    Some(Holding {
        holder: spec.holder_identity.clone()?,
        since: spec.acquire_time.as_ref().map(|time| time.0),
        until: renewed.checked_add(duration.saturating_sub(MARGIN)).ok()?,
    })
}

impl Election {
    /// Gives the Lease back, so that a standby takes over at once.
    pub async fn resign(self) {
        self.watching.abort();
        drop(self.leading);
        if let Ok(Err(error)) = self.task.await {
            tracing::warn!(%error, "could not give the lease back; it expires by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use serde_json::json;

    use super::*;

    fn leader(holder: &str, renewed: Timestamp, acquired: Timestamp) -> Leader {
        let micro = |time: Timestamp| format!("{time:.6}");
        let lease: Lease = serde_json::from_value(json!({"spec": {
            "holderIdentity": holder, "leaseDurationSeconds": 15,
            "renewTime": micro(renewed), "acquireTime": micro(acquired),
        }}))
        .unwrap();
        let (_, receiver) = watch::channel(holding(&lease));
        Leader(Some(Held {
            identity: "me".into(),
            lease: receiver,
        }))
    }

    #[test]
    fn only_the_holder_of_a_lease_that_has_not_run_out_may_write() {
        let now = Timestamp::now();
        let ago = |seconds: i64| now.checked_sub(seconds.seconds()).unwrap();
        assert!(Leader::always().may_write());
        assert!(leader("me", now, now).may_write());
        assert!(leader("me", ago(10), ago(100)).may_write());
        assert!(
            !leader("me", ago(14), ago(100)).may_write(),
            "too near to its end"
        );
        assert!(
            !leader("me", ago(100), ago(100)).may_write(),
            "whatever the crate last said"
        );
        assert!(!leader("other", now, now).may_write());
        assert_ne!(leader("me", now, ago(1)).term(), leader("me", now, ago(2)).term());
    }
}
