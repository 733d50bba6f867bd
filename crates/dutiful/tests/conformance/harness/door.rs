//! A way to a server that can be shut: then all links over it end, and new ones are turned away.

use super::database::TestDb;
use super::engine::Dialect;
use super::proxy::server_of;
use super::wait::within;
use dutiful::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands between clients and a server.
#[derive(Debug)]
pub(crate) struct Door {
    port: u16,
    open: watch::Sender<bool>,
    turned_away: watch::Receiver<usize>,
}

impl Door {
    /// A client that reaches its database through a door. SQLite has none to shut.
    pub(crate) async fn before(db: &TestDb) -> Option<(Door, Client)> {
        if db.dialect() == Dialect::Sqlite {
            return None;
        }
        let door = Door::start(server_of(db.url())).await;
        let client = Client::builder(&door.url(db.url())).table_prefix(db.prefix());
        Some((door, client.connect().await.unwrap()))
    }

    async fn start(server: String) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (count, turned_away) = watch::channel(0);
        let open = watch::Sender::new(true);
        let state = open.subscribe();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *state.borrow() {
                    let server = TcpStream::connect(&server).await.unwrap();
                    tokio::spawn(pass(client, server, state.clone()));
                } else {
                    drop(client);
                    count.send_modify(|count| *count += 1);
                }
            }
        });
        Door {
            port,
            open,
            turned_away,
        }
    }

    pub(crate) fn shut(&self) {
        self.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until so many links were turned away.
    pub(crate) async fn turns_away(&self, times: usize) {
        let mut turned_away = self.turned_away.clone();
        let enough = turned_away.wait_for(|count| *count >= times);
        within("links are turned away", enough).await.unwrap();
    }

    fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").unwrap();
        let (user, place) = rest.rsplit_once('@').unwrap();
        let (_, database) = place.split_once('/').unwrap();
        format!("{scheme}://{user}@127.0.0.1:{}/{database}", self.port)
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, mut open: watch::Receiver<bool>) {
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
        _ = open.wait_for(|open| !open) => {}
    }
}
