//! What is to be done, from what the rows in both places say. Pure.

use crate::store::moves::Seen;
use crate::{Error, ErrorKind, Result};

/// What a run begins with at the old place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// No move is under way there: a new one.
    Begin,
    /// This move, where it is.
    Resume { move_id: String },
    /// All is moved; the new place may still have to be opened.
    Finish { move_id: String },
}

/// What a run finds at the new place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing of a move that counts: it has to be empty.
    Begin,
    /// What this move has written so far.
    Resume,
    /// This move has been opened there.
    Open,
    /// What an aborted move of the same queue has left.
    Remains,
}

/// Decides from the row of the source. `to` is the name of the target, `there` its row.
pub(super) fn source(seen: Option<&Seen>, to: &str, there: Option<&Seen>) -> Result<Source> {
    let Some(seen) = seen else {
        return Ok(Source::Begin);
    };
    let move_id = seen.move_id.clone();
    let is_same = seen.other == to || there.is_some_and(|there| there.move_id == move_id);
    let other = &seen.other;
    match (seen.role.as_str(), seen.stage.as_str()) {
        ("target", "filling") => Err(conflict(format!(
            "the queue of {other} is being moved here; finish or abort that move first"
        ))),
        ("target", _) | ("source", "aborted") => Ok(Source::Begin),
        ("source", "moved") if is_same => Ok(Source::Finish { move_id }),
        ("source", "moved") => Err(Error::new(
            ErrorKind::Moved,
            format!("this queue was moved to {other} at {}", seen.changed_at),
        )),
        ("source", _) if is_same => Ok(Source::Resume { move_id }),
        (_, _) => Err(conflict(format!(
            "this queue is being moved to {other} already: name that database in the same words to go on \
             with it, or abort that move first (`dutiful move --abort`)"
        ))),
    }
}

/// Decides from the row of the target. `from` is the name of the source.
pub(super) fn target(seen: Option<&Seen>, from: &str, move_id: &str) -> Result<Target> {
    let Some(seen) = seen else {
        return Ok(Target::Begin);
    };
    let other = &seen.other;
    match (seen.role.as_str(), seen.stage.as_str()) {
        ("source", _) if seen.move_id == move_id => Err(Error::new(
            ErrorKind::Config,
            "both URLs name the same database and the same tables",
        )),
        ("target", "open") if seen.move_id == move_id => Ok(Target::Open),
        ("target", "filling") if seen.move_id == move_id => Ok(Target::Resume),
        ("target", "filling") if other == from => Ok(Target::Remains),
        ("target", "filling") => Err(conflict(format!(
            "the queue of {other} is being moved there; finish or abort that move first"
        ))),
        ("source", "moved") => Err(conflict(format!(
            "a queue was moved from there to {other}, and its old tables are still there: remove them \
             (`dutiful move --remove-old`), or take another database"
        ))),
        ("source", "copying" | "draining" | "away" | "verifying") => Err(conflict(format!(
            "the queue there is being moved to {other} itself"
        ))),
        _ => Ok(Target::Begin),
    }
}

/// A refusal that people resolve.
pub(super) fn conflict(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Conflict, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful_core::Timestamp;

    fn seen(role: &str, stage: &str, other: &str, move_id: &str) -> Seen {
        Seen {
            move_id: move_id.to_owned(),
            role: role.to_owned(),
            stage: stage.to_owned(),
            other: other.to_owned(),
            token: None,
            holder: None,
            started_at: Timestamp::MIN,
            changed_at: Timestamp::MIN,
            held: false,
            changed_lately: false,
        }
    }

    #[test]
    fn a_move_that_was_cut_off_goes_on_to_the_same_place_only() {
        for stage in ["copying", "draining", "away", "verifying"] {
            let row = seen("source", stage, "new", "1");
            let move_id = "1".to_owned();
            assert_eq!(
                source(Some(&row), "new", None).unwrap(),
                Source::Resume { move_id }
            );
            let elsewhere = source(Some(&row), "elsewhere", None).unwrap_err();
            assert_eq!(elsewhere.kind(), ErrorKind::Conflict, "{stage}");
        }
    }

    #[test]
    fn a_place_named_in_other_words_is_known_by_its_row() {
        let (row, there) = (
            seen("source", "away", "new", "1"),
            seen("target", "filling", "old", "1"),
        );
        let found = source(Some(&row), "new by another name", Some(&there)).unwrap();
        assert_eq!(
            found,
            Source::Resume {
                move_id: "1".to_owned()
            }
        );
    }

    #[test]
    fn a_queue_that_has_gone_elsewhere_is_not_moved_again() {
        let row = seen("source", "moved", "new", "1");
        let again = source(Some(&row), "new", None).unwrap();
        assert_eq!(
            again,
            Source::Finish {
                move_id: "1".to_owned()
            }
        );
        let elsewhere = source(Some(&row), "elsewhere", None).unwrap_err();
        assert_eq!(elsewhere.kind(), ErrorKind::Moved);
    }

    #[test]
    fn a_queue_that_came_from_elsewhere_may_go_on() {
        let open = seen("target", "open", "before", "0");
        assert_eq!(source(Some(&open), "new", None).unwrap(), Source::Begin);
        let filling = seen("target", "filling", "before", "0");
        assert!(source(Some(&filling), "new", None).is_err());
    }

    #[test]
    fn a_target_takes_one_queue_at_a_time() {
        let mine = seen("target", "filling", "old", "1");
        assert_eq!(target(Some(&mine), "old", "1").unwrap(), Target::Resume);
        assert_eq!(target(Some(&mine), "old", "2").unwrap(), Target::Remains);
        assert!(target(Some(&mine), "another", "2").is_err());
        let same = seen("source", "copying", "itself", "1");
        let error = target(Some(&same), "old", "1").unwrap_err();
        assert!(error.to_string().contains("same database"), "{error}");
        let left = seen("source", "moved", "third", "0");
        assert!(target(Some(&left), "old", "1").is_err());
        let open = seen("target", "open", "old", "0");
        assert_eq!(target(Some(&open), "old", "1").unwrap(), Target::Begin);
    }
}
