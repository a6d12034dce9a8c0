//! READ THIS FIRST: how a `LiveStream` becomes true. [`reconcile`] is the five steps, in order:
//!
//! [`desired`] (pure) → [`observe`] (reads) → [`plan`] (pure) → [`apply`] (writes) → [`status`] (pure, then one patch).
//!
//! Every decision is in [`plan`]; deletion is the same road. The rest of this module is the machinery around it: who
//! may write ([`leader`]), when to look again ([`backoff`]), what to tell ([`events`], [`metrics`], [`probes`]).

mod apply;
mod backoff;
pub mod desired;
mod events;
mod intent;
mod leader;
mod memory;
mod metrics;
mod observe;
pub mod observed;
mod options;
mod orphans;
pub mod plan;
mod probes;
mod secret;
mod slots;
pub mod status;

pub use options::{ControllerOptions, RegistryKind};

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{Patch, PatchParams},
    core::DeserializeGuard,
    runtime::{
        controller::{self, Action, Controller},
        events::{Event, EventType, Recorder, Reporter},
        reflector::ObjectRef,
        watcher,
    },
};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use self::{
    backoff::{Backoff, Fingerprint},
    desired::{Desired, Presence},
    leader::Leader,
    memory::Memory,
    metrics::ControllerMetrics,
    observed::{Fact, Failure, Observed, Part, StepError},
    plan::{Plan, Rules},
    slots::Slots,
};
use crate::{
    aws::{
        Aws, AwsMetrics, Registry,
        inventory::{Intervals, Inventory, ObjectKey, Resources},
    },
    crd::{FIELD_MANAGER, GROUP, LiveStream, LiveStreamStatus, VERSION, annotations},
};

/// The controlled type: an object that does not parse harms nobody but itself.
type Guarded = DeserializeGuard<LiveStream>;

/// Reconciliations at the same time. They spend their time waiting for AWS's quota, so this bounds memory.
const CONCURRENCY: u16 = 512;
/// Of these, those of one namespace, so that one tenant's queue leaves room for the others.
const NAMESPACE_CONCURRENCY: usize = CONCURRENCY as usize / 4;
/// How soon a replica that does not lead looks again; becoming the leader wakes everything anyhow.
const STANDBY: Duration = Duration::from_secs(30);
/// How soon to look again at a problem whose look costs AWS nothing.
const PROBLEM: Duration = Duration::from_secs(15);
/// Rounds of planning in one pass; a creation takes four.
const ROUNDS: usize = 16;

