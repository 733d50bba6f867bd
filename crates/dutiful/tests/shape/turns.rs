//! Counts how often clients wait for a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Stands between clients and a server, and counts round trips: a request after an answer is one more.
#[derive(Debug)]
pub(crate) struct Turns {
    port: u16,
    count: Arc<AtomicU64>,
}

impl Turns {
    /// Listens on a free port.
    pub(crate) async fn start(server: String) -> Turns {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::<AtomicU64>::default();
        let shared = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Turns { port, count }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// The URL with this in place of the server.
    pub(crate) fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, place) = rest.rsplit_once('@').unwrap();
        let (_, database) = place.split_once('/').unwrap();
        let port = self.port;
        format!("{scheme}://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, count: Arc<AtomicU64>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut waits = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(bytes @ 1..) = read else { return };
                if !waits {
                    count.fetch_add(1, Ordering::SeqCst);
                }
                waits = true;
                if server.write_all(&asked[..bytes]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(bytes @ 1..) = read else { return };
                waits = false;
                if client.write_all(&answered[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}
