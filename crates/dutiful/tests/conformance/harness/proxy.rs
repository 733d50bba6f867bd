//! A link that loses an answer: the server has done what it was asked, and the client never hears of it. Or
//! that holds a request or an answer up, or garbles it.
//!
//! What lives here: bytes passed on, late, other ones, or cut off at the right moment. It knows no protocol.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What is lost: the answer to a request that holds `lost`, on a link that has carried `mark` since it was
/// asked for. They may be the same.
#[derive(Debug, Clone)]
struct Loses {
    mark: String,
    lost: String,
    /// How many such answers pass before.
    after: usize,
    number: u64,
}

/// What is held up: the requests that hold the text, the first ones not counted; or the answers to them.
#[derive(Debug)]
struct Late {
    text: String,
    passing: usize,
    held: usize,
    time: Duration,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Asking,
    Answering,
}

#[derive(Debug, Default)]
struct Shared {
    loses: Mutex<Option<Loses>>,
    late: Mutex<Option<Late>>,
    /// A text that is passed on as blanks.
    blanked: Mutex<Option<&'static str>>,
    /// Counts the answers that were lost.
    lost: AtomicU64,
    number: AtomicU64,
}

/// Stands between clients and a server.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    /// Counts how often all links were cut.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free port, and at first only passes on.
    pub(crate) async fn start(server: String) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, cut) = watch::channel(0);
        let shared = Arc::new(Shared::default());
        let proxy = Proxy {
            port,
            shared: Arc::clone(&shared),
            cuts,
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, shared, mut cut) = (server.clone(), Arc::clone(&shared), cut.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    // A server that refuses is one more broken link.
                    let Ok(server) = TcpStream::connect(&server).await else {
                        return;
                    };
                    tokio::select! {
                        () = pass(client, server, &shared) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        proxy
    }

    /// Loses one answer, and the link with it: the next to a request that holds `lost`, on a link that has
    /// carried `mark` from now on.
    pub(crate) fn lose(&self, mark: &str, lost: &str) {
        self.lose_after(0, mark, lost);
    }

    /// As [`Proxy::lose`], once so many such answers have passed.
    pub(crate) fn lose_after(&self, after: usize, mark: &str, lost: &str) {
        *self.shared.loses() = Some(Loses {
            mark: mark.to_owned(),
            lost: lost.to_owned(),
            after,
            number: self.shared.number.fetch_add(1, Ordering::SeqCst),
        });
    }

    /// Holds up one request that holds the text, once so many have passed.
    #[allow(dead_code, reason = "the trials of a worker's start use it")]
    pub(crate) fn hold_up_after(&self, passing: usize, text: &str, time: Duration) {
        self.hold_up(Way::Asking, passing, text, time);
    }

    /// Holds up the answer to the next request that holds the text.
    #[allow(dead_code, reason = "the trials of lost links use it")]
    pub(crate) fn hold_up_answer(&self, text: &str, time: Duration) {
        self.hold_up(Way::Answering, 0, text, time);
    }

    fn hold_up(&self, way: Way, passing: usize, text: &str, time: Duration) {
        *lock(&self.shared.late) = Some(Late {
            text: text.to_owned(),
            passing,
            held: 0,
            time,
            way,
        });
    }

    /// How many requests were held up.
    #[allow(dead_code, reason = "the trials of lost links use it")]
    pub(crate) fn held_up(&self) -> usize {
        lock(&self.shared.late).as_ref().map_or(0, |late| late.held)
    }

    /// Passes on blanks in place of this text in every request.
    #[allow(dead_code, reason = "the trials of a worker's start use it")]
    pub(crate) fn blank(&self, text: &'static str) {
        *lock(&self.shared.blanked) = Some(text);
    }

    /// Whether the answer was lost.
    pub(crate) fn has_cut(&self) -> bool {
        self.shared.loses().is_none() && self.shared.lost.load(Ordering::SeqCst) > 0
    }

    /// Cuts every link.
    #[allow(dead_code, reason = "the trials of what workers say use it")]
    pub(crate) fn cut_all(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// The URL with this in place of the server.
    pub(crate) fn url(&self, url: &str) -> String {
        at_port(url, self.port)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn loses(&self) -> MutexGuard<'_, Option<Loses>> {
        lock(&self.loses)
    }

    /// For how long this request is held up, or the answer to it.
    fn late(&self, bytes: &[u8]) -> Option<(Way, Duration)> {
        let mut late = lock(&self.late);
        let late = late.as_mut().filter(|late| holds(bytes, &late.text))?;
        if late.passing > 0 {
            late.passing -= 1;
            return None;
        }
        late.held += 1;
        (late.held == 1).then_some((late.way, late.time))
    }

    fn garble(&self, bytes: &mut [u8]) {
        if let Some(text) = *lock(&self.blanked) {
            while let Some(at) = find(bytes, text) {
                bytes[at..at + text.len()].fill(b' ');
            }
        }
    }

    /// Whether it is for this link to lose its answer.
    fn takes(&self, number: u64) -> bool {
        let mut loses = self.loses();
        let taken = loses.take_if(|loses| loses.number == number).is_some();
        self.lost.fetch_add(u64::from(taken), Ordering::SeqCst);
        taken
    }
}

/// The URL with a port of this machine in place of the server. Encrypted, nothing could be read of it.
pub(crate) fn at_port(url: &str, port: u16) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.rsplit_once('@').unwrap();
    let (_, database) = place.split_once('/').unwrap();
    format!("{scheme}://{user}@127.0.0.1:{port}/{database}?sslmode=disable")
}

