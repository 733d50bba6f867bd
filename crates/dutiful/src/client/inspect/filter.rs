//! Which tasks to list.

use super::{TaskInfo, cursor};
use crate::store::list::Query;
use crate::{Error, ErrorKind, Result};
use dutiful_core::limits::{LIST_PAGE, LIST_PAGE_MAX, LIST_TEXT_BYTES_MAX};
use dutiful_core::{State, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// Which tasks [`Client::list`](crate::Client::list) gives: those that pass everything that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
// What a newer program asks for besides must not be passed over: more tasks would fit.
#[serde(default, deny_unknown_fields)]
#[must_use = "a filter does nothing before it is given to `list`"]
pub struct Filter {
    task_name: Option<String>,
    states: Vec<State>,
    status: Option<Status>,
    text: Option<String>,
    created_after: Option<Timestamp>,
    created_before: Option<Timestamp>,
    finished_after: Option<Timestamp>,
    finished_before: Option<Timestamp>,
    limit: Option<usize>,
    after: Option<String>,
}

impl Filter {
    /// All tasks, 50 a page.
    pub fn new() -> Filter {
        Filter::default()
    }

    /// Only tasks of this name.
    pub fn task_name(mut self, name: impl Into<String>) -> Filter {
        self.task_name = Some(name.into());
        self
    }

    /// Only tasks in this state, in place of states that were asked for before.
    pub fn state(self, state: State) -> Filter {
        self.states(&[state])
    }

    /// Only tasks in one of these states, in place of states that were asked for before. None means all.
    pub fn states(mut self, states: &[State]) -> Filter {
        self.states = states.to_vec();
        self
    }

    /// Only tasks with this stored status.
    pub fn status(mut self, status: Status) -> Filter {
        self.status = Some(status);
        self
    }

    /// Only tasks whose payload, as stored (JSON without spaces, keys sorted), or whose error message
    /// contains this text, letter for letter; 1 to 1,000 bytes.
    ///
    /// No index helps here: the rows that the other wishes leave are read one by one. Narrow it by name, state
    /// or time on a large table, or follow [`Page::next`].
    pub fn text(mut self, text: impl Into<String>) -> Filter {
        self.text = Some(text.into());
        self
    }

    /// Only tasks created at this time or later.
    ///
    /// Ids rise with time, and so the range is found; on a table of more than 10,000 rows a task whose
    /// `created_at` was written by hand may be missed.
    pub fn created_after(mut self, time: Timestamp) -> Filter {
        self.created_after = Some(time);
        self
    }

    /// Only tasks created before this time.
    pub fn created_before(mut self, time: Timestamp) -> Filter {
        self.created_before = Some(time);
        self
    }

    /// Leaves out what is created after this time too.
    pub(crate) fn no_later_than(mut self, time: Timestamp) -> Filter {
        let end = time.saturating_add(std::time::Duration::from_micros(1));
        let before = self.created_before.map_or(end, |before| before.min(end));
        self.created_before = Some(before);
        self
    }

    /// Only tasks that ended at this time or later.
    pub fn finished_after(mut self, time: Timestamp) -> Filter {
        self.finished_after = Some(time);
        self
    }

    /// Only tasks that ended before this time.
    pub fn finished_before(mut self, time: Timestamp) -> Filter {
        self.finished_before = Some(time);
        self
    }

    /// At most so many tasks on the page: 1 to 200, by default 50.
    pub fn limit(mut self, tasks: usize) -> Filter {
        self.limit = Some(tasks);
        self
    }

    /// The page that follows the one whose [`Page::next`] this is.
    pub fn after(mut self, cursor: impl Into<String>) -> Filter {
        self.after = Some(cursor.into());
        self
    }

    /// Checks it all.
    pub(crate) fn query(&self) -> Result<Query> {
        let limit = self.limit.unwrap_or(LIST_PAGE);
        if !(1..=LIST_PAGE_MAX).contains(&limit) {
            return Err(refused(format!(
                "a page of {limit} tasks; ask for 1 to {LIST_PAGE_MAX}"
            )));
        }
        if let Some(name) = &self.task_name {
            dutiful_core::check_name(name).map_err(|error| refused(error.to_string()))?;
        }
        if let Some(text) = &self.text {
            check_text(text)?;
        }
        let read = |cursor: &String| {
            cursor::read(cursor).ok_or_else(|| {
                let start: String = cursor.chars().take(40).collect();
                refused(format!(
                    "`{start}` is no cursor; give back `next` of a page as it was, or none"
                ))
            })
        };
        Ok(Query {
            task_name: self.task_name.clone(),
            status: self.status,
            states: self.states.clone(),
            text: self.text.clone(),
            created_from: self.created_after,
            created_before: self.created_before,
            finished_from: self.finished_after,
            finished_before: self.finished_before,
            except: None,
            before: self.after.as_ref().map(read).transpose()?,
            limit,
        })
    }
}

fn check_text(text: &str) -> Result<()> {
    if text.is_empty() || text.len() > LIST_TEXT_BYTES_MAX {
        let bytes = text.len();
        return Err(refused(format!(
            "a text of {bytes} bytes to look for; use 1 to {LIST_TEXT_BYTES_MAX}"
        )));
    }
    if text.contains('\0') {
        return Err(refused(
            "the text to look for holds U+0000, which no task can hold".to_owned(),
        ));
    }
    Ok(())
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// One page of tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Page {
    /// The tasks, newest first.
    pub tasks: Vec<TaskInfo>,
    /// What [`Filter::after`] takes to give the next page. `None` when nothing is left.
    pub next: Option<String>,
}

/// How many tasks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TaskCount {
    /// So many, or at least so many.
    pub count: u64,
    /// There may be more: the count has ended early.
    pub capped: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_wishes_lists_fifty_of_all_tasks() {
        let query = Filter::new().query().unwrap();
        assert_eq!((query.limit, query.before), (50, None));
        assert!(query.states.is_empty() && query.task_name.is_none());
    }

    #[test]
    fn every_wish_reaches_the_query() {
        let time = Timestamp::from_micros;
        let filter = Filter::new()
            .task_name("Resize")
            .state(State::Queued)
            .states(&[State::Failed, State::Invalid])
            .status(Status::Error)
            .text("50%_\\")
            .created_after(time(1))
            .created_before(time(2))
            .finished_after(time(3))
            .finished_before(time(4))
            .limit(200)
            .after(cursor::write(77));
        let query = filter.query().unwrap();
        assert_eq!(query.task_name.as_deref(), Some("Resize"));
        assert_eq!(query.states, [State::Failed, State::Invalid]);
        assert_eq!(query.status, Some(Status::Error));
        assert_eq!(query.text.as_deref(), Some("50%_\\"));
        assert_eq!(
            (query.created_from, query.created_before),
            (Some(time(1)), Some(time(2)))
        );
        assert_eq!(
            (query.finished_from, query.finished_before),
            (Some(time(3)), Some(time(4)))
        );
        assert_eq!((query.limit, query.before), (200, Some(77)));
    }

    #[test]
    fn a_wish_that_cannot_be_met_is_refused_with_the_rule() {
        for (filter, rule) in [
            (Filter::new().limit(0), "1 to 200"),
            (Filter::new().limit(201), "1 to 200"),
            (Filter::new().after("page 2"), "no cursor"),
            (Filter::new().text(""), "1 to 1000"),
            (Filter::new().text("x".repeat(1_001)), "1 to 1000"),
            (Filter::new().text("a\0"), "U+0000"),
            (Filter::new().task_name("no name"), "name"),
        ] {
            let error = filter.query().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(rule), "{error}");
        }
    }
}
