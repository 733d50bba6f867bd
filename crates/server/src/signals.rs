//! Being told to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM. From the moment in which it is made they end the process no more by themselves.
pub(crate) struct Signals(Option<[Signal; 2]>);

impl Signals {
    pub(crate) fn listen() -> Signals {
        let both = signal(SignalKind::interrupt()).and_then(|interrupt| {
            let terminate = signal(SignalKind::terminate())?;
            Ok([interrupt, terminate])
        });
        Signals(both.ok())
    }

    /// Waits for one of them.
    pub(crate) async fn wait(self) {
        match self.0 {
            Some([mut interrupt, mut terminate]) => {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            }
            // Without a handler the signal ends the process by itself.
            None => std::future::pending().await,
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    Signals::listen().wait().await;
}
