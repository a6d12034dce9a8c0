//! A table of one kind of resource: the truth, and two delayed views of it as AWS shows them.
//!
//! Reads after writes and lists are eventually consistent in AWS; how late they are is a setting, so a view keeps
//! the changes it has not yet shown. What the rows mean is not known here. Pages are cut in [`super::page`].

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

/// Key of a row: the last part of the ARN.
pub type Id = Arc<str>;

/// Rows in an order, found by id.
#[derive(Debug)]
pub struct Shelf<T> {
    order_of: HashMap<Id, u64>,
    rows: BTreeMap<u64, (Id, Arc<T>)>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self {
            order_of: HashMap::new(),
            rows: BTreeMap::new(),
        }
    }
}

impl<T> Shelf<T> {
    /// The row with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.order_of
            .get(id)
            .and_then(|order| self.rows.get(order))
            .map(|(_, row)| row)
    }

    /// All rows with their positions, in order.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = (u64, &Arc<T>)> {
        self.rows.iter().map(|(order, (_, row))| (*order, row))
    }

    /// The rows behind a position.
    pub fn rows_after(&self, position: u64) -> impl Iterator<Item = (u64, &Arc<T>)> {
        self.rows
            .range(position.saturating_add(1)..)
            .map(|(order, (_, row))| (*order, row))
    }

    /// The rows before a position, last first.
    pub fn rows_before(&self, position: u64) -> impl Iterator<Item = (u64, &Arc<T>)> {
        self.rows
            .range(..position)
            .rev()
            .map(|(order, (_, row))| (*order, row))
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    fn put(&mut self, id: &Id, order: u64, row: Arc<T>) {
        if let Some(old) = self.order_of.insert(Arc::clone(id), order) {
            self.rows.remove(&old);
        }
        self.rows.insert(order, (Arc::clone(id), row));
    }

    fn remove(&mut self, id: &str) -> Option<Arc<T>> {
        let order = self.order_of.remove(id)?;
        self.rows.remove(&order).map(|(_, row)| row)
    }
}

#[derive(Debug)]
struct Change<T> {
    at: Timestamp,
    id: Id,
    /// Position and row; `None` when it was removed.
    row: Option<(u64, Arc<T>)>,
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        Self {
            at: self.at,
            id: Arc::clone(&self.id),
            row: self.row.clone(),
        }
    }
}

/// What clients see: the truth of a while ago.
#[derive(Debug)]
struct View<T> {
    shown: Shelf<T>,
    late: VecDeque<Change<T>>,
}

impl<T> Default for View<T> {
    fn default() -> Self {
        Self {
            shown: Shelf::default(),
            late: VecDeque::new(),
        }
    }
}

impl<T> View<T> {
    /// The lag is asked for at reading, so that changing the setting also holds for changes made before.
    fn at(&mut self, now: Timestamp, lag: SignedDuration) -> &Shelf<T> {
        while self
            .late
            .front()
            .is_some_and(|change| now.duration_since(change.at) >= lag)
        {
            if let Some(change) = self.late.pop_front() {
                match change.row {
                    Some((order, row)) => self.shown.put(&change.id, order, row),
                    None => drop(self.shown.remove(&change.id)),
                }
            }
        }
        &self.shown
    }
}

/// One kind of resource of one region.
#[derive(Debug)]
pub struct Table<T> {
    next: u64,
    truth: Shelf<T>,
    read: View<T>,
    list: View<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            next: 1,
            truth: Shelf::default(),
            read: View::default(),
            list: View::default(),
        }
    }
}

impl<T> Table<T> {
    /// The truth, for decisions and for administration.
    pub fn truth(&self) -> &Shelf<T> {
        &self.truth
    }

    /// The row as it is.
    pub fn get(&self, id: &str) -> Option<&Arc<T>> {
        self.truth.get(id)
    }

    /// The row as Get* operations see it.
    pub fn read(&mut self, id: &str, now: Timestamp, lag: SignedDuration) -> Option<&Arc<T>> {
        self.read.at(now, lag).get(id)
    }

    /// The rows as List* operations see them.
    pub fn listed(&mut self, now: Timestamp, lag: SignedDuration) -> &Shelf<T> {
        self.list.at(now, lag)
    }

