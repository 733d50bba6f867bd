//! Hints for engines that cannot notify: an empty datagram to each live worker's address.

use crate::db::{Db, DbError, DbErrorKind, DbResult};
use crate::store;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the list of workers is believed.
const LIST_TIME: Duration = Duration::from_secs(5);
/// A fleet larger than this polls for the rest.
const WORKERS_MAX: usize = 64;

/// What a hint holds: enough to tell it from noise, nothing about the work.
pub(crate) const HINT: &[u8] = b"dutiful\n";

#[derive(Debug, Default)]
pub(super) struct Datagrams {
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    read: Instant,
    workers: Vec<SocketAddr>,
}

impl Datagrams {
    pub(super) async fn send(&self, db: &Db) -> DbResult<()> {
        let fresh = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known
                .as_ref()
                .filter(|known| known.read.elapsed() < LIST_TIME)
                .map(|k| k.workers.clone())
        };
        let workers = match fresh {
            Some(workers) => workers,
            None => self.read(db).await?,
        };
        send_to_all(&workers).map_err(|error| {
            DbError::new(DbErrorKind::Other, format!("cannot send a hint: {error}"))
        })
    }

    async fn read(&self, db: &Db) -> DbResult<Vec<SocketAddr>> {
        let mut workers = store::workers::hint_addresses(db).await?;
        workers.truncate(WORKERS_MAX);
        let known = Known {
            read: Instant::now(),
            workers: workers.clone(),
        };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(workers)
    }
}

/// Sending to a closed port is no error worth telling: the worker is gone.
fn send_to_all(workers: &[SocketAddr]) -> std::io::Result<()> {
    if workers.is_empty() {
        return Ok(());
    }
    let (mut v4, mut v6) = (None, None);
    for worker in workers {
        let (socket, any) = if worker.is_ipv4() {
            (&mut v4, "0.0.0.0:0")
        } else {
            (&mut v6, "[::]:0")
        };
        if socket.is_none() {
            *socket = Some(UdpSocket::bind(any)?);
        }
        if let Some(socket) = socket {
            let _ = socket.send_to(HINT, worker);
        }
    }
    Ok(())
}
