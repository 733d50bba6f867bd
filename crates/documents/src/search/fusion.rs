//! One list of hits out of several whose scores cannot be compared.

use std::collections::HashMap;
use std::hash::Hash;

/// What damps the first ranks: with 60, as is usual, being first in one list counts about as much as being in the
/// first dozen of two.
const DAMPING: f64 = 60.0;

/// An item of the merged list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused<T> {
    /// The item.
    pub item: T,
    /// The sum of `1 / (60 + rank)` over the lists, ranks counted from 1.
    pub score: f64,
}

/// Merges lists that are sorted best first, by where an item stands in each of them; at most `limit` items, best
/// first. An item that a list has twice counts where it is first. Of equal items that comes first which is so in
/// the earlier list.
///
/// ```
/// use dutiful_documents::search::reciprocal_rank_fusion;
///
/// let by_meaning = ["b", "a", "c"];
/// let by_words = ["a", "d"];
/// let merged = reciprocal_rank_fusion(&[&by_meaning, &by_words], 3);
/// let items: Vec<_> = merged.iter().map(|fused| fused.item).collect();
/// assert_eq!(items, ["a", "b", "d"]);
/// ```
pub fn reciprocal_rank_fusion<T: Copy + Eq + Hash>(lists: &[&[T]], limit: usize) -> Vec<Fused<T>> {
    // For each item its score, when it was met, and the last list that counted it.
    let mut items: HashMap<T, (f64, usize, usize)> = HashMap::new();
    for (number, list) in lists.iter().enumerate() {
        let mut rank = DAMPING;
        for item in *list {
            rank += 1.0;
            let met = items.len();
            let one = items.entry(*item).or_insert((0.0, met, usize::MAX));
            if one.2 != number {
                one.0 += 1.0 / rank;
                one.2 = number;
            }
        }
    }
    let mut merged: Vec<_> = items.into_iter().collect();
    merged.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    merged.truncate(limit);
    let fused = merged
        .into_iter()
        .map(|(item, (score, ..))| Fused { item, score });
    fused.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(lists: &[&[u8]], limit: usize) -> Vec<u8> {
        let merged = reciprocal_rank_fusion(lists, limit);
        merged.iter().map(|fused| fused.item).collect()
    }

    #[test]
    fn what_stands_high_in_several_lists_comes_first() {
        assert_eq!(items(&[&[1, 2, 3], &[3, 2, 9]], 9), [3, 2, 1, 9]);
        assert_eq!(items(&[&[1, 2, 3], &[3, 2, 9]], 2), [3, 2]);
        assert_eq!(items(&[&[], &[4]], 9), [4]);
        assert_eq!(items(&[], 9), [0; 0]);
    }

    #[test]
    fn equal_items_keep_the_order_of_the_lists() {
        assert_eq!(items(&[&[1, 2], &[3, 4], &[5]], 9), [1, 3, 5, 2, 4]);
    }

    #[test]
    fn an_item_counts_once_for_each_list() {
        let merged = reciprocal_rank_fusion(&[&[1, 1, 1][..], &[2]], 9);
        assert_eq!(
            merged[0],
            Fused {
                item: 1,
                score: 1.0 / 61.0
            }
        );
        assert_eq!(
            merged[1],
            Fused {
                item: 2,
                score: 1.0 / 61.0
            }
        );
    }
}
