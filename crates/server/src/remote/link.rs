//! One connection to a server: opened when it is needed, encrypted where the address says so, bounded in time and
//! size. What is asked for is not decided here.

use super::address::Address;
use crate::failure::{Exit, Failure};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;

/// For the connection, its encryption with it.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// A little more than a server takes at most.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(100);
/// A page of tasks has at most 16 MiB of payloads and results, each of which JSON may write longer.
const ANSWER_BYTES_MAX: usize = 128 * 1024 * 1024;

type Sender = SendRequest<Full<Bytes>>;

/// The way to one server.
pub(super) struct Link {
    pub(super) address: Address,
    tls: Option<TlsConnector>,
    open: Mutex<Option<Sender>>,
}

impl Link {
    /// Nothing is opened yet. Certificates are checked against those in the file, or else against those that
    /// browsers trust.
    pub(super) fn new(address: Address, authorities: Option<&Path>) -> Result<Link, Failure> {
        let tls = match address.encrypted {
            true => Some(TlsConnector::from(Arc::new(config(authorities)?))),
            false => None,
        };
        Ok(Link {
            address,
            tls,
            open: Mutex::default(),
        })
    }

    /// The whole answer.
    pub(super) async fn ask(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let whole = async {
            let answer = self.begin(request).await?;
            self.rest(answer).await
        };
        match tokio::time::timeout(ANSWER_TIME_MAX, whole).await {
            Ok(answer) => answer,
            Err(_) => Err(self.broken(&format!("no answer came within {ANSWER_TIME_MAX:?}"))),
        }
    }

    /// The answer's beginning; its body is yet to come.
    pub(super) async fn begin(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut open = self.open.lock().await;
        if let Some(sender) = open.as_mut() {
            // The server may have closed it meanwhile; what was not sent may be sent again.
            if sender.ready().await.is_ok() {
                let sent = sender.try_send_request(request.clone()).await;
                match sent {
                    Ok(answer) => return Ok(answer),
                    Err(mut error) => {
                        if error.take_message().is_none() {
                            return Err(self.broken(&chain(error.error())));
                        }
                    }
                }
            }
        }
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| self.broken(&chain(&error)))?;
        *open = Some(sender);
        Ok(answer)
    }

    /// What follows the beginning of an answer.
    pub(super) async fn rest(
        &self,
        answer: Response<Incoming>,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => self.broken(&format!(
                "the answer has more than {ANSWER_BYTES_MAX} bytes"
            )),
            None => self.broken(&error.to_string()),
        })?;
        Ok((status, body.to_bytes()))
    }

    /// Another way to the same server, with a connection of its own.
    pub(super) fn another(&self) -> Link {
        Link {
            address: self.address.clone(),
            tls: self.tls.clone(),
            open: Mutex::default(),
        }
    }

    async fn connect(&self) -> Result<Sender, Failure> {
        let connected = async {
            let place = (self.address.host.as_str(), self.address.port);
            let stream = TcpStream::connect(place)
                .await
                .map_err(|error| self.unreachable(&error.to_string()))?;
            // Small requests must not wait for more to send.
            let _ = stream.set_nodelay(true);
            let Some(tls) = &self.tls else {
                return self.agree(stream).await;
            };
            let name = ServerName::try_from(self.address.host.clone())
                .map_err(|error| self.unreachable(&error.to_string()))?;
            let stream = tls.connect(name, stream).await;
            self.agree(stream.map_err(|error| self.unreachable(&error.to_string()))?)
                .await
        };
        match tokio::time::timeout(CONNECT_TIME_MAX, connected).await {
            Ok(sender) => sender,
            Err(_) => Err(self.unreachable(&format!("no connection within {CONNECT_TIME_MAX:?}"))),
        }
    }

    async fn agree(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Sender, Failure> {
        let agreed = handshake(TokioIo::new(stream)).await;
        let (sender, connection) = agreed.map_err(|error| self.unreachable(&chain(&error)))?;
        tokio::spawn(async move {
            // Whoever asks by it is told.
            let _ = connection.await;
        });
        Ok(sender)
    }

    fn unreachable(&self, why: &str) -> Failure {
        let cause = format!("cannot reach the server at {}: {why}", self.address);
        Failure::new(Exit::Unreachable, "server_unreachable", cause)
            .fix("check that `dutiful serve` runs there, and that --server names it")
            .transient()
    }

    pub(super) fn broken(&self, why: &str) -> Failure {
        let cause = format!("the server at {} gave no whole answer: {why}", self.address);
        Failure::new(Exit::Unreachable, "server_unreachable", cause)
            .fix("it may have done what it was asked: look before you ask again")
            .transient()
    }
}

/// An error with what is behind it.
fn chain(error: &hyper::Error) -> String {
    use std::error::Error;
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn config(authorities: Option<&Path>) -> Result<ClientConfig, Failure> {
    let roots = match authorities {
        Some(file) => read_authorities(file)?,
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::new(Exit::Failure, "tls", error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_authorities(file: &Path) -> Result<RootCertStore, Failure> {
    let wrong = |why: &str| {
        Failure::new(Exit::Usage, "tls", format!("{}: {why}", file.display()))
            .fix("name a PEM file of certificate authorities with --ca-file")
    };
    let certificates = CertificateDer::pem_file_iter(file);
    let mut roots = RootCertStore::empty();
    for certificate in certificates.map_err(|error| wrong(&error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(&error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| wrong(&error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(wrong("it holds no certificate")),
        false => Ok(roots),
    }
}
