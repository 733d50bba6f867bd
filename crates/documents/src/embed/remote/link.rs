//! One request to a provider: a connection of its own, encrypted where the address says so, bounded in time and size.
//! Redirects are not followed. What is asked for is not decided here.

use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::key::Key;
use super::settings::{Address, Provider, invalid};
use crate::embed::EmbedError;
use crate::embed::error::Problem;
use crate::limits::PROVIDER_CONNECT_TIME_MAX;

/// The way to a provider.
pub(super) struct Link {
    provider: Provider,
    address: Address,
    tls: Option<TlsConnector>,
}

/// What is sent.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// Its media type.
    pub(super) kind: String,
}

/// What came back, whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Link {
    /// Nothing is opened yet, but the key must be there.
    pub(super) fn new(provider: &Provider) -> Result<Link, EmbedError> {
        let address = provider.address()?;
        Key::of(provider)?;
        let tls = match address.encrypted {
            true => {
                let config = config(provider.ca_file.as_deref())?;
                Some(TlsConnector::from(Arc::new(config)))
            }
            false => None,
        };
        Ok(Link {
            provider: provider.clone(),
            address,
            tls,
        })
    }

    pub(super) fn key(&self) -> Result<Option<Key>, EmbedError> {
        Key::of(&self.provider)
    }

    /// Posts to a path below the base. The answer has at most `most` bytes.
    pub(super) async fn post(
        &self,
        path: &str,
        body: Body,
        most: usize,
    ) -> Result<Answer, EmbedError> {
        let request = self.request(path, body)?;
        let time = Duration::from_secs(self.provider.answer_seconds);
        match tokio::time::timeout(time, self.exchange(request, most)).await {
            Ok(answer) => answer,
            Err(_) => Err(EmbedError::new(
                Problem::TookTooLong,
                format!("{} gave no answer within {time:?}", self.address.authority),
            )),
        }
    }

    fn request(&self, path: &str, body: Body) -> Result<Request<Full<Bytes>>, EmbedError> {
        let agent = concat!("dutiful/", env!("CARGO_PKG_VERSION"));
        let mut request = Request::post(format!("{}{path}", self.address.path))
            .header(HOST, &self.address.authority)
            .header(CONTENT_TYPE, body.kind)
            .header(ACCEPT, "application/json")
            .header(CONNECTION, "close")
            .header(USER_AGENT, agent);
        if let Some(header) = self.key()?.and_then(|key| key.header()) {
            request = request.header(AUTHORIZATION, header);
        }
        let request = request.body(Full::new(body.bytes.into()));
        request.map_err(|error| invalid(format!("no request can be made of them: {error}")))
    }

    async fn exchange(
        &self,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Answer, EmbedError> {
        let connect = tokio::time::timeout(PROVIDER_CONNECT_TIME_MAX, self.connect());
        let stream = connect
            .await
            .unwrap_or_else(|_| Err(self.unreachable("no connection in time")))?;
        let Some(tls) = &self.tls else {
            return self.send(stream, request, most).await;
        };
        let name = ServerName::try_from(self.address.host.clone());
        let name = name.map_err(|error| self.unreachable(&error.to_string()))?;
        let agree = tokio::time::timeout(PROVIDER_CONNECT_TIME_MAX, tls.connect(name, stream));
        let agreed = agree
            .await
            .map_err(|_| self.unreachable("no encryption in time"))?;
        let stream = agreed.map_err(|error| self.unreachable(&error.to_string()))?;
        self.send(stream, request, most).await
    }

    async fn connect(&self) -> Result<TcpStream, EmbedError> {
        let place = (self.address.host.as_str(), self.address.port);
        let stream = TcpStream::connect(place).await;
        let stream = stream.map_err(|error| self.unreachable(&error.to_string()))?;
        // The end of a request must not wait for more to send.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Sends and receives within this call, so that nothing is left running when it is dropped.
    async fn send(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        request: Request<Full<Bytes>>,
        most: usize,
    ) -> Result<Answer, EmbedError> {
        let agreed = handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = agreed.map_err(|error| self.unreachable(&chain(&error)))?;
        let exchange = async {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| self.unreachable(&chain(&error)))?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, most).collect().await;
            let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
                Some(_) => EmbedError::answer_unusable(format!("it has more than {most} bytes")),
                None => self.unreachable(&error.to_string()),
            })?;
            Ok(Answer {
                status: head.status,
                headers: head.headers,
                body: body.to_bytes(),
            })
        };
        let (mut connection, mut exchange) = (pin!(connection), pin!(exchange));
        let mut is_open = true;
        std::future::poll_fn(|cx| {
            // What ends the connection is told to the exchange.
            if is_open && connection.as_mut().poll(cx).is_ready() {
                is_open = false;
            }
            exchange.as_mut().poll(cx)
        })
        .await
    }

    fn unreachable(&self, why: &str) -> EmbedError {
        let cause = format!("{}: {why}", self.address.authority);
        EmbedError::new(Problem::Unreachable, cause)
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

fn config(authorities: Option<&Path>) -> Result<ClientConfig, EmbedError> {
    let roots = match authorities {
        Some(file) => read_authorities(file)?,
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn read_authorities(file: &Path) -> Result<RootCertStore, EmbedError> {
    let wrong = |why: String| {
        let file = file.display();
        invalid(format!(
            "ca_file: {file} is no PEM file of certificate authorities: {why}"
        ))
    };
    let certificates = CertificateDer::pem_file_iter(file);
    let mut roots = RootCertStore::empty();
    for certificate in certificates.map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        let added = roots.add(certificate);
        added.map_err(|error| wrong(error.to_string()))?;
    }
    match roots.is_empty() {
        true => Err(wrong("it holds no certificate".to_owned())),
        false => Ok(roots),
    }
}
