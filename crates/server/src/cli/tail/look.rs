//! One look at the tasks. Its cost does not grow with their number: it reads the newest pages, looks at a
//! bounded number of older tasks one by one, and searches for others that run only now and then.

use super::seen::{Change, Seen, happened_at};
use dutiful::{Client, ErrorKind, Filter, State, TaskId, TaskInfo};
use futures_util::{StreamExt, stream};
use std::time::{Duration, Instant};

/// Tasks on a page.
const PAGE: usize = 200;
/// Most pages of newest tasks in a look.
const PAGES_MAX: usize = 5;
/// How many tasks are asked for at the same time.
const AT_ONCE: usize = 8;
/// Searching goes through a whole table: it gets one part in so many of the time.
const SEARCH_PART: u32 = 10;

/// What was found since it was told last.
#[derive(Debug, Default)]
pub(super) struct News {
    /// The changes in the order in which they happened.
    pub(super) changes: Vec<Change>,
    /// More tasks have come than were looked at.
    pub(super) passed_over: bool,
}

/// Looks again and again.
pub(super) struct Looker {
    client: Client,
    name: Option<String>,
    interval: Duration,
    seen: Seen,
    /// The newest task of any name that was seen.
    newest: Option<TaskId>,
    /// Where the search for running tasks goes on.
    cursor: Option<String>,
    search_at: Instant,
    /// A look that breaks off must not lose what it has found already.
    news: News,
}

impl Looker {
    pub(super) fn new(client: Client, name: Option<String>, interval: Duration) -> Looker {
        Looker {
            client,
            name,
            interval,
            seen: Seen::default(),
            newest: None,
            cursor: None,
            search_at: Instant::now(),
            news: News::default(),
        }
    }

    /// Looks, and gives what is new since the last look that succeeded; at the first one that is all.
    pub(super) async fn look(&mut self) -> dutiful::Result<News> {
        self.seen.begin();
        self.newest().await?;
        self.search().await?;
        self.one_by_one().await?;
        self.seen.forget();
        let mut news = std::mem::take(&mut self.news);
        news.changes
            .sort_by_key(|change| (happened_at(&change.task), change.task.id));
        Ok(news)
    }

    /// Reads pages down to the newest task that was seen before; at the first look as many as it may.
    async fn newest(&mut self) -> dutiful::Result<()> {
        let before = self.newest;
        let mut top = before;
        let mut filter = Filter::new().limit(PAGE);
        for page_number in 1..=PAGES_MAX {
            let page = self.client.list(&filter).await?;
            let ids = page.tasks.iter().map(|task| task.id);
            let (lowest, highest) = (ids.clone().min(), ids.max());
            top = top.max(highest);
            self.note(page.tasks);
            let Some(next) = page.next else { break };
            if lowest.is_some() && lowest <= before {
                break;
            }
            filter = filter.after(next);
            if page_number == PAGES_MAX && before.is_some() {
                self.news.passed_over = true;
            }
        }
        self.newest = top;
        Ok(())
    }

    /// Searches for running tasks below the newest pages. A page may end before the search does: the next
    /// one goes on there.
    async fn search(&mut self) -> dutiful::Result<()> {
        let begun = Instant::now();
        if begun < self.search_at {
            return Ok(());
        }
        let mut filter = Filter::new().state(State::Running).limit(PAGE);
        if let Some(cursor) = self.cursor.take() {
            filter = filter.after(cursor);
        }
        let page = self.client.list(&filter).await?;
        self.cursor = page.next;
        self.note(page.tasks);
        let pause = begun.elapsed() * (SEARCH_PART - 1);
        self.search_at = Instant::now() + pause.max(self.interval);
        Ok(())
    }

    /// Looks at older tasks that have not ended.
    async fn one_by_one(&mut self) -> dutiful::Result<()> {
        let client = &self.client;
        let looks = stream::iter(self.seen.to_look_at())
            .map(|id| async move { (id, client.get(id).await) })
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<_>>()
            .await;
        for (id, found) in looks {
            match found {
                Ok(task) => self.note(vec![task]),
                Err(error) if error.kind() == ErrorKind::NotFound => self.seen.gone(id),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn note(&mut self, tasks: Vec<TaskInfo>) {
        for task in tasks {
            let wanted = self
                .name
                .as_ref()
                .is_none_or(|name| *name == task.task_name);
            if wanted && let Some(change) = self.seen.note(task) {
                self.news.changes.push(change);
            }
        }
    }
}
