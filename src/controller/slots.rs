//! How many objects of one namespace are worked on at the same time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Counts the work of each namespace.
#[derive(Debug)]
pub(super) struct Slots {
    limit: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    slots: &'a Slots,
    namespace: String,
}

impl Slots {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            taken: Mutex::default(),
        }
    }

    /// A place for an object of the namespace, if there is one.
    pub(super) fn enter(&self, namespace: &str) -> Option<Slot<'_>> {
        let mut taken = self.taken();
        let count = taken.entry(namespace.to_owned()).or_default();
        (*count < self.limit).then(|| {
            *count += 1;
            Slot {
                slots: self,
                namespace: namespace.to_owned(),
            }
        })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        if let Some(count) = taken.get_mut(&self.namespace) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.namespace);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_namespace_leaves_room_for_the_others() {
        let slots = Slots::new(2);
        let held = [slots.enter("a"), slots.enter("a")];
        assert!(held.iter().all(Option::is_some));
        assert!(slots.enter("a").is_none() && slots.enter("b").is_some());
        drop(held);
        assert!(slots.enter("a").is_some());
        assert!(
            slots.taken().is_empty(),
            "nothing is kept of namespaces without work"
        );
    }
}