/// The server's host and port in a URL.
pub(crate) fn server_of(url: &str) -> String {
    let place = url.rsplit_once('@').unwrap().1;
    place.split('/').next().unwrap().to_owned()
}

/// What one link has carried of what is to be lost.
#[derive(Debug, Default)]
struct Watch {
    number: Option<u64>,
    marked: bool,
    passed: usize,
    losing: bool,
}

impl Watch {
    fn asked(&mut self, loses: &Loses, bytes: &[u8]) {
        if self.number != Some(loses.number) {
            *self = Watch {
                number: Some(loses.number),
                ..Watch::default()
            };
        }
        self.marked |= holds(bytes, &loses.mark);
        if self.marked && holds(bytes, &loses.lost) {
            self.losing = self.passed == loses.after;
            self.passed += 1;
        }
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, shared: &Shared) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    let mut watch = Watch::default();
    let mut late_answer = None;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                if let Some(loses) = &*shared.loses() {
                    watch.asked(loses, &asked[..count]);
                }
                match shared.late(&asked[..count]) {
                    Some((Way::Asking, time)) => tokio::time::sleep(time).await,
                    Some((Way::Answering, time)) => late_answer = Some(time),
                    None => {}
                }
                shared.garble(&mut asked[..count]);
                if server.write_all(&asked[..count]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(count @ 1..) = read else { return };
                if let Some(time) = late_answer.take() {
                    tokio::time::sleep(time).await;
                }
                let losing = std::mem::take(&mut watch.losing);
                if losing && watch.number.is_some_and(|number| shared.takes(number)) {
                    return;
                }
                if client.write_all(&answered[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether the bytes hold the text as a word: `READ COMMITTED` does not hold `COMMIT`.
fn holds(bytes: &[u8], text: &str) -> bool {
    text.is_empty() || find(bytes, text).is_some()
}

/// Where the text begins as a word.
fn find(bytes: &[u8], text: &str) -> Option<usize> {
    let ends = |at: usize| bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphabetic());
    bytes
        .windows(text.len())
        .enumerate()
        .find(|(at, some)| *some == text.as_bytes() && ends(at + text.len()))
        .map(|(at, _)| at)
}
