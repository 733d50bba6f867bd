//! `dutiful serve`.

use super::App;
use crate::failure::{Exit, Failure};
use crate::http::{Api, listen};
use crate::logging;
use crate::signals::interrupted;
use clap::Args;
use std::net::SocketAddr;
use std::sync::Arc;
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
    /// Listen on an address that others can reach, although everybody may then do everything
    #[arg(long)]
    insecure_no_auth: bool,
}

impl ServeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        self.refuse_open_doors()?;
        let client = app.settings.connect().await?;
        if self.migrate {
            client.migrate().await?;
        } else {
            client.migrator().check().await?;
        }
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            let cause = format!("cannot listen on {}: {error}", self.listen);
            Failure::new(Exit::Failure, "listen", cause)
                .fix("another program may use it: choose another with --listen")
        })?;
        let address = listener.local_addr()?;
        let api = Api::new(client)
            .tasks(Arc::clone(&app.tasks))
            .allow_unknown(self.allow_unknown);
        tracing::info!("Serving on http://{address}: try http://{address}/docs");
        listen::serve(listener, api.router(), interrupted()).await?;
        tracing::info!("Stopped serving");
        Ok(())
    }

    /// There is nothing yet that tells users apart.
    fn refuse_open_doors(&self) -> Result<(), Failure> {
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        if !self.insecure_no_auth {
            let cause = format!(
                "{} can be reached from other machines, and whoever reaches it may do everything",
                self.listen
            );
            return Err(Failure::new(Exit::Usage, "no_auth", cause).fix(
                "listen on 127.0.0.1 behind a proxy that asks who it is, or say --insecure-no-auth",
            ));
        }
        tracing::warn!("{} is open to everybody who can reach it", self.listen);
        Ok(())
    }
}
