//! When to look at an object again, and the patience with one that keeps failing. Per object, reset by success.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// First pause after a failure that may pass by itself.
const FIRST: Duration = Duration::from_secs(1);
/// Longest pause after failures that may pass by themselves.
const LONGEST: Duration = Duration::from_mins(1);
/// First pause after a failure that only a change from outside ends: permissions take effect within minutes.
const FIRST_LASTING: Duration = Duration::from_mins(1);
/// Every further one; at two calls a pass it keeps a broken object at ten calls an hour.
const LASTING: Duration = Duration::from_mins(12);

/// What a user can change to have an object looked at now.
pub type Fingerprint = (i64, bool, Vec<Option<String>>);

#[derive(Debug)]
struct Entry {
    failures: u32,
    until: Instant,
    fingerprint: Fingerprint,
}

/// The objects that have failed, by UID.
#[derive(Debug, Default)]
pub struct Backoff(Mutex<HashMap<String, Entry>>);

impl Backoff {
    /// Time left until the object is to be looked at again. Its own status write and other events wake it before:
    /// they are no reason to ask AWS. A change that a user made is.
    pub fn remaining(&self, uid: &str, fingerprint: &Fingerprint) -> Option<Duration> {
        let entries = self.entries();
        let entry = entries
            .get(uid)
            .filter(|entry| entry.fingerprint == *fingerprint)?;
        Some(entry.until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    /// Notes a failure and says how long to pause.
    pub fn fail(&self, uid: &str, fingerprint: Fingerprint, lasting: bool) -> Duration {
        let mut entries = self.entries();
        let known = entries.get(uid).filter(|entry| entry.fingerprint == fingerprint);
        let failures = known.map_or(0, |entry| entry.failures) + 1;
        let pause = pause(failures, lasting);
        entries.insert(
            uid.to_owned(),
            Entry {
                failures,
                until: Instant::now() + pause,
                fingerprint,
            },
        );
        pause
    }

    /// Forgets an object that is well or gone.
    pub fn forget(&self, uid: &str) {
        self.entries().remove(uid);
    }

    /// How many objects are in back-off.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pause(failures: u32, lasting: bool) -> Duration {
    match (lasting, failures) {
        (true, 1) => FIRST_LASTING,
        (true, _) => LASTING,
        // Spread, so that objects that failed together do not come back together.
        (false, _) => LONGEST
            .min(FIRST * 2u32.saturating_pow(failures - 1))
            .mul_f64(rand::random_range(0.8..1.2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_object_costs_few_calls_an_hour_and_a_change_is_looked_at_at_once() {
        let ends = (1..100).scan(Duration::ZERO, |at, failures| {
            *at += pause(failures, true);
            Some(*at)
        });
        let passes = 1 + ends.take_while(|at| *at < Duration::from_hours(1)).count();
        assert!(passes * 2 <= 12, "{passes} passes of two calls");

        let backoff = Backoff::default();
        let spec = |generation| (generation, false, vec![]);
        backoff.fail("u", spec(1), true);
        assert!(backoff.remaining("u", &spec(1)).is_some());
        assert!(backoff.remaining("u", &spec(2)).is_none());
    }

    #[test]
    fn pauses_grow_and_are_capped() {
        assert!(pause(1, false) < Duration::from_millis(1300));
        assert!(pause(40, false) <= LONGEST.mul_f64(1.2));
    }
}
