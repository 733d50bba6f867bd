//! A link that loses an answer: the server has done what it was asked, and the client never hears of it.
//!
//! What lives here: bytes passed on, and cut off at the right moment. It knows no protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is lost: the answer to the first request that holds `lost`, on a link that has carried `mark`.
/// They may be the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loses {
    pub(crate) mark: &'static str,
    pub(crate) lost: &'static str,
}

/// Stands between clients and a server, and cuts one link when the server answers what is to be lost.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    cut: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens on a free port.
    pub(crate) async fn start(server: String, loses: Loses) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let cut = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, loses, Arc::clone(&shared)));
            }
        });
        Proxy { port, cut }
    }

    /// Whether the answer was lost.
    pub(crate) fn has_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    /// The URL with this in place of the server.
    pub(crate) fn url(&self, url: &str) -> String {
        at_port(url, self.port)
    }
}

/// The URL with a port of this machine in place of the server. Encrypted, nothing could be read of it.
pub(crate) fn at_port(url: &str, port: u16) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.rsplit_once('@').unwrap();
    let (_, database) = place.split_once('/').unwrap();
    format!("{scheme}://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// The server's host and port in a URL.
pub(crate) fn server_of(url: &str) -> String {
    let place = url.rsplit_once('@').unwrap().1;
    place.split('/').next().unwrap().to_owned()
}

async fn pass(mut client: TcpStream, mut server: TcpStream, loses: Loses, cut: Arc<AtomicBool>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let (mut marked, mut losing) = (false, false);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                marked |= holds(&asked[..count], loses.mark);
                let is_last = holds(&asked[..count], loses.lost);
                losing |= marked && is_last && !cut.load(Ordering::SeqCst);
                if server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if losing {
                    cut.store(true, Ordering::SeqCst);
                    return;
                }
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|some| some == text.as_bytes())
}
