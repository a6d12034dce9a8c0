//! An issuer's public keys: cached, refreshed by one request at a time.
//!
//! Keys that are known are used at once, also while they are asked for anew: an issuer that is slow or away is noticed
//! by nobody who has a token. A key id that is not known asks the issuer again, so that a rotation is noticed when it
//! happens, but not more often than every half minute, whatever callers send.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};

use super::{Refusal, discovery, key_set::PublicKey};

/// How long keys are used before they are asked for again.
const FRESH: Duration = Duration::from_mins(10);
/// How long keys are used while they cannot be asked for again: an issuer may be away for a night, but a key that it
/// took back meanwhile must not be good for ever.
const KEPT: Duration = Duration::from_hours(24);
/// Shortest time between a good answer and the next question.
const PAUSE: Duration = Duration::from_secs(30);
/// Shortest time between a failure and the next question.
const RETRY: Duration = Duration::from_secs(5);

/// The keys of one issuer.
#[derive(Clone)]
pub(super) struct Keys(Arc<Shared>);

struct Shared {
    issuer: String,
    client: reqwest::Client,
    cached: RwLock<Option<Cached>>,
    /// When the issuer may be asked next; held while it is asked.
    turn: Arc<Mutex<Option<Instant>>>,
}

struct Cached {
    keys: Vec<Arc<PublicKey>>,
    origins: Vec<String>,
    at: Instant,
}

type Turn = OwnedMutexGuard<Option<Instant>>;

impl Keys {
    pub(super) fn new(issuer: &str) -> Result<Self, reqwest::Error> {
        Ok(Self(Arc::new(Shared {
            issuer: issuer.to_owned(),
            client: discovery::client()?,
            cached: RwLock::default(),
            turn: Arc::default(),
        })))
    }

    /// The keys that may have signed a token with this key id; all, if it names none.
    pub(super) async fn find(&self, kid: Option<&str>) -> Result<Vec<Arc<PublicKey>>, Refusal> {
        match self.look(kid) {
            Some((known, true)) if !known.is_empty() => Ok(known),
            Some((known, false)) if !known.is_empty() => {
                if let Ok(turn) = Arc::clone(&self.0.turn).try_lock_owned() {
                    self.ask(turn);
                }
                Ok(known)
            }
            _ => {
                self.refresh().await;
                let (known, _) = self.look(kid).ok_or(Refusal::KeysUnavailable)?;
                Ok(known)
            }
        }
    }

    /// Origins that a browser speaks to while it signs in, as far as the issuer has told.
    pub(super) fn origins(&self) -> Option<Vec<String>> {
        let cached = self.0.cached.read().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().map(|cached| cached.origins.clone())
    }

    /// Asks the issuer, unless somebody has just done so: those who come meanwhile wait for that answer.
    pub(super) async fn refresh(&self) {
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        if let Some(asking) = self.ask(turn) {
            // The task goes on if the caller does not wait for it: its answer serves others too.
            let _ = asking.await;
        }
    }

    /// Keys with that id and whether they are fresh; `None` if there are no keys at all.
    fn look(&self, kid: Option<&str>) -> Option<(Vec<Arc<PublicKey>>, bool)> {
        let cached = self.0.cached.read().unwrap_or_else(PoisonError::into_inner);
        let cached = cached.as_ref().filter(|cached| cached.at.elapsed() < KEPT)?;
        let matches = |key: &&Arc<PublicKey>| kid.is_none_or(|kid| key.id.as_deref() == Some(kid));
        let known = cached.keys.iter().filter(matches).cloned().collect();
        Some((known, cached.at.elapsed() < FRESH))
    }

    fn ask(&self, mut turn: Turn) -> Option<JoinHandle<()>> {
        if turn.is_some_and(|next| Instant::now() < next) {
            return None;
        }
        let shared = Arc::clone(&self.0);
        Some(tokio::spawn(async move {
            let found = discovery::find(&shared.client, &shared.issuer).await;
            let now = Instant::now();
            match found {
                Ok(found) => {
                    let mut cached = shared.cached.write().unwrap_or_else(PoisonError::into_inner);
                    *cached = Some(Cached {
                        keys: found.keys.usable(),
                        origins: found.origins,
                        at: now,
                    });
                    *turn = Some(now + PAUSE);
                }
                Err(error) => {
                    tracing::warn!(issuer = shared.issuer, %error, "could not fetch the issuer's keys");
                    *turn = Some(now + RETRY);
                }
            }
        }))
    }

    /// Lets time pass for what is cached.
    #[cfg(test)]
    pub(super) async fn age(&self, by: Duration) {
        if let Some(next) = &mut *self.0.turn.lock().await {
            *next = next.checked_sub(by).unwrap();
        }
        if let Some(cached) = &mut *self.0.cached.write().unwrap() {
            cached.at = cached.at.checked_sub(by).unwrap();
        }
    }
}
