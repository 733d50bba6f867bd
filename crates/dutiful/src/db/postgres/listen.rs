//! LISTEN, on a connection of its own.

use super::Postgres;
use super::connect::Link;
use super::errors;
use crate::db::{DbError, DbErrorKind, DbResult};
use futures_util::future::poll_fn;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Config};

/// Hints that wait to be read; more are dropped, because one wakes as well as a hundred.
const WAITING: usize = 256;

/// Receives what is notified on one channel. A hint only: what was sent while no listener was there, or
/// faster than it was read, is lost.
#[derive(Debug)]
pub(crate) struct Listener {
    payloads: mpsc::Receiver<DbResult<String>>,
    _client: Client,
    driving: JoinHandle<()>,
}

impl Listener {
    pub(super) async fn open(db: Postgres, channel: &str) -> DbResult<Listener> {
        let (connector, config, timeout) = db.listening()?;
        let command = format!("LISTEN \"{}\"", channel.replace('"', "\"\""));
        let slow = DbError::new(DbErrorKind::Unavailable, connector.no_answer());
        let work = async move {
            let connecting = connector.attempt(&config);
            let (client, link) = connecting
                .await
                .map_err(|error| errors::connecting(&error, connector.server()))?;
            let (sender, payloads) = mpsc::channel(WAITING);
            let listener = Listener {
                payloads,
                _client: client,
                driving: tokio::spawn(drive(link, sender)),
            };
            let listening = listener._client.batch_execute(&command).await;
            listening.map_err(|error| errors::running(&error))?;
            Ok(listener)
        };
        db.io
            .run(async move {
                tokio::time::timeout(timeout, work)
                    .await
                    .unwrap_or(Err(slow))
            })
            .await
    }

    /// The next payload. After an error there is nothing more: listen anew.
    pub(crate) async fn next(&mut self) -> DbResult<String> {
        let ended = || DbError::new(DbErrorKind::LinkLost, "the listening connection ended");
        self.payloads.recv().await.unwrap_or_else(|| Err(ended()))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

/// Moves the connection's traffic until it ends.
async fn drive(mut link: Link, sender: mpsc::Sender<DbResult<String>>) {
    loop {
        match poll_fn(|cx| link.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notification(hint))) => {
                // A full queue already wakes its reader.
                let _ = sender.try_send(Ok(hint.payload().to_owned()));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let _ = sender.send(Err(errors::running(&error))).await;
                return;
            }
            None => return,
        }
    }
}

/// Whether listening is possible, and if not, why.
pub(super) fn refuse(asked: Option<bool>, pooled: bool, direct: bool) -> DbResult<()> {
    let text = match asked {
        Some(false) => "listening is switched off by listen=off in the database URL",
        None if pooled && !direct => {
            "a pooler stands before the server and LISTEN may not work through it; name a direct way by \
             listen_url=... in the database URL, or say listen=on when the pooler keeps sessions"
        }
        _ => return Ok(()),
    };
    Err(DbError::new(DbErrorKind::Unsupported, text))
}

/// What a listener's connection calls itself.
pub(super) fn named(config: &Config) -> Config {
    let mut config = config.clone();
    let name = config.get_application_name().unwrap_or("dutiful");
    let name = format!("{name} listener");
    config.application_name(name);
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_through_a_pooler_must_be_asked_for() {
        assert!(refuse(None, false, false).is_ok());
        assert!(refuse(None, true, true).is_ok());
        assert!(refuse(Some(true), true, false).is_ok());
        assert!(
            refuse(None, true, false)
                .unwrap_err()
                .message
                .contains("listen_url")
        );
        assert!(
            refuse(Some(false), false, true)
                .unwrap_err()
                .message
                .contains("listen=off")
        );
    }
}
