//! The search among vectors, against one that sorts everything.

use dutiful_documents::search::{Hit, Matrix};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Change {
    Put(i64, Vec<f32>),
    Remove(i64),
}

/// Few ids and few different numbers, so that rows are replaced and scores are equal.
fn change(dimensions: usize) -> impl Strategy<Value = Change> {
    let number = (-4_i8..=4).prop_map(f32::from);
    let vector = prop::collection::vec(number, dimensions);
    prop_oneof![
        3 => (0_i64..20, vector).prop_map(|(id, vector)| Change::Put(id, vector)),
        1 => (0_i64..20).prop_map(Change::Remove),
    ]
}

fn case() -> impl Strategy<Value = (usize, Vec<Change>, Vec<f32>, usize)> {
    (1_usize..40).prop_flat_map(|dimensions| {
        let query = prop::collection::vec((-4_i8..=4).prop_map(f32::from), dimensions);
        let changes = prop::collection::vec(change(dimensions), 0..60);
        (Just(dimensions), changes, query, 0_usize..25)
    })
}

proptest! {
    #[test]
    fn the_nearest_are_those_that_sorting_finds((dimensions, changes, query, limit) in case()) {
        let mut matrix = Matrix::new(dimensions);
        let mut rows = std::collections::BTreeMap::new();
        for change in changes {
            match change {
                Change::Put(id, vector) => {
                    let replaced = matrix.put(id, &vector).unwrap();
                    prop_assert_eq!(replaced, rows.insert(id, vector).is_some());
                }
                Change::Remove(id) => {
                    prop_assert_eq!(matrix.remove(id), rows.remove(&id).is_some());
                }
            }
        }
        prop_assert_eq!(matrix.len(), rows.len());
        // Sums of small whole numbers are exact in any order.
        let score = |row: &Vec<f32>| row.iter().zip(&query).map(|(x, y)| x * y).sum::<f32>();
        let mut hits: Vec<Hit> =
            rows.iter().map(|(id, row)| Hit { id: *id, score: score(row) }).collect();
        hits.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap().then(a.id.cmp(&b.id)));
        hits.truncate(limit);
        prop_assert_eq!(matrix.nearest(&query, limit).unwrap(), hits);
    }
}
