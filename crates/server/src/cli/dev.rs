//! `dutiful dev`.

use super::App;
use super::serve::{ended, listen_on};
use crate::failure::Failure;
use crate::http::{Api, listen};
use crate::logging;
use crate::signals::Signals;
use clap::Args;
use dutiful::Worker;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// The arguments of `dev`.
#[derive(Debug, Args)]
pub(super) struct DevArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(
        long,
        env = "DUTIFUL_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,
    /// The folder below which documents are read
    #[arg(
        long,
        env = "DUTIFUL_DOCUMENTS_ROOT",
        hide_env_values = true,
        value_name = "DIR",
        default_value = "."
    )]
    documents_root: PathBuf,
}

impl DevArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        if !self.listen.ip().is_loopback() {
            let cause = format!("{} can be reached from other machines", self.listen);
            return Err(Failure::usage(cause)
                .fix("`dev` asks nobody for a token: use `dutiful serve` and `dutiful worker`"));
        }
        let client = app.settings.connect().await?;
        client.migrate().await?;
        let listener = listen_on(self.listen).await?;
        let address = listener.local_addr()?;
        let worker = Worker::new(client.clone());
        let worker = app.tasks.register(&[], worker, &self.documents_root);
        let worker = worker.start().await?;
        let api = Api::new(client)
            .tasks(Arc::clone(&app.tasks))
            .allow_unknown(true)
            .redact(
                Arc::clone(&app.settings.redact),
                app.settings.redact_everywhere,
            );
        let signals = Signals::listen();
        tracing::info!("Serving on http://{address}: try http://{address}/docs");
        let served =
            listen::serve(listener, api.clone().router(), None, ended(&api, signals)).await;
        worker.shutdown().await;
        served?;
        Ok(())
    }
}
