//! Vectors in memory, and the exact search for those nearest to another.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};
use std::fmt;

use crate::limits::{HITS_MAX, MATRIX_ROWS_MAX};

/// Numbers that are multiplied and added side by side: processors do as many at once.
const SIDE_BY_SIDE: usize = 16;

/// Vectors of one length, each with an id, searched exactly: every one is looked at.
///
/// Scores are dot products, which are cosines where vectors have length 1. A row costs 4 bytes for each dimension and
/// about 50 beside.
///
/// ```
/// use dutiful_documents::search::Matrix;
///
/// let mut matrix = Matrix::new(2);
/// matrix.put(7, &[1.0, 0.0])?;
/// matrix.put(8, &[0.6, 0.8])?;
/// let hits = matrix.nearest(&[0.0, 1.0], 1)?;
/// assert_eq!((hits[0].id, hits[0].score), (8, 0.8));
/// # Ok::<(), dutiful_documents::search::MatrixError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Matrix {
    dimensions: usize,
    ids: Vec<i64>,
    rows: Vec<f32>,
    places: HashMap<i64, usize>,
}

/// A row that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its id.
    pub id: i64,
    /// The dot product with what was looked for.
    pub score: f32,
}

/// Why a vector was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatrixError {
    /// It does not have the matrix's dimensions.
    WrongDimensions {
        /// Those of the matrix.
        wanted: usize,
        /// Those of the vector.
        given: usize,
    },
    /// It holds what is no finite number.
    NotFinite,
    /// The matrix has [`MATRIX_ROWS_MAX`] rows already.
    Full,
}

impl MatrixError {
    /// The stable name of the failure, for example `wrong_dimensions`.
    pub fn code(&self) -> &'static str {
        match self {
            MatrixError::WrongDimensions { .. } => "wrong_dimensions",
            MatrixError::NotFinite => "not_finite",
            MatrixError::Full => "matrix_full",
        }
    }
}

impl fmt::Display for MatrixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code();
        match self {
            MatrixError::WrongDimensions { wanted, given } => {
                write!(
                    f,
                    "{code}: a vector has {given} dimensions where {wanted} are wanted "
                )?;
                write!(f, "(embed it with the model of the others)")
            }
            MatrixError::NotFinite => {
                write!(
                    f,
                    "{code}: a vector holds what is no finite number (embed it again)"
                )
            }
            MatrixError::Full => {
                write!(f, "{code}: there are {MATRIX_ROWS_MAX} vectors already ")?;
                write!(f, "(divide them into several collections)")
            }
        }
    }
}

impl std::error::Error for MatrixError {}

