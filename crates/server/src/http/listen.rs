//! Serving the router on a socket: limits on connections and on slow clients, and an end that lets open requests
//! finish.

use super::guard;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at once; the system keeps a few more waiting.
const CONNECTIONS_MAX: usize = 4_096;
/// From the first byte of a request to the last of its headers; an idle connection is closed after it too.
const HEADERS_TIME_MAX: Duration = Duration::from_secs(15);
/// All headers of a request.
const HEADERS_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 100;
/// What open requests get when the server is told to end.
const GRACE: Duration = Duration::from_secs(25);
/// After an error that is the system's and not a client's: no more files, no memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is told to end, then lets open requests finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    ended: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = match listener.local_addr()?.ip().is_loopback() {
        true => guard::loopback_names_only(router),
        false => router,
    };
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    tokio::pin!(ended);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.map_err(io::Error::other)?,
            () = &mut ended => break,
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, router.clone(), graceful.watcher());
                    tokio::spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut ended => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests were still open after {GRACE:?} and are cut off");
    }
    Ok(())
}

async fn connection(stream: TcpStream, router: Router, watcher: Watcher) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_TIME_MAX)
        .max_buf_size(HEADERS_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        // Clients go away; that is theirs to do.
        tracing::debug!(%error, "a connection broke");
    }
}
