//! The one follower of a server process, and all who listen to it. While nobody listens it does not run.

use crate::http::problem::{Problem, TIMEOUT};
use dutiful::{Change, Client, Cursor, Follower};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, WeakSender};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, broadcast, watch};

/// Streams at once.
const STREAMS_MAX: usize = 64;
/// Events that are kept for whoever reads slowly.
const EVENTS_KEPT: usize = 4_096;
/// Between two looks, when nobody says that there is something...
const LOOK_PAUSE: Duration = Duration::from_secs(1);
/// ...and when somebody does.
const LOOK_PAUSE_MIN: Duration = Duration::from_millis(100);
/// How long a first look may take.
const BEGIN_MAX: Duration = Duration::from_secs(15);

/// An event, and where to go on after it.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) change: Change,
    pub(super) cursor: Arc<str>,
}

/// Where those meet who listen.
#[derive(Debug)]
pub(in crate::http) struct Hub {
    inner: Arc<Inner>,
    places: Arc<Semaphore>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    live: Mutex<Option<Live>>,
    closed: watch::Sender<bool>,
}

/// The follower that runs, as long as it does: should it break off, all who listen come back, and begin anew.
#[derive(Debug)]
struct Live {
    told: WeakSender<Arc<Told>>,
    cursor: watch::Receiver<Cursor>,
}

impl Hub {
    pub(in crate::http) fn new(client: Client) -> Hub {
        Hub {
            inner: Arc::new(Inner {
                client,
                live: Mutex::default(),
                closed: watch::Sender::new(false),
            }),
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
        }
    }

    /// A place for one more, if there is one.
    pub(super) fn seat(&self) -> Option<Seat> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Seat {
            inner: Arc::clone(&self.inner),
            closed: self.inner.closed.subscribe(),
            receiver: None,
            _place: place,
        })
    }

    /// Ends all streams: a server that stops does not wait for them.
    pub(in crate::http) fn close(&self) {
        self.inner.closed.send_replace(true);
    }
}

/// One who listens.
pub(super) struct Seat {
    inner: Arc<Inner>,
    closed: watch::Receiver<bool>,
    receiver: Option<Receiver<Arc<Told>>>,
    _place: OwnedSemaphorePermit,
}

impl Seat {
    /// Hears what is told from now on; gives the cursor of this moment.
    pub(super) async fn listen(&mut self) -> Result<Cursor, Problem> {
        let joined = tokio::time::timeout(BEGIN_MAX, Inner::join(&self.inner)).await;
        let (receiver, cursor) = joined.map_err(|_| Problem::new(&TIMEOUT, TIMEOUT.title))??;
        self.receiver = Some(receiver);
        Ok(cursor)
    }

    /// The next event, or why there is none.
    pub(super) async fn next(&mut self) -> Result<Arc<Told>, RecvError> {
        let Some(receiver) = &mut self.receiver else {
            return Err(RecvError::Closed);
        };
        tokio::select! {
            told = receiver.recv() => told,
            _ = self.closed.wait_for(|closed| *closed) => Err(RecvError::Closed),
        }
    }
}

impl Inner {
    async fn join(inner: &Arc<Inner>) -> dutiful::Result<(Receiver<Arc<Told>>, Cursor)> {
        let mut live = inner.live.lock().await;
        if let Some(live) = &*live
            && let Some(told) = live.told.upgrade()
        {
            let cursor = *live.cursor.borrow();
            return Ok((told.subscribe(), cursor));
        }
        let follower = inner.client.follow(None).await?;
        let begin = follower.cursor();
        let (told, receiver) = broadcast::channel(EVENTS_KEPT);
        let (at, cursor) = watch::channel(begin);
        *live = Some(Live {
            told: told.downgrade(),
            cursor,
        });
        tokio::spawn(tell(Arc::clone(inner), follower, told, at));
        Ok((receiver, begin))
    }

    /// Whether nobody listens any more; whoever comes then begins anew.
    async fn is_left(&self, told: &Sender<Arc<Told>>) -> bool {
        if told.receiver_count() > 0 {
            return false;
        }
        let mut live = self.live.lock().await;
        let is_left = told.receiver_count() == 0;
        if is_left {
            *live = None;
        }
        is_left
    }
}

async fn tell(
    inner: Arc<Inner>,
    mut follower: Follower,
    told: Sender<Arc<Told>>,
    at: watch::Sender<Cursor>,
) {
    let mut closed = inner.closed.subscribe();
    let mut away = false;
    while !inner.is_left(&told).await && !*closed.borrow_and_update() {
        match follower.look().await {
            Ok(look) => {
                away = false;
                let cursor: Arc<str> = follower.cursor().to_string().into();
                for change in look.changes {
                    let cursor = Arc::clone(&cursor);
                    // Nobody may be left to hear it.
                    let _ = told.send(Arc::new(Told { change, cursor }));
                }
                at.send_replace(follower.cursor());
                if !look.caught_up {
                    continue;
                }
            }
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "cannot look what has happened; looking again");
                }
                away = true;
            }
        }
        tokio::time::sleep(LOOK_PAUSE_MIN).await;
        tokio::select! {
            () = follower.pause(LOOK_PAUSE - LOOK_PAUSE_MIN) => {}
            _ = closed.changed() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::Runtime;

    #[test]
    fn whoever_listens_hears_when_the_follower_has_broken_off_and_begins_anew() {
        let (here, there) = (Runtime::new().unwrap(), Runtime::new().unwrap());
        let client = here.block_on(async {
            let client = Client::connect("sqlite::memory:").await.unwrap();
            client.migrate().await.unwrap();
            client
        });
        let hub = Hub::new(client.clone());
        let mut seat = hub.seat().unwrap();
        there.block_on(seat.listen()).unwrap();
        // It takes its tasks along.
        drop(there);
        let soon = Duration::from_secs(20);
        here.block_on(async {
            let next = tokio::time::timeout(soon, seat.next()).await.unwrap();
            assert!(matches!(next, Err(RecvError::Closed)));
            let mut seat = hub.seat().unwrap();
            seat.listen().await.unwrap();
            let submitted = client.submit_json("A", serde_json::json!({}));
            let id = submitted.await.unwrap().id;
            let told = tokio::time::timeout(soon, seat.next()).await.unwrap();
            assert_eq!(told.unwrap().change.id, id);
        });
    }
}
