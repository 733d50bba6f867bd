//! Hears that there is work before the next poll would find it.
//!
//! A notification on PostgreSQL, a change of the file on SQLite, a datagram on MySQL. All are hints: when
//! one is lost, or cannot be had, polling finds the work.

use super::shared::Shared;
use crate::client::HINT;
use crate::db::{Db, postgres, sqlite};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;

/// Whoever commits to a SQLite file again and again, this worker among them, wakes us at most this often.
const WATCH_PAUSE: Duration = Duration::from_millis(5);
/// Between tries to listen again, doubling up to `LISTEN_PAUSE_MAX`.
const LISTEN_PAUSE: Duration = Duration::from_millis(200);
const LISTEN_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Listens until the worker stops claiming. `hints` is the socket of a worker on MySQL.
pub(crate) async fn run(shared: Arc<Shared>, hints: Option<UdpSocket>) {
    let stopping = shared.stopping.clone();
    let listens = async {
        match shared.client.db() {
            Db::Postgres(db) => listen(&shared, db).await,
            Db::Mysql(_) => match hints {
                Some(socket) => receive(&shared, socket).await,
                None => std::future::pending().await,
            },
            Db::Sqlite(db) => watch(&shared, db).await,
        }
    };
    tokio::select! {
        () = stopping.cancelled() => {}
        () = listens => {}
    }
}

async fn listen(shared: &Shared, db: &postgres::Postgres) {
    let channel = format!("{}tasks", db.prefix().as_str());
    let mut pause = LISTEN_PAUSE;
    loop {
        if let Ok(mut listener) = db.listen(&channel).await {
            pause = LISTEN_PAUSE;
            // Something may have been submitted while nobody listened.
            shared.signal.anything();
            while listener.next().await.is_ok() {
                shared.signal.anything();
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LISTEN_PAUSE_MAX);
    }
}

async fn receive(shared: &Shared, socket: UdpSocket) {
    let mut datagram = [0; 16];
    loop {
        match socket.recv(&mut datagram).await {
            Ok(length) if &datagram[..length] == HINT => {
                shared.signal.anything();
                // Whoever floods the port wakes us at most this often.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(LISTEN_PAUSE).await,
        }
    }
}

async fn watch(shared: &Shared, db: &sqlite::Sqlite) {
    let Ok(Some(mut watcher)) = db.watcher() else {
        return std::future::pending().await;
    };
    loop {
        watcher.next().await;
        shared.signal.anything();
        tokio::time::sleep(WATCH_PAUSE).await;
    }
}

/// A socket for hints, bound to the address by which this machine reaches the database, and that address
/// for the worker's row. `None` where there is no such address: then polling has to do.
pub(crate) async fn hint_socket(db: &Db) -> Option<(UdpSocket, String)> {
    let Db::Mysql(mysql) = db else { return None };
    let (host, port) = mysql.host_and_port()?;
    let probe = UdpSocket::bind(("0.0.0.0", 0)).await.ok()?;
    // Connecting a datagram socket sends nothing; it only finds the way.
    probe.connect((host, port)).await.ok()?;
    let local: IpAddr = probe.local_addr().ok()?.ip();
    let socket = UdpSocket::bind((local, 0)).await.ok()?;
    let address = socket.local_addr().ok()?.to_string();
    Some((socket, address))
}
