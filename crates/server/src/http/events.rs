//! `GET /events`: what happens to tasks, as server-sent events.
//!
//! What lives here: the route and one stream. What does not: the one follower that all streams of a process share
//! (`hub.rs`), and what is told, which is the library's.

mod hub;

pub(super) use hub::Hub;

use super::Api;
use super::access::Caller;
use super::path::number;
use super::problem::{OVERLOADED, Problem, ProblemView};
use super::query::{Parameters, bad, words};
use super::view::StateView;
use crate::values;
use axum::Extension;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use dutiful::{Change, ChangeKind, Client, Cursor, Follower, State, TaskId};
use futures_util::stream::{self, Stream};
use hub::{Seat, Told};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

/// Whoever listens comes back by itself after this, and shows its token again.
const STREAM_MAX: Duration = Duration::from_secs(10 * 60);
/// So that what stands between keeps the connection, and a reader that is gone is found out.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a reader that lost its connection is asked to wait.
const COME_BACK: Duration = Duration::from_secs(2);
/// What happened longer ago than this is looked up, not followed.
const CURSOR_AGE_MAX: Duration = Duration::from_secs(60 * 60);

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventParameters {
    /// Only of tasks of this name.
    #[param(min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9_.:-]+$")]
    task_name: Option<String>,
    /// Only those by which a task comes into one of these states, between commas.
    #[param(
        pattern = "^(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined)\
                       (,(held|scheduled|queued|running|retrying|succeeded|failed|invalid|discarded|cancelled|quarantined))*$"
    )]
    state: Option<String>,
    /// Only of this task.
    #[param(value_type = Option<i64>, minimum = 1)]
    task_id: Option<String>,
    /// Go on after this event, as with the header `Last-Event-ID`.
    #[param(pattern = "^c1(\\.[0-9a-f]{1,16}){6}$")]
    after: Option<String>,
    /// End after this time: `10s`, `500ms`, at most and by default `600s`.
    #[param(pattern = "^([0-9]|[1-9][0-9]|[1-5][0-9][0-9]|600)s$|^[0-9]{1,4}ms$")]
    r#for: Option<String>,
}

/// What the data of an event holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView<'a> {
    /// What happened; the name of the event too.
    #[schema(value_type = EventKindView)]
    event: ChangeKind,
    /// The task.
    #[schema(minimum = 1)]
    id: i64,
    /// Its type.
    task_name: &'a str,
    /// Where the task was in its life when it was looked at; that may be further than the event.
    #[schema(value_type = StateView)]
    state: State,
    /// The attempt that began or ended; for another event the number of attempts so far.
    attempt: i64,
    /// When, by the database's clock; for `changed` when it was seen.
    #[schema(format = DateTime)]
    at: String,
}

/// What may happen to a task.
#[derive(ToSchema)]
#[schema(as = EventKind, rename_all = "snake_case")]
#[allow(dead_code, reason = "it describes the words of the library's type")]
pub(crate) enum EventKindView {
    Submitted,
    Changed,
    Started,
    Retrying,
    Snoozed,
    Released,
    Succeeded,
    Failed,
    Invalid,
    Discarded,
    Cancelled,
    Quarantined,
}

/// Follow what happens to tasks
///
/// Server-sent events: `event` is what happened, `data` is JSON, `id` a cursor for `Last-Event-ID`, also on another
/// server of the same database. The stream ends after ten minutes at most: come back with the last `id`. Events of
/// the 10 seconds before it may come again. A `reset` says that some were left out: look again at what you show.
#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "follow_events",
    params(EventParameters,
           ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was read")),
    responses(
        (status = 200, description = "The events as they come", body = EventView, content_type = "text/event-stream"),
        (status = "default", description = "Why not", body = ProblemView,
         content_type = "application/problem+json"),
    ))]
pub(crate) async fn events(
    Shared(api): Shared<Api>,
    Extension(caller): Extension<Caller>,
    Parameters(parameters): Parameters<EventParameters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let length = parameters.length()?;
    let from = parameters.cursor(&headers)?;
    let filter = parameters.filter(caller)?;
    let Some(seat) = api.events.seat() else {
        return Err(Problem::new(
            &OVERLOADED,
            "too many streams of events are open",
        ));
    };
    let listener = Listener::begin(&api.client, seat, filter, from, length).await?;
    let alive = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(listener.stream())
        .keep_alive(alive)
        .into_response())
}

/// What one listener wants to hear of, and may.
struct Filter {
    caller: Caller,
    task_name: Option<String>,
    states: Vec<State>,
    task_id: Option<TaskId>,
}

impl Filter {
    fn lets_pass(&self, change: &Change) -> bool {
        let Filter {
            caller,
            task_name,
            states,
            task_id,
        } = self;
        task_name
            .as_ref()
            .is_none_or(|name| *name == change.task_name)
            && (states.is_empty() || states.contains(&change.event.brings(change.state)))
            && task_id.is_none_or(|id| id == change.id)
            && caller.may_know(&change.task_name)
    }
}