    /// Adds a row at the end.
    pub fn insert(&mut self, id: Id, row: T, now: Timestamp) -> Arc<T> {
        let row = Arc::new(row);
        let order = self.next_order();
        self.truth.put(&id, order, Arc::clone(&row));
        self.record(Change {
            at: now,
            id,
            row: Some((order, Arc::clone(&row))),
        });
        row
    }

    /// Replaces a row, which keeps its place.
    pub fn replace(&mut self, id: &str, row: T, now: Timestamp) -> Option<Arc<T>> {
        let order = *self.truth.order_of.get(id)?;
        self.put_at(id, order, row, now)
    }

    /// Replaces a row, which moves to the end.
    pub fn replace_last(&mut self, id: &str, row: T, now: Timestamp) -> Option<Arc<T>> {
        let order = self.next_order();
        self.put_at(id, order, row, now)
    }

    /// Removes a row.
    pub fn remove(&mut self, id: &str, now: Timestamp) -> Option<Arc<T>> {
        let row = self.truth.remove(id)?;
        self.record(Change {
            at: now,
            id: Arc::from(id),
            row: None,
        });
        Some(row)
    }

    fn put_at(&mut self, id: &str, order: u64, row: T, now: Timestamp) -> Option<Arc<T>> {
        let (id, _) = self.truth.order_of.get_key_value(id)?;
        let (id, row) = (Arc::clone(id), Arc::new(row));
        self.truth.put(&id, order, Arc::clone(&row));
        self.record(Change {
            at: now,
            id,
            row: Some((order, Arc::clone(&row))),
        });
        Some(row)
    }

    fn next_order(&mut self) -> u64 {
        let order = self.next;
        self.next += 1;
        order
    }

    fn record(&mut self, change: Change<T>) {
        self.read.late.push_back(change.clone());
        self.list.late.push_back(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(millisecond).unwrap()
    }

    fn lag(milliseconds: i64) -> SignedDuration {
        SignedDuration::from_millis(milliseconds)
    }

    fn listed(table: &mut Table<i32>, now: i64, by: i64) -> Vec<i32> {
        table
            .listed(at(now), lag(by))
            .rows()
            .map(|(_, row)| **row)
            .collect()
    }

    #[test]
    fn lists_are_late_and_the_truth_is_not() {
        let mut table = Table::default();
        table.insert("a".into(), 1, at(0));
        assert_eq!(table.get("a").map(|row| **row), Some(1));
        assert!(listed(&mut table, 99, 100).is_empty());
        assert_eq!(listed(&mut table, 100, 100), [1]);
        table.replace("a", 2, at(100));
        assert_eq!(listed(&mut table, 199, 100), [1]);
        table.remove("a", at(150));
        assert_eq!(listed(&mut table, 200, 100), [2]);
        assert!(listed(&mut table, 250, 100).is_empty());
    }

    #[test]
    fn a_smaller_lag_shows_earlier_changes_too() {
        let mut table = Table::default();
        table.insert("a".into(), 1, at(0));
        table.insert("b".into(), 2, at(1));
        assert!(listed(&mut table, 10, 10_000).is_empty());
        assert_eq!(listed(&mut table, 10, 0), [1, 2]);
    }

    #[test]
    fn reads_and_lists_lag_independently() {
        let mut table = Table::default();
        table.insert("a".into(), 1, at(0));
        assert_eq!(table.read("a", at(0), lag(0)).map(|row| **row), Some(1));
        assert!(listed(&mut table, 0, 50).is_empty());
    }

    #[test]
    fn order_is_that_of_creation_unless_moved() {
        let mut table = Table::default();
        for (id, row) in [("a", 1), ("b", 2), ("c", 3)] {
            table.insert(id.into(), row, at(0));
        }
        table.replace("a", 10, at(0));
        assert_eq!(listed(&mut table, 0, 0), [10, 2, 3]);
        table.replace_last("a", 11, at(0));
        assert_eq!(listed(&mut table, 0, 0), [2, 3, 11]);
        assert_eq!(table.truth().count(), 3);
    }
}
