//! A proxy before a provider of embeddings, which fails as it is told. Without a provider it answers itself.

use std::collections::VecDeque;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::parts::part;

/// Numbers of a vector of the real provider, and of what the proxy makes up.
pub(crate) const DIMENSIONS: usize = 384;

/// What happens to one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// An answer with a status, headers and a body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Nothing, for so long.
    Slow(Duration),
    /// Only so many bytes of the honest answer.
    Cut(usize),
    /// One vector too few.
    OneLess,
    /// Vectors that end early.
    Shorter,
    /// A body without end.
    Endless,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    /// Requests with this word in a text are refused.
    refused: Option<String>,
    seen: Vec<Seen>,
}

/// A request that has come.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn texts(&self) -> usize {
        self.json()["input"].as_array().unwrap().len()
    }
}

/// A proxy that runs until the test's event loop ends.
#[derive(Clone)]
pub(crate) struct Proxy {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
}

impl Proxy {
    pub(crate) async fn start(upstream: Option<u16>) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let proxy = Proxy {
            state: Arc::default(),
            url,
        };
        let served = proxy.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let proxy = served.clone();
                tokio::spawn(async move { proxy.serve(stream, upstream).await });
            }
        });
        proxy
    }

    /// What happens to the next requests, one after the other; those after them are answered honestly.
    pub(crate) fn plan(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().unwrap().faults = faults.into_iter().collect();
    }

    pub(crate) fn refuse(&self, word: &str) {
        self.state.lock().unwrap().refused = Some(word.to_owned());
    }

    /// The requests since this was last asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }

    /// One request of a connection.
    pub(crate) async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        upstream: Option<u16>,
    ) {
        let Some(seen) = read_request(&mut stream).await else {
            return;
        };
        let (fault, refused) = {
            let mut state = self.state.lock().unwrap();
            state.seen.push(seen.clone());
            (state.faults.pop_front(), state.refused.clone())
        };
        let is_refused =
            refused.is_some_and(|word| String::from_utf8_lossy(&seen.body).contains(&word));
        let answer = match fault {
            Some(Fault::Answer(status, headers, body)) => answer(status, &headers, &body),
            Some(Fault::Endless) => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
                while stream.write_all(&[b' '; 65_536]).await.is_ok() {}
                return;
            }
            _ if is_refused => answer(
                400,
                &[],
                r#"{"error":{"message":"not that word","param":"input"}}"#,
            ),
            fault => {
                if let Some(Fault::Slow(time)) = fault {
                    tokio::time::sleep(time).await;
                }
                let mut body = honest(&seen, upstream).await;
                let data = body["data"].as_array_mut().unwrap();
                match fault {
                    Some(Fault::OneLess) => drop(data.pop()),
                    Some(Fault::Shorter) => {
                        for one in data {
                            one["embedding"] = json!([0.5, 0.5]);
                        }
                    }
                    _ => {}
                }
                let mut bytes = answer(200, &[], &body.to_string());
                if let Some(Fault::Cut(length)) = fault {
                    bytes.truncate(length);
                }
                bytes
            }
        };
        let _ = stream.write_all(&answer).await;
        let _ = stream.shutdown().await;
    }
}

fn answer(status: u16, headers: &[(&'static str, String)], body: &str) -> Vec<u8> {
    let mut head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        // What begins otherwise is no request, but an encrypted connection.
        if stream.read_buf(&mut bytes).await.ok()? == 0 || !bytes[0].is_ascii_uppercase() {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    };
    let length = head.lines().find_map(length).unwrap_or_default();
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { head, body })
}

/// The provider's answer, or one that is made up: texts with equal beginnings have equal vectors.
async fn honest(seen: &Seen, upstream: Option<u16>) -> Value {
    let Some(port) = upstream else {
        let request = seen.json();
        let texts = request["input"].as_array().unwrap().iter().enumerate();
        let vectors = texts.map(|(index, text)| {
            let first = usize::from(text.as_str().unwrap().as_bytes()[0]);
            let mut vector = vec![0.0; DIMENSIONS];
            vector[first] = 2.0;
            json!({"index": index, "embedding": vector})
        });
        return json!({"data": vectors.collect::<Vec<_>>()});
    };
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(seen.head.as_bytes()).await.unwrap();
    stream.write_all(&seen.body).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    serde_json::from_slice(&bytes[end + 4..]).unwrap()
}

/// A real provider, until this is dropped.
pub(crate) struct RealProvider {
    child: Child,
    pub(crate) port: u16,
}

impl RealProvider {
    pub(crate) async fn start() -> Option<RealProvider> {
        let program = part("DUTIFUL_TEST_EMBED_SERVER")?;
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut command = Command::new(program);
        command.args(["--threads", "1", "--port", &port.to_string()]);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut provider = RealProvider { child, port };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(
                provider.child.try_wait().unwrap().is_none(),
                "the provider has ended"
            );
            assert!(
                begin.elapsed() < Duration::from_secs(120),
                "the provider does not begin"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(provider)
    }
}

impl Drop for RealProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
