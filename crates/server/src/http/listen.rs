//! Serving the router on a socket: limits on connections and on slow clients, and an end that lets open requests
//! finish.

mod patient;

use super::guard;
use super::tls::Tls;
use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use patient::Patient;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at once; the system keeps a few more waiting.
const CONNECTIONS_MAX: usize = 4_096;
/// From the first byte of a request to the last of its headers; an idle connection is closed after it too.
const HEADERS_TIME_MAX: Duration = Duration::from_secs(15);
/// For agreeing on the encryption of a connection.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// All headers of a request.
const HEADERS_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 100;
/// What open requests get when the server is told to end.
const GRACE: Duration = Duration::from_secs(25);
/// After an error that is the system's and not a client's: no more files, no memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who is at the other end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

/// Serves until it is told to end, then lets open requests finish. With `tls` it takes encrypted connections
/// alone.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    tls: Option<Arc<Tls>>,
    ended: impl Future<Output = ()>,
) -> io::Result<()> {
    let router = match listener.local_addr()?.ip().is_loopback() {
        true => guard::loopback_names_only(router),
        false => router,
    };
    let router = match tls {
        Some(_) => guard::encrypted_from_now_on(router),
        None => router,
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
                Ok((stream, address)) => {
                    let service = OfPeer {
                        router: TowerToHyperService::new(router.clone()),
                        peer: Peer(address.ip()),
                    };
                    let connection = connection(stream, tls.clone(), service, graceful.watcher());
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

/// The router, which is told whom each request comes from.
#[derive(Clone)]
struct OfPeer {
    router: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for OfPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

async fn connection(stream: TcpStream, tls: Option<Arc<Tls>>, service: OfPeer, watcher: Watcher) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let stream = Patient::new(stream);
    let Some(tls) = tls else {
        return requests(stream, service, watcher).await;
    };
    let agreed = tls.acceptor().accept(stream);
    match tokio::time::timeout(HANDSHAKE_TIME_MAX, agreed).await {
        Ok(Ok(stream)) => requests(stream, service, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "a connection could not be encrypted"),
        Err(_) => tracing::debug!("a connection was not encrypted in time"),
    }
}

async fn requests(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: OfPeer,
    watcher: Watcher,
) {
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