impl Matrix {
    /// A matrix without rows, for vectors of that many dimensions.
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions,
            ..Self::default()
        }
    }

    /// Numbers of each row.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds a row, or replaces that of the same id; says whether it replaced one.
    ///
    /// # Errors
    /// The vector has other dimensions or is not finite, or there is no room. Nothing is changed then.
    pub fn put(&mut self, id: i64, vector: &[f32]) -> Result<bool, MatrixError> {
        self.check(vector)?;
        if let Some(place) = self.places.get(&id) {
            let start = place * self.dimensions;
            self.rows[start..start + self.dimensions].copy_from_slice(vector);
            return Ok(true);
        }
        if self.ids.len() >= MATRIX_ROWS_MAX {
            return Err(MatrixError::Full);
        }
        self.places.insert(id, self.ids.len());
        self.ids.push(id);
        self.rows.extend_from_slice(vector);
        Ok(false)
    }

    /// Removes a row; says whether there was one.
    pub fn remove(&mut self, id: i64) -> bool {
        let Some(place) = self.places.remove(&id) else {
            return false;
        };
        // The last row takes its place.
        self.ids.swap_remove(place);
        let last = self.ids.len() * self.dimensions;
        let start = place * self.dimensions;
        self.rows.copy_within(last.., start);
        self.rows.truncate(last);
        if let Some(moved) = self.ids.get(place) {
            self.places.insert(*moved, place);
        }
        true
    }

    /// The `limit` rows nearest to a vector, at most 1,000, best first; of equal ones the smaller id first.
    ///
    /// # Errors
    /// The vector has other dimensions or is not finite.
    pub fn nearest(&self, vector: &[f32], limit: usize) -> Result<Vec<Hit>, MatrixError> {
        self.check(vector)?;
        let limit = limit.min(HITS_MAX);
        if limit == 0 || self.dimensions == 0 {
            return Ok(Vec::new());
        }
        let mut best: BinaryHeap<Worst> = BinaryHeap::with_capacity(limit + 1);
        for (id, row) in self.ids.iter().zip(self.rows.chunks_exact(self.dimensions)) {
            let hit = Worst(Hit {
                id: *id,
                score: dot(row, vector),
            });
            if best.len() < limit {
                best.push(hit);
            } else if let Some(mut worst) = best.peek_mut()
                && hit < *worst
            {
                *worst = hit;
            }
        }
        Ok(best
            .into_sorted_vec()
            .into_iter()
            .map(|worst| worst.0)
            .collect())
    }

    fn check(&self, vector: &[f32]) -> Result<(), MatrixError> {
        if vector.len() != self.dimensions {
            return Err(MatrixError::WrongDimensions {
                wanted: self.dimensions,
                given: vector.len(),
            });
        }
        match vector.iter().all(|x| x.is_finite()) {
            true => Ok(()),
            false => Err(MatrixError::NotFinite),
        }
    }
}

/// A hit that is greater the worse it is, so that a heap gives up the worst first.
#[derive(Debug, Clone, Copy)]
struct Worst(Hit);

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_score = other.0.score.total_cmp(&self.0.score);
        by_score.then(self.0.id.cmp(&other.0.id))
    }
}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Worst {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Worst {}

/// Sums side by side: what the compiler turns into the processor's own instructions for that.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; SIDE_BY_SIDE];
    let (a, a_rest) = a.as_chunks::<SIDE_BY_SIDE>();
    let (b, b_rest) = b.as_chunks::<SIDE_BY_SIDE>();
    for (a, b) in a.iter().zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_added_replaced_and_removed() {
        let mut matrix = Matrix::new(2);
        assert_eq!(matrix.put(1, &[1.0, 0.0]), Ok(false));
        assert_eq!(matrix.put(2, &[0.0, 1.0]), Ok(false));
        assert_eq!(matrix.put(1, &[0.5, 0.5]), Ok(true));
        assert!(matrix.remove(2));
        assert!(!matrix.remove(2));
        let hits = matrix.nearest(&[1.0, 1.0], 5).unwrap();
        assert_eq!(hits, [Hit { id: 1, score: 1.0 }]);
        assert!(matrix.remove(1));
        assert!(matrix.is_empty());
        assert_eq!(matrix.nearest(&[1.0, 1.0], 5), Ok(vec![]));
    }

    #[test]
    fn of_equal_rows_the_smaller_id_comes_first() {
        let mut matrix = Matrix::new(1);
        for id in [5, 3, 9, 1, 7] {
            matrix.put(id, &[1.0]).unwrap();
        }
        let ids = |limit| {
            let hits = matrix.nearest(&[2.0], limit).unwrap();
            hits.iter().map(|hit| hit.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(3), [1, 3, 5]);
        assert_eq!(ids(0), [0; 0]);
        assert_eq!(ids(usize::MAX), [1, 3, 5, 7, 9]);
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut matrix = Matrix::new(2);
        let wrong = MatrixError::WrongDimensions {
            wanted: 2,
            given: 1,
        };
        assert_eq!(matrix.put(1, &[1.0]), Err(wrong));
        assert_eq!(matrix.put(1, &[1.0, f32::NAN]), Err(MatrixError::NotFinite));
        assert_eq!(matrix.nearest(&[1.0], 1), Err(wrong));
        assert!(matrix.is_empty());
        assert!(wrong.to_string().contains("has 1 dimensions where 2"));
    }
}
