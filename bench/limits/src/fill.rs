//! Rows that a long-used table would have, beside which `dutiful bench --on-existing` then measures.
//!
//! They go into the bench's own tables, which `dutiful migrate` has made.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::report::Timed;
use crate::{my, pg, sq};

/// Rows a statement: large enough to be quick, small enough for any log.
const A_STATEMENT: u64 = 100_000;
/// The rows' tasks ended in the last days, since a worker prunes what is older than a week.
pub(crate) const DAYS: u64 = 5;
/// No worker knows tasks of this name.
const OTHER_NAME: &str = "BenchOther";
/// The name of the tasks that a bench drains.
pub(crate) const NOOP_NAME: &str = "BenchNoop";

/// What the rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Succeeded, with results, as they are until they are pruned.
    Finished,
    /// Of the bench's task name, due tomorrow.
    Later,
    /// Due now, of a name that no worker knows.
    Other,
}

impl Kind {
    fn parse(word: &str) -> Result<Kind> {
        match word {
            "finished" => Ok(Kind::Finished),
            "later" => Ok(Kind::Later),
            "other" => Ok(Kind::Other),
            _ => bail!("no rows are called {word}: there are finished, later and other"),
        }
    }

    /// The task name of those that wait, and in how many days they are due.
    pub(crate) fn waits(self) -> Option<(&'static str, i32)> {
        match self {
            Kind::Finished => None,
            Kind::Later => Some((NOOP_NAME, 1)),
            Kind::Other => Some((OTHER_NAME, 0)),
        }
    }
}

pub(crate) async fn run(url: &str, word: &str, rows: u64) -> Result<Timed> {
    let kind = Kind::parse(word)?;
    let begun = Instant::now();
    if let Some(file) = sq::file(url) {
        sq::fill::rows(file, kind, rows)?;
    } else if url.starts_with("mysql:") {
        my::fill::rows(url, kind, rows).await?;
    } else {
        pg::fill::rows(url, kind, rows).await?;
    }
    Ok(Timed::since(begun, word))
}

/// The numbers of the rows that each statement inserts: from the first on and below the second.
pub(crate) fn statements(rows: u64) -> impl Iterator<Item = (u64, u64)> {
    let firsts = (0..rows).step_by(A_STATEMENT as usize);
    firsts.map(move |first| (first, rows.min(first + A_STATEMENT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_cover_all_rows_once() {
        let spans: Vec<(u64, u64)> = statements(250_000).collect();
        assert_eq!(
            spans,
            [(0, 100_000), (100_000, 200_000), (200_000, 250_000)]
        );
        assert_eq!(statements(0).count(), 0);
    }

    #[test]
    fn rows_are_called_by_name() {
        assert_eq!(Kind::parse("later").unwrap(), Kind::Later);
        assert!(Kind::parse("old").is_err());
    }
}
