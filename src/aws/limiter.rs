//! The account's call rates, kept from our side: a queue for each region and operation.
//!
//! AWS allows a few calls a second per operation for a whole account and region. Every call takes its turn here:
//! what users caused goes before sweeps, and namespaces take turns, so that one tenant's thousand streams do not
//! stand in front of another's one.

use std::{
    collections::{HashMap, VecDeque},
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{mpsc, oneshot};

macro_rules! operations {
    ($($name:ident = $tps:literal),+ $(,)?) => {
        /// The operations that are called, with AWS's calls a second per account and region (IVS and IVS Chat
        /// service quotas, "API call rates"; not adjustable).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is AWS's operation of that name")]
        pub enum Operation { $($name),+ }

        impl Operation {
            /// AWS's name of the operation.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }

            /// Calls a second that AWS allows.
            #[must_use]
            pub const fn per_second(self) -> u32 {
                match self { $(Self::$name => $tps),+ }
            }
        }
    };
}

operations! {
    CreateChannel = 5, GetChannel = 5, BatchGetChannel = 5, ListChannels = 5, UpdateChannel = 5, DeleteChannel = 5,
    CreateStreamKey = 5, GetStreamKey = 5, BatchGetStreamKey = 5, ListStreamKeys = 5, DeleteStreamKey = 5,
    GetStream = 5, ListStreams = 5, StopStream = 5,
    TagResource = 10, UntagResource = 10,
    CreateRoom = 5, GetRoom = 5, ListRooms = 5, UpdateRoom = 5, DeleteRoom = 5,
    TagRoom = 10, UntagRoom = 10,
    CreateChatToken = 200,
}

/// On whose behalf a call is made, and whether it may still be made once its turn has come.
#[derive(Clone)]
pub struct Turn {
    /// Work on the `LiveStream`s of a namespace, or a sweep of the account, which gives way to the rest.
    namespace: Option<String>,
    permit: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl Turn {
    /// Work on the `LiveStream`s of a namespace.
    pub fn namespace(namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            permit: None,
        }
    }

    /// Reading the whole account.
    #[must_use]
    pub const fn sweep() -> Self {
        Self {
            namespace: None,
            permit: None,
        }
    }

    /// Only while this holds: a call may wait for minutes, and who made it may have lost the right to it by then.
    #[must_use]
    pub fn only_while(self, permit: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self {
            permit: Some(Arc::new(permit)),
            ..self
        }
    }

    /// Whether the call may still be made.
    #[must_use]
    pub fn is_permitted(&self) -> bool {
        self.permit.as_ref().is_none_or(|permit| permit())
    }
}

/// The queues of one region.
#[derive(Debug, Default)]
pub struct Limiter {
    queues: Mutex<HashMap<Operation, mpsc::UnboundedSender<Waiter>>>,
}

#[derive(Debug)]
struct Waiter {
    namespace: Option<String>,
    go: oneshot::Sender<()>,
}

impl Limiter {
    /// Waits until the call may be made; returns how long that took.
    pub async fn acquire(&self, operation: Operation, turn: &Turn) -> Duration {
        let begin = Instant::now();
        let (go, went) = oneshot::channel();
        {
            let mut queues = self
                .queues
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let queue = queues.entry(operation).or_insert_with(|| {
                let (sender, receiver) = mpsc::unbounded_channel();
                tokio::spawn(dispatch(operation.per_second(), receiver));
                sender
            });
            // A closed queue means that the runtime is going down, and the call with it.
            let _ = queue.send(Waiter {
                namespace: turn.namespace.clone(),
                go,
            });
        }
        let _ = went.await;
        begin.elapsed()
    }
}

async fn dispatch(per_second: u32, mut arrivals: mpsc::UnboundedReceiver<Waiter>) {
    let rate = NonZeroU32::new(per_second).unwrap_or(NonZeroU32::MIN);
    // AWS counts whole seconds: a burst of one second's worth at most.
    let bucket: DefaultDirectRateLimiter = RateLimiter::direct(Quota::per_second(rate));
    let mut waiting = Waiting::default();
    while let Some(first) = arrivals.recv().await {
        waiting.push(first);
        while !waiting.is_empty() {
            bucket.until_ready().await;
            while let Ok(more) = arrivals.try_recv() {
                waiting.push(more);
            }
            // One who has stopped waiting does not use up a call.
            while let Some(next) = waiting.pop() {
                if next.go.send(()).is_ok() {
                    break;
                }
            }
        }
    }
}

/// Sweeps get every fifth call while others wait, so that they are slowed and not stopped.
const SWEEP_SHARE: u32 = 5;

#[derive(Debug, Default)]
struct Waiting {
    namespaces: VecDeque<(String, VecDeque<Waiter>)>,
    sweeps: VecDeque<Waiter>,
    since_sweep: u32,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.namespaces.is_empty() && self.sweeps.is_empty()
    }

    fn push(&mut self, waiter: Waiter) {
        let Some(namespace) = &waiter.namespace else {
            return self.sweeps.push_back(waiter);
        };
        match self.namespaces.iter_mut().find(|(name, _)| name == namespace) {
            Some((_, queue)) => queue.push_back(waiter),
            None => self
                .namespaces
                .push_back((namespace.clone(), VecDeque::from([waiter]))),
        }
    }

    fn pop(&mut self) -> Option<Waiter> {
        let sweep_is_due = self.namespaces.is_empty() || self.since_sweep + 1 >= SWEEP_SHARE;
        if sweep_is_due && let Some(sweep) = self.sweeps.pop_front() {
            self.since_sweep = 0;
            return Some(sweep);
        }
        let (namespace, mut queue) = self.namespaces.pop_front()?;
        let next = queue.pop_front();
        if !queue.is_empty() {
            self.namespaces.push_back((namespace, queue));
        }
        self.since_sweep += 1;
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(waiters: &[Option<&str>]) -> Vec<String> {
        let mut waiting = Waiting::default();
        for namespace in waiters {
            waiting.push(Waiter {
                namespace: namespace.map(ToOwned::to_owned),
                go: oneshot::channel().0,
            });
        }
        std::iter::from_fn(|| waiting.pop())
            .map(|waiter| waiter.namespace.unwrap_or_else(|| "sweep".into()))
            .collect()
    }

    #[test]
    fn namespaces_take_turns_and_sweeps_give_way_without_starving() {
        let mut waiters = vec![None, None];
        waiters.extend([Some("big"); 5]);
        waiters.push(Some("small"));
        assert_eq!(
            order(&waiters),
            ["big", "small", "big", "big", "sweep", "big", "big", "sweep"]
        );
    }
}
