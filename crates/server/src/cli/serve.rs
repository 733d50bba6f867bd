//! `dutiful serve`.

use super::App;
use crate::failure::{Exit, Failure};
use crate::http::{Api, listen};
use crate::logging;
use crate::signals::interrupted;
use clap::Args;
use dutiful::{BulkOperations, Client, Worker};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "DUTIFUL_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// Bring the tables up to date first
    #[arg(long)]
    migrate: bool,
    /// Take task names too that this binary does not know, with payloads unchecked; other workers may know them
    #[arg(long)]
    allow_unknown: bool,
    /// Ask for tokens on a loopback address too
    #[arg(long, conflicts_with = "insecure_no_auth")]
    require_token: bool,
    /// Listen on an address that others can reach without asking for tokens: everybody may do everything
    #[arg(long)]
    insecure_no_auth: bool,
}

impl ServeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        let client = app.settings.connect().await?;
        if self.migrate {
            client.migrate().await?;
        } else {
            client.migrator().check().await?;
        }
        let tokens = self.asks_for_tokens(&client).await?;
        let listener = listen_on(self.listen).await?;
        let address = listener.local_addr()?;
        // What is asked for here goes on here, if no worker is there to do it.
        let operations = Worker::new(client.clone()).register(BulkOperations);
        let operations = operations.shutdown_grace(Duration::ZERO).start().await?;
        let api = Api::new(client)
            .tasks(Arc::clone(&app.tasks))
            .allow_unknown(self.allow_unknown)
            .require_tokens(tokens);
        tracing::info!("Serving on http://{address}: try http://{address}/docs");
        let served = listen::serve(listener, api.router(), interrupted()).await;
        operations.shutdown().await;
        served?;
        tracing::info!("Stopped serving");
        Ok(())
    }

    /// On an address that others can reach it does, and it does not start where nobody could have one.
    async fn asks_for_tokens(&self, client: &Client) -> Result<bool, Failure> {
        let is_loopback = self.listen.ip().is_loopback();
        if self.insecure_no_auth {
            if !is_loopback {
                tokio::spawn(warn_again(self.listen));
            }
            return Ok(false);
        }
        if is_loopback && !self.require_token {
            return Ok(false);
        }
        let tokens = client.tokens().await?;
        if tokens.iter().any(|token| token.active) {
            return Ok(true);
        }
        let cause = format!(
            "there is no token, and {} is not for everybody who reaches it",
            self.listen
        );
        Err(Failure::new(Exit::Usage, "no_token", cause).fix(
            "make one with `dutiful token create NAME --scope admin`, or say --insecure-no-auth",
        ))
    }
}

/// A socket that listens there.
pub(super) async fn listen_on(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        let cause = format!("cannot listen on {address}: {error}");
        Failure::new(Exit::Failure, "listen", cause)
            .fix("another program may use it: choose another with --listen")
    })
}

/// Nobody should forget it.
async fn warn_again(address: SocketAddr) {
    loop {
        tracing::warn!("{address} is open: whoever reaches it may do everything");
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}