/// Why the controller could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The cluster's id could not be read.
    #[error(
        "cannot read the UID of namespace kube-system for the cluster id; allow `get` on it or give --cluster-id: {0}"
    )]
    ClusterId(#[source] kube::Error),
    /// The Lease could not be set up.
    #[error("cannot take part in the leader election: {0}")]
    Lease(#[from] kube_lease_manager::LeaseManagerError),
    /// The registry table could not be made.
    #[error("cannot create the registry table: {0}")]
    Registry(#[from] crate::aws::AwsError),
    /// The probes' address is taken.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, #[source] std::io::Error),
}

/// What a reconciliation works with.
struct Context {
    client: Client,
    aws: Aws,
    registry: Option<Registry>,
    cluster: String,
    leader: Leader,
    intervals: Intervals,
    resync: Duration,
    rules: Rules,
    inventories: Mutex<HashMap<String, Arc<Inventory>>>,
    wake: mpsc::UnboundedSender<ObjectKey>,
    tasks: TaskTracker,
    stop: CancellationToken,
    backoff: Backoff,
    memory: Memory,
    slots: Slots,
    /// Cancelled when the process is asked to stop: what still waits for its turn is not sent any more.
    stopping: CancellationToken,
    recorder: Recorder,
    metrics: ControllerMetrics,
}

/// Runs the controller until `shutdown`; then lets running reconciliations end and gives the Lease back.
///
/// # Errors
/// [`StartError`], before anything is watched.
pub async fn run(
    options: ControllerOptions,
    client: Client,
    shutdown: impl Future<Output = ()> + Send + Sync + 'static,
) -> Result<(), StartError> {
    let mut registered = prometheus_client::registry::Registry::default();
    let metrics = ControllerMetrics::register(&mut registered);
    let aws = Aws::connect(&options.region, AwsMetrics::register(&mut registered)).await;
    let cluster = match options.cluster_id {
        Some(id) => id,
        None => cluster_id(&client).await?,
    };
    let registry =
        (options.registry == RegistryKind::Dynamodb).then(|| aws.registry(&options.registry_table));
    if let Some(registry) = registry.as_ref().filter(|_| options.registry_create_table) {
        registry.create_table().await?;
    }
    let (leader, election) = if options.leader_elect {
        let (leader, election) =
            Leader::elect(client.clone(), &options.lease_namespace, options.identity.clone()).await?;
        (leader, Some(election))
    } else {
        (Leader::always(), None)
    };
    let (wake, woken) = mpsc::unbounded_channel();
    let rules = Rules {
        creation_grace: options.creation_grace,
        registry: registry.is_some(),
    };
    tracing::info!(%cluster, region = %options.region, registry = rules.registry, "controller starts");
    let context = Arc::new(Context {
        recorder: Recorder::new(
            client.clone(),
            Reporter {
                controller: FIELD_MANAGER.into(),
                instance: Some(options.identity),
            },
        ),
        client: client.clone(),
        aws,
        registry,
        cluster,
        leader,
        intervals: Intervals {
            sweep: options.sweep_interval,
            streams: options.stream_interval,
            deep: options.deep_interval,
        },
        resync: options.resync_interval,
        rules,
        inventories: Mutex::default(),
        wake,
        tasks: TaskTracker::new(),
        stop: CancellationToken::new(),
        backoff: Backoff::default(),
        memory: Memory::default(),
        slots: Slots::new(NAMESPACE_CONCURRENCY),
        stopping: CancellationToken::new(),
        metrics,
    });
    // The default region is swept from the start, so that what nobody owns any more is noticed.
    context.inventory(&options.region);

    let stopping = context.stopping.clone();
    let api: Api<Guarded> = Api::all(client);
    let controller = Controller::new(api, watcher::Config::default())
        .with_config(controller::Config::default().concurrency(CONCURRENCY));
    let store = controller.store();
    let probes = probes::Probes::new(registered, store.clone(), Arc::clone(&context));
    let listener = tokio::net::TcpListener::bind(options.listen)
        .await
        .map_err(|error| StartError::Listen(options.listen, error))?;
    context
        .tasks
        .spawn(probes.serve(listener, context.stop.clone().cancelled_owned()));
    context.tasks.spawn(orphans::watch(Arc::clone(&context), store));

    controller
        .reconcile_on(stream::unfold(
            woken,
            async |mut woken: mpsc::UnboundedReceiver<ObjectKey>| {
                let (namespace, name) = woken.recv().await?;
                Some((ObjectRef::new(&name).within(&namespace), woken))
            },
        ))
        .reconcile_all_on(leadership_gained(context.leader.clone()))
        .graceful_shutdown_on(async move {
            shutdown.await;
            stopping.cancel();
        })
        .run(reconcile, |_, never, _| match *never {}, Arc::clone(&context))
        .for_each(|result| async {
            // The reconciler itself never fails; what is left are objects that went while they waited, and the watch.
            if let Err(error @ controller::Error::QueueError(_)) = result {
                tracing::warn!(%error, "watching LiveStreams; trying again");
            }
        })
        .await;

    context.stop.cancel();
    context.tasks.close();
    context.tasks.wait().await;
    if let Some(election) = election {
        election.resign().await;
    }
    tracing::info!("controller has stopped");
    Ok(())
}

/// The one pass over one object.
async fn reconcile(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, Infallible> {
    if !context.leader.may_write() {
        return Ok(Action::requeue(STANDBY));
    }
    let object = match &guarded.0 {
        Ok(object) => object,
        Err(invalid) => {
            let note = format!("cannot be read and is left alone: {}", invalid.error);
            tracing::warn!(object = %invalid.metadata.name.as_deref().unwrap_or_default(), "{note}");
            context
                .publish(
                    &guarded.object_ref(&()),
                    events::event(EventType::Warning, "Invalid", &note),
                )
                .await;
            return Ok(Action::await_change());
        }
    };
    let (namespace, name) = key(object);
    let span = tracing::info_span!(
        "reconcile",
        namespace,
        name,
        generation = object.metadata.generation
    );
    // Boxed: thousands of these wait in the queue, and most never run far.
    Ok(Box::pin(reconcile_stream(object, &context))
        .instrument(span)
        .await)
}

async fn reconcile_stream(object: &LiveStream, context: &Context) -> Action {
    let uid = object.uid().unwrap_or_default();
    let fingerprint = fingerprint(object);
    if let Some(remaining) = context.backoff.remaining(&uid, &fingerprint) {
        return Action::requeue(remaining);
    }
    if context.memory.is_behind(object) {
        return Action::requeue(Duration::from_secs(1));
    }
    let old = object.status.clone().unwrap_or_default();
    let desired = Desired::new(object, &context.cluster, context.aws.default_region());
    let inventory = context.inventory(&desired.region);
    inventory.register(&key(object), resources(&old));
    if is_converged(&old, &desired) && *inventory.sweeps().borrow() == 0 {
        // After a restart the first sweep tells of thousands of objects in the time of a hundred direct reads, and
        // wakes them.
        return Action::requeue(Duration::from_secs(30));
    }
    let Some(_slot) = context.slots.enter(&desired.identity.namespace) else {
        return Action::requeue(Duration::from_secs(2).mul_f64(rand::random_range(0.5..1.5)));
    };
    let term = context.leader.term();
    let mut observed = observe::observe(context, object, &desired).await;
    let plan = advance(context, object, &desired, &mut observed).await;
    if context.leader.term() != term {
        // Another replica may have gone on from here: what this one saw is not to be told any more.
        return Action::requeue(STANDBY);
    }
    settle(context, object, &old, &desired, &observed, &plan, fingerprint).await
}

/// Plans and applies until nothing is left that can be done now.
async fn advance(context: &Context, object: &LiveStream, desired: &Desired, observed: &mut Observed) -> Plan {
    for _ in 0..ROUNDS {
        let plan = plan::plan(desired, observed, context.rules, Timestamp::now());
        if plan.steps.is_empty() {
            return plan;
        }
        for outcome in apply::apply(context, object, desired, plan.steps).await {
            match outcome {
                Ok(fact) => observed.learn(fact),
                Err(failure) => {
                    tracing::debug!(part = ?failure.part, error = %failure.error, "step failed");
                    observed.failures.push(failure);
                }
            }
        }
    }
    observed.failures.push(Failure {
        part: Part::Object,
        error: StepError::Stale,
    });
    plan::plan(desired, observed, context.rules, Timestamp::now())
}

/// Tells the outcome, and says when to look again.
async fn settle(
    context: &Context,
    object: &LiveStream,
    old: &LiveStreamStatus,
    desired: &Desired,
    observed: &Observed,
    plan: &Plan,
    fingerprint: Fingerprint,
) -> Action {
    let (uid, key) = (&desired.identity.uid, key(object));
    let deleting = desired.presence != Presence::Present;
    let reconcile_at = object.annotations().get(annotations::RECONCILE_AT);
    let new = status::status(
        old,
        desired,
        observed,
        plan,
        reconcile_at,
        context.rules.registry,
        Timestamp::now(),
    );
    for event in events::events(old, &new, observed, deleting) {
        context.publish(&object.object_ref(&()), event).await;
    }
    let inventory = context.inventory(&desired.region);
    if observed.facts.contains(&Fact::Released) || (deleting && !observed.finalizer) {
        inventory.unregister(&key);
        context.forget(uid);
        context.metrics.reconciled("changed");
        return Action::await_change();
    }
    inventory.register(&key, resources(&new));
    let mut failures = observed.failures.clone();
    let written = new != *old;
    if written && let Err(error) = context.write_status(object, &new).await {
        failures.push(Failure {
            part: Part::Object,
            error,
        });
    }
    if failures
        .iter()
        .any(|failure| matches!(failure.error, StepError::NotLeading))
    {
        return Action::requeue(STANDBY);
    }
    // A Secret is looked at without asking AWS: that can be done often, and its owner waits for it.
    let asks_aws = |problem: &plan::Problem| problem.part != Part::StreamKey;
    if !failures.is_empty() || plan.problems.iter().any(asks_aws) {
        let lasting = failures.iter().all(status::is_lasting);
        for failure in &failures {
            tracing::warn!(part = ?failure.part, error = %failure.error, "could not be done; trying again");
        }
        context
            .metrics
            .reconciled(if lasting { "stalled" } else { "failed" });
        return Action::requeue(context.backoff.fail(uid, fingerprint, lasting));
    }
    context.backoff.forget(uid);
    let outcome = match () {
        () if desired.paused => "paused",
        () if !plan.waits.is_empty() => "waiting",
        () if written || !observed.facts.is_empty() => "changed",
        () => "unchanged",
    };
    context.metrics.reconciled(outcome);
    tracing::debug!(outcome, "reconciled");
    let problems = plan.problems.iter().map(|_| PROBLEM);
    let recheck = plan.waits.iter().map(|wait| wait.recheck).chain(problems).min();
    Action::requeue(recheck.unwrap_or_else(|| context.resync.mul_f64(rand::random_range(0.9..1.1))))
}

impl Context {
    /// The inventory of a region; it begins when it is first asked for, and sweeps while this replica leads.
    fn inventory(&self, region: &str) -> Arc<Inventory> {
        let mut inventories = self.inventories.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(inventories.entry(region.to_owned()).or_insert_with(|| {
            let inventory = Arc::new(Inventory::new(self.aws.region(region), self.wake.clone()));
            let (running, leader, intervals) = (Arc::clone(&inventory), self.leader.clone(), self.intervals);
            let sweeping = async move {
                loop {
                    leader.until(true).await;
                    tokio::select! {
                        () = running.run(intervals) => {}
                        () = leader.until(false) => {}
                    }
                }
            };
            let stop = self.stop.clone();
            self.tasks
                .spawn(async move { stop.run_until_cancelled(sweeping).await });
            inventory
        }))
    }

    fn regions(&self) -> Vec<Arc<Inventory>> {
        let inventories = self.inventories.lock().unwrap_or_else(PoisonError::into_inner);
        inventories.values().cloned().collect()
    }

    fn forget(&self, uid: &str) {
        self.backoff.forget(uid);
        self.memory.forget(uid);
    }

    async fn publish(&self, object: &k8s_openapi::api::core::v1::ObjectReference, event: Event) {
        if let Err(error) = self.recorder.publish(&event, object).await {
            tracing::debug!(%error, reason = event.reason, "could not publish an event");
        }
    }

    async fn write_status(&self, object: &LiveStream, status: &LiveStreamStatus) -> Result<(), StepError> {
        let api: Api<LiveStream> =
            Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default());
        let patch = Patch::Apply(json!({
            "apiVersion": format!("{GROUP}/{VERSION}"),
            "kind": LiveStream::kind(&()),
            // The UID keeps the status of one object from an other of the same name.
            "metadata": {"name": object.name_any(), "uid": object.uid()},
            "status": status,
        }));
        let parameters = PatchParams::apply(FIELD_MANAGER).force();
        match api.patch_status(&object.name_any(), &parameters, &patch).await {
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            written => {
                let written = written?;
                self.memory
                    .wrote(&object.uid().unwrap_or_default(), written.resource_version());
                Ok(())
            }
        }
    }
}

fn key(object: &LiveStream) -> ObjectKey {
    (object.namespace().unwrap_or_default(), object.name_any())
}

fn resources(status: &LiveStreamStatus) -> Resources {
    Resources {
        channel: status.channel.as_ref().map(|channel| channel.arn.clone()),
        room: status.chat.as_ref().map(|chat| chat.arn.clone()),
        stream_key: status
            .ingest
            .as_ref()
            .and_then(|ingest| ingest.stream_key_arn.clone()),
    }
}

fn is_converged(status: &LiveStreamStatus, desired: &Desired) -> bool {
    let conditions = crate::crd::Conditions::new(status.conditions.clone());
    desired.presence == Presence::Present
        && status.observed_generation == desired.generation
        && conditions.is_true(crate::crd::ConditionType::Ready)
}

/// What a user changes to have an object looked at.
fn fingerprint(object: &LiveStream) -> Fingerprint {
    let asked = [
        annotations::PAUSED,
        annotations::RECONCILE_AT,
        annotations::ROTATE_STREAM_KEY,
        annotations::FORCE,
    ];
    (
        object.metadata.generation.unwrap_or_default(),
        object.metadata.deletion_timestamp.is_some(),
        asked
            .iter()
            .map(|key| object.annotations().get(*key).cloned())
            .collect(),
    )
}

/// Fires whenever this replica becomes the leader: everything is looked at then.
fn leadership_gained(leader: Leader) -> impl futures::Stream<Item = ()> + Send + 'static {
    stream::unfold((leader, false), async |(leader, led)| {
        if led {
            leader.until(false).await;
        }
        leader.until(true).await;
        Some(((), (leader, true)))
    })
}

async fn cluster_id(client: &Client) -> Result<String, StartError> {
    let namespaces: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    let system = namespaces
        .get("kube-system")
        .await
        .map_err(StartError::ClusterId)?;
    Ok(system.uid().unwrap_or_default())
}
