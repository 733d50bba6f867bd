//! `dutiful serve`.

use super::App;
use crate::failure::{Exit, Failure};
use crate::http::tls::{self, Tls};
use crate::http::{Api, Rate, Rates, listen};
use crate::logging;
use crate::signals::Signals;
use clap::Args;
use dutiful::{BulkOperations, Client, Worker};
use std::net::SocketAddr;
use std::path::PathBuf;
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
    /// Encrypt connections: a PEM file with the certificate, and those above it
    #[arg(
        long,
        env = "DUTIFUL_TLS_CERT",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_cert: Option<PathBuf>,
    /// A PEM file with the certificate's key, which others on this machine cannot read
    #[arg(
        long,
        env = "DUTIFUL_TLS_KEY",
        hide_env_values = true,
        value_name = "FILE"
    )]
    tls_key: Option<PathBuf>,
    /// How often one token may ask, or one address where no token is asked for: 100/s, 30/m, 10/h, off
    /// [default: 1000/s]
    #[arg(
        long,
        env = "DUTIFUL_RATE_LIMIT",
        hide_env_values = true,
        value_name = "RATE"
    )]
    rate_limit: Option<Rate>,
    /// How often all of them together may ask [default: 5000/s]
    #[arg(
        long,
        env = "DUTIFUL_TOTAL_RATE_LIMIT",
        hide_env_values = true,
        value_name = "RATE"
    )]
    total_rate_limit: Option<Rate>,
    /// How often one address may show a token that is not in force [default: 10/m]
    #[arg(
        long,
        env = "DUTIFUL_FAILED_TOKEN_LIMIT",
        hide_env_values = true,
        value_name = "RATE"
    )]
    failed_token_limit: Option<Rate>,
    /// Listen on an address that others can reach without asking for tokens: everybody may do everything
    #[arg(long)]
    insecure_no_auth: bool,
}

impl ServeArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        logging::log_panics();
        let tls = self.tls(app)?;
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
            .require_tokens(tokens)
            .rates(self.rates(app))
            .redact(
                Arc::clone(&app.settings.redact),
                app.settings.redact_everywhere,
            );
        let scheme = if tls.is_some() { "https" } else { "http" };
        let signals = Signals::listen();
        tracing::info!("Serving on {scheme}://{address}: try {scheme}://{address}/docs");
        if let Some(tls) = &tls {
            tokio::spawn(tls::keep_fresh(Arc::clone(tls)));
        }
        let router = api.clone().router();
        let served = listen::serve(listener, router, tls, ended(&api, signals)).await;
        operations.shutdown().await;
        served?;
        tracing::info!("Stopped serving");
        Ok(())
    }

    fn rates(&self, app: &App) -> Rates {
        let file = &app.settings.serve;
        let usual = Rates::USUAL;
        let said = |flag: Option<Rate>, file: Option<Rate>| flag.or(file);
        Rates {
            caller: said(self.rate_limit, file.rate_limit).unwrap_or(usual.caller),
            total: said(self.total_rate_limit, file.total_rate_limit).unwrap_or(usual.total),
            failures: said(self.failed_token_limit, file.failed_token_limit)
                .unwrap_or(usual.failures),
        }
    }

    fn tls(&self, app: &App) -> Result<Option<Arc<Tls>>, Failure> {
        let said = |flag: &Option<PathBuf>, file: &Option<PathBuf>| flag.clone().or(file.clone());
        let certificate = said(&self.tls_cert, &app.settings.serve.tls_cert);
        let key = said(&self.tls_key, &app.settings.serve.tls_key);
        match (certificate, key) {
            (Some(certificate), Some(key)) => Tls::read(certificate, key).map(Arc::new).map(Some),
            (None, None) => Ok(None),
            _ => Err(Failure::usage("a certificate and its key go together")
                .fix("say both --tls-cert and --tls-key, or none of them")),
        }
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

/// Waits for the signal to end, and ends what would go on for ever.
pub(super) async fn ended(api: &Api, signals: Signals) {
    signals.wait().await;
    api.close_streams();
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
