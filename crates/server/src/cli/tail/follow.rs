//! What happens, from a database or a server, a handful at a time.

use crate::cli::App;
use crate::failure::Failure;
use crate::remote::{Events, Heard, Remote};
use dutiful::{Change, Follower};
use std::time::Duration;

/// What was heard since it was told last.
#[derive(Debug, Default)]
pub(super) struct News {
    pub(super) changes: Vec<Change>,
    /// Some changes were left out.
    pub(super) passed_over: bool,
}

/// Follows what happens.
pub(super) enum Following {
    Database {
        follower: Box<Follower>,
        interval: Duration,
    },
    Server(Box<Stream>),
}

/// A stream that is opened again when it ends.
pub(super) struct Stream {
    remote: Remote,
    wishes: Vec<(&'static str, String)>,
    interval: Duration,
    events: Option<Events>,
    cursor: Option<String>,
}

impl Following {
    /// Begins, from now on.
    pub(super) async fn begin(
        app: &App,
        name: Option<&str>,
        interval: Duration,
    ) -> Result<Following, Failure> {
        let Some(remote) = app.remote()? else {
            let client = app.settings.connect().await?;
            let follower = Box::new(client.follow(None).await?);
            return Ok(Following::Database { follower, interval });
        };
        let named = name.map(|name| ("task_name", name.to_owned()));
        let wishes: Vec<_> = named.into_iter().collect();
        let events = remote.events(&wishes).await?;
        Ok(Following::Server(Box::new(Stream {
            remote,
            wishes,
            interval,
            events: Some(events),
            cursor: None,
        })))
    }

    /// Waits for what comes next. While the database or the server is away that is told, and it is worth asking
    /// again.
    pub(super) async fn next(&mut self) -> Result<News, Failure> {
        match self {
            Following::Database { follower, interval } => {
                tokio::time::sleep(*interval).await;
                let look = follower.look().await?;
                Ok(News {
                    changes: look.changes,
                    passed_over: false,
                })
            }
            Following::Server(stream) => stream.next().await,
        }
    }
}

impl Stream {
    async fn next(&mut self) -> Result<News, Failure> {
        if self.events.is_none() {
            tokio::time::sleep(self.interval).await;
            let mut wishes = self.wishes.clone();
            wishes.extend(self.cursor.clone().map(|cursor| ("after", cursor)));
            self.events = Some(self.remote.events(&wishes).await?);
        }
        let Some(events) = &mut self.events else {
            return Ok(News::default());
        };
        let first = events.next().await;
        let rest = events.more();
        self.cursor = events.cursor().map(str::to_owned).or(self.cursor.take());
        if !matches!(first, Ok(Some(_))) {
            self.events = None;
        }
        let mut news = News::default();
        for heard in first?.into_iter().chain(rest) {
            match heard {
                Heard::Change(change) => news.changes.push(change),
                Heard::Reset => news.passed_over = true,
            }
        }
        Ok(news)
    }
}
