//! Maps and sets as sorted lists.
//!
//! A world holds few things of each kind, so a search by halves and a copy in one piece are quick. And the code is
//! small: a B-tree for each kind was a fifth of the module that pages load.

use std::borrow::Borrow;
use std::ops::{Bound, Deref, DerefMut, Index, Range, RangeBounds};

use litemap::LiteMap;
use serde::{Deserialize, Serialize};

/// A map in the order of its keys: a [`LiteMap`], and what a world needs beyond it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent, bound(deserialize = "K: Ord + Deserialize<'de>, V: Deserialize<'de>"))]
pub struct SortedMap<K, V>(LiteMap<K, V>);

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> SortedMap<K, V> {
        SortedMap(LiteMap::new_vec())
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// The entries with keys in a range, in order.
    pub fn range(&self, keys: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let entries = self.0.as_slice();
        entries[within(entries, keys, |(key, _)| key)].iter().map(|(key, value)| (key, value))
    }

    /// The values, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl<K, V> Deref for SortedMap<K, V> {
    type Target = LiteMap<K, V>;

    fn deref(&self) -> &LiteMap<K, V> {
        &self.0
    }
}

impl<K, V> DerefMut for SortedMap<K, V> {
    fn deref_mut(&mut self) -> &mut LiteMap<K, V> {
        &mut self.0
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for SortedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.0.get(key).expect("no entry has this key")
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> SortedMap<K, V> {
        // One by one: to sort them would take a sort for each kind of map.
        let mut map = SortedMap::default();
        for (key, value) in entries {
            map.insert(key, value);
        }
        map
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_tuple_vec().into_iter()
    }
}

/// A set in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SortedSet<T>(Vec<T>);

impl<T> Default for SortedSet<T> {
    fn default() -> SortedSet<T> {
        SortedSet(Vec::new())
    }
}

impl<T: Ord> SortedSet<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one is there.
    pub fn contains(&self, one: &T) -> bool {
        self.0.binary_search(one).is_ok()
    }

    /// Enters one. Returns whether it is new.
    pub fn insert(&mut self, one: T) -> bool {
        let place = self.0.binary_search(&one);
        if let Err(place) = place {
            self.0.insert(place, one);
        }
        place.is_err()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter()
    }

    /// Those in a range, in order.
    pub fn range(&self, wanted: impl RangeBounds<T>) -> impl DoubleEndedIterator<Item = &T> {
        self.0[within(&self.0, wanted, |one| one)].iter()
    }

    /// Keeps those for which this is true.
    pub fn retain(&mut self, is_kept: impl FnMut(&T) -> bool) {
        self.0.retain(is_kept);
    }
}

impl<T: Ord> Extend<T> for SortedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, more: I) {
        for one in more {
            self.insert(one);
        }
    }
}

impl<T: Ord> FromIterator<T> for SortedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> SortedSet<T> {
        let mut set = SortedSet::default();
        set.extend(all);
        set
    }
}

/// Where those with keys in a range stand.
fn within<T, K: Ord>(all: &[T], keys: impl RangeBounds<K>, key: impl Fn(&T) -> &K) -> Range<usize> {
    let from = match keys.start_bound() {
        Bound::Included(first) => all.partition_point(|one| key(one) < first),
        Bound::Excluded(before) => all.partition_point(|one| key(one) <= before),
        Bound::Unbounded => 0,
    };
    let to = match keys.end_bound() {
        Bound::Included(last) => all.partition_point(|one| key(one) <= last),
        Bound::Excluded(behind) => all.partition_point(|one| key(one) < behind),
        Bound::Unbounded => all.len(),
    };
    from..to.max(from)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const KEYS: [u64; 7] = [5, 1, 9, 5, 3, 7, 1];

    #[test]
    fn ranges_are_those_of_a_tree() {
        let set: SortedSet<u64> = KEYS.into_iter().collect();
        let map: SortedMap<u64, u64> = KEYS.into_iter().map(|key| (key, key * key)).collect();
        let tree: BTreeSet<u64> = KEYS.into_iter().collect();
        assert!(set.iter().eq(&tree));
        for from in 0..=10 {
            for to in from..=10 {
                assert!(set.range(from..to).eq(tree.range(from..to)), "{from}..{to}");
                assert!(set.range(from..=to).eq(tree.range(from..=to)), "{from}..={to}");
                assert!(map.range(from..to).map(|(key, _)| key).eq(tree.range(from..to)), "{from}..{to}");
            }
            assert!(set.range(from..).eq(tree.range(from..)));
            assert_eq!(set.range(..from).next_back(), tree.range(..from).next_back());
            assert_eq!(set.contains(&from), tree.contains(&from));
        }
    }

    #[test]
    fn an_empty_range_may_begin_behind_its_end() {
        let set: SortedSet<u64> = KEYS.into_iter().collect();
        let (from, to) = (9, 3);
        assert_eq!(set.range(from..to).count(), 0);
    }

    #[test]
    fn what_is_entered_twice_is_there_once_and_a_map_keeps_the_last() {
        let mut set = SortedSet::default();
        assert_eq!(KEYS.map(|key| set.insert(key)), [true, true, true, false, true, true, false]);
        set.retain(|key| *key != 5);
        assert_eq!(set.iter().copied().collect::<Vec<_>>(), [1, 3, 7, 9]);
        let entries = || KEYS.into_iter().zip(0..);
        let map: SortedMap<u64, usize> = entries().collect();
        let tree: BTreeMap<u64, usize> = entries().collect();
        assert!(map.iter().eq(&tree));
    }
}
