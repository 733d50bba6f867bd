//! A link on which it is counted how often the client waits for the server.

use super::proxy::at_port;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Stands between clients and a server.
#[derive(Debug)]
pub(crate) struct Meter {
    port: u16,
    round_trips: Arc<AtomicU64>,
}

impl Meter {
    /// Listens on a free port.
    pub(crate) async fn start(server: String) -> Meter {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let round_trips = Arc::new(AtomicU64::new(0));
        let shared = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(pass(client, server, Arc::clone(&shared)));
            }
        });
        Meter { port, round_trips }
    }

    pub(crate) fn url(&self, url: &str) -> String {
        at_port(url, self.port)
    }

    /// How often the server has answered so far.
    pub(crate) fn round_trips(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, round_trips: Arc<AtomicU64>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut waits = false;
    loop {
        let passed = tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                waits = true;
                server.write_all(&asked[..count]).await
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                round_trips.fetch_add(u64::from(std::mem::take(&mut waits)), Ordering::SeqCst);
                client.write_all(&answered[..count]).await
            }
        };
        if passed.is_err() {
            return;
        }
    }
}
