//! The HTTP API from the other side: what commands ask a server for.
//!
//! What lives here: requests, and their answers as the library's types. What does not: what a command does with them.

mod address;
mod bulk;
mod link;
mod look;
mod periodic;
mod refusal;
mod stream;
mod tasks;
mod token_file;

pub(crate) use bulk::{Operations, Preview};
pub(crate) use stream::{Events, Heard};

use crate::failure::{Exit, Failure};
use address::Address;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, header};
use link::Link;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// How often a request is sent that the server does once for its key.
const SENT_MAX: usize = 3;
/// Between two of these.
const SEND_AGAIN: Duration = Duration::from_secs(1);

/// A server.
pub(crate) struct Remote {
    link: Link,
    token: Option<String>,
}

impl Remote {
    /// The server at this address. Nothing is sent yet.
    pub(crate) fn new(
        url: &str,
        token_file: Option<&Path>,
        authorities: Option<&Path>,
    ) -> Result<Remote, Failure> {
        let address = Address::read(url)?;
        let token = token_file.map(token_file::read).transpose()?;
        if token.is_some() && !address.is_private() {
            tracing::warn!("the token travels in plain sight to {address}: use https://");
        }
        Ok(Remote {
            link: Link::new(address, authorities)?,
            token,
        })
    }

    /// What happens from now on, or after an event.
    pub(crate) async fn events(&self, wishes: &[(&str, String)]) -> Result<Events, Failure> {
        let request = self.request(Method::GET, &format!("/events{}", query(wishes)), None)?;
        // A stream keeps its connection to itself.
        let link = self.link.another();
        let answer = link.begin(request).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(Events::new(link, answer.into_body()));
        }
        let (status, body) = link.rest(answer).await?;
        Err(refusal::read(status, &body))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let answer = self.ask(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| unreadable(&error))
    }

    /// Sends a `POST` that the server does once for its key, and again when its answer was lost.
    async fn send_once<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let key = HeaderValue::from_str(key)
            .map_err(|error| Failure::usage(format!("this is no key of a request: {error}")))?;
        let mut request = self.request(Method::POST, path, body)?;
        request.headers_mut().insert(IDEMPOTENCY_KEY, key);
        let mut sent = 1;
        let answer = loop {
            match self.answer(request.clone()).await {
                Err(failure) if failure.passes() && sent < SENT_MAX => sent += 1,
                answer => break answer?,
            }
            tokio::time::sleep(SEND_AGAIN).await;
        };
        serde_json::from_slice(&answer).map_err(|error| unreadable(&error))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Failure> {
        self.answer(self.request(method, path, body)?).await
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Bytes, Failure> {
        let (status, body) = self.link.ask(request).await?;
        match status.is_success() {
            true => Ok(body),
            false => Err(refusal::read(status, &body)),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let address = &self.link.address;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", address.base))
            .header(header::HOST, address.authority())
            .header(
                header::ACCEPT,
                "application/json, text/event-stream, application/problem+json",
            );
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(value.to_string())
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(body))
            .map_err(|error| Failure::usage(format!("this cannot be asked of a server: {error}")))
    }
}

fn unreadable(error: &serde_json::Error) -> Failure {
    let cause = format!("the server's answer cannot be read: {error}");
    Failure::new(Exit::Failure, "server", cause)
        .fix("it may be of another version than this program")
}

/// `?a=b&c=d`, everything written so that it stands for itself.
fn query(wishes: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in wishes {
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.push_str(&escaped(value));
    }
    out
}

/// A text as a part of an address that stands for itself.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