impl EventParameters {
    fn length(&self) -> Result<Duration, Problem> {
        let Some(text) = &self.r#for else {
            return Ok(STREAM_MAX);
        };
        // A number alone, which is understood when it is 0, is no time.
        if text.ends_with(|last: char| last.is_ascii_digit()) {
            return Err(bad("for", "write it as 10s or 500ms"));
        }
        match values::duration(text) {
            Ok(length) if length <= STREAM_MAX => Ok(length),
            Ok(_) => Err(bad("for", "listen for 600s at most, and come back")),
            Err(why) => Err(bad("for", &why)),
        }
    }

    /// A browser's own header goes before what the address said when the stream began.
    fn cursor(&self, headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
        let header = headers.get("last-event-id").map(|value| value.to_str());
        let header = header
            .transpose()
            .map_err(|_| bad("Last-Event-ID", "it is no text"))?;
        let text = header.or(self.after.as_deref());
        Ok(text.map(str::parse).transpose()?)
    }

    fn filter(self, caller: Caller) -> Result<Filter, Problem> {
        let state = |word: &str| word.parse::<State>().map_err(|error| error.to_string());
        let states = words("state", self.state.as_deref(), state)?;
        let task_id = match &self.task_id {
            Some(text) => {
                Some(number(text).ok_or_else(|| bad("task_id", "it is no task's number"))?)
            }
            None => None,
        };
        Ok(Filter {
            caller,
            task_name: self.task_name,
            states,
            task_id,
        })
    }
}

/// One stream: what happened before it is read from the database, then it hears what all hear.
struct Listener {
    seat: Seat,
    filter: Filter,
    until: Instant,
    /// What is to be sent next.
    waiting: VecDeque<Event>,
    /// Reads what happened before, and knows afterwards what it has told.
    own: Option<Follower>,
    is_live: bool,
    is_over: bool,
}

impl Listener {
    async fn begin(
        client: &Client,
        mut seat: Seat,
        filter: Filter,
        from: Option<Cursor>,
        length: Duration,
    ) -> Result<Listener, Problem> {
        let now = seat.listen().await?;
        let mut waiting = VecDeque::new();
        // Headers alone would be kept back by some that stand between.
        waiting.push_back(Event::default().comment("listening").retry(COME_BACK));
        let too_old = |cursor: &Cursor| now.time().since(cursor.time()) > CURSOR_AGE_MAX;
        let from = match from {
            Some(cursor) if too_old(&cursor) => {
                waiting.push_back(reset("the cursor is more than an hour old").id(now.to_string()));
                None
            }
            from => from,
        };
        let own = match from {
            Some(cursor) => Some(client.follow(Some(cursor)).await?),
            None => None,
        };
        Ok(Listener {
            is_live: own.is_none(),
            seat,
            filter,
            until: Instant::now() + length,
            waiting,
            own,
            is_over: false,
        })
    }

    fn stream(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            let event = listener.next().await?;
            Some((Ok(event), listener))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.is_over {
                return None;
            }
            let until = self.until;
            let more = async {
                match self.is_live {
                    true => self.hear().await,
                    false => self.catch_up().await,
                }
            };
            if tokio::time::timeout_at(until, more).await.is_err() {
                return None;
            }
        }
    }

    /// Reads what happened since the cursor.
    async fn catch_up(&mut self) {
        let Some(own) = &mut self.own else {
            self.is_live = true;
            return;
        };
        // What is told to all from now on is heard afterwards, so that nothing is lost in between.
        let heard = self.seat.listen().await;
        let look = match heard {
            Ok(_) => own.look().await.map_err(Problem::from),
            Err(problem) => Err(problem),
        };
        let Ok(look) = look else {
            // The reader comes back, with the cursor that it has.
            self.is_over = true;
            return;
        };
        let cursor: Arc<str> = own.cursor().to_string().into();
        self.is_live = look.caught_up;
        for change in look.changes {
            self.take(&change, &cursor);
        }
    }

    /// Waits for what is told to all.
    async fn hear(&mut self) {
        match self.seat.next().await {
            Ok(told) => {
                let Told { change, cursor } = &*told;
                let again = self.own.as_ref().is_some_and(|own| own.has_told(change));
                if !again {
                    self.take(change, cursor);
                }
            }
            Err(RecvError::Lagged(_)) => {
                self.waiting
                    .push_back(reset("you read too slowly; some events were left out"));
                self.is_over = true;
            }
            Err(RecvError::Closed) => self.is_over = true,
        }
    }

    fn take(&mut self, change: &Change, cursor: &str) {
        if !self.filter.lets_pass(change) {
            return;
        }
        let view = EventView {
            event: change.event,
            id: change.id.0,
            task_name: &change.task_name,
            state: change.state,
            attempt: change.attempt,
            at: change.at.to_string(),
        };
        let data = serde_json::to_string(&view).unwrap_or_default();
        let event = Event::default()
            .event(change.event.as_str())
            .id(cursor)
            .data(data);
        self.waiting.push_back(event);
    }
}

/// Says that what is shown may be wrong.
fn reset(why: &str) -> Event {
    let data = serde_json::json!({ "reason": why }).to_string();
    Event::default().event("reset").data(data)
}
