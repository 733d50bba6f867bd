//! Stands between clients and a server, and counts round trips: a request after an answer is one more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::talk;

const BUFFER: usize = 65_536;

/// Prints the address by which clients come this way, and for each line of stdin the count so far.
pub(crate) async fn run(url: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (server, by_us) = addresses(url, listener.local_addr()?.port())?;
    let count = Arc::<AtomicU64>::default();
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let Ok(server) = TcpStream::connect(&server).await else {
                continue;
            };
            tokio::spawn(pass(client, server, Arc::clone(&counted)));
        }
    });
    let answer = move || json!({ "round_trips": count.load(Ordering::SeqCst) });
    talk::until_closed(json!({ "url": by_us }), answer).await
}

/// Host and port of the server, and the URL with our port in their place.
fn addresses(url: &str, port: u16) -> Result<(String, String)> {
    let found = || {
        let (scheme, rest) = url.split_once("://")?;
        let (user, place) = rest.rsplit_once('@')?;
        let (server, database) = place.split_once('/')?;
        let database = database.split('?').next()?;
        // What is encrypted has turns of its own.
        let by_us = format!("{scheme}://{user}@127.0.0.1:{port}/{database}?sslmode=disable");
        Some((server.to_owned(), by_us))
    };
    found().with_context(|| "the URL names no server, or no user, or no database")
}

async fn pass(mut client: TcpStream, mut server: TcpStream, count: Arc<AtomicU64>) {
    // As the drivers do: what is small must not wait.
    if client.set_nodelay(true).is_err() || server.set_nodelay(true).is_err() {
        return;
    }
    let (mut asked, mut answered) = (vec![0; BUFFER], vec![0; BUFFER]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_sent_to_our_port() {
        let (server, by_us) =
            addresses("mysql://u:p@127.0.0.1:3306/base?sslmode=require", 7).unwrap();
        assert_eq!(server, "127.0.0.1:3306");
        assert_eq!(by_us, "mysql://u:p@127.0.0.1:7/base?sslmode=disable");
        assert!(addresses("sqlite:a.db", 7).is_err());
    }
}
