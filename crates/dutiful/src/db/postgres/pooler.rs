//! Finds out whether a pooler stands between us and the server.
//!
//! Behind a pooler in transaction mode each statement may meet another session: prepared statements and
//! LISTEN do not work there, and a name that another process prepared for another text would even run that
//! text. A pooler makes up the process id that it greets with, so comparing it with what the server says
//! about itself tells. The driver keeps the id to itself, but writes it into a cancel request; we let it
//! write one into memory.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Client;
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

/// The process id that the other side greeted with.
pub(super) async fn greeted_as(client: &Client) -> Option<i32> {
    let memory = Memory::default();
    client
        .cancel_token()
        .cancel_query_raw(memory.clone(), NoCipher)
        .await
        .ok()?;
    let written = memory.0.lock().unwrap_or_else(PoisonError::into_inner);
    // The last eight bytes are the process id and the secret key.
    let id = written
        .len()
        .checked_sub(8)
        .and_then(|at| written.get(at..at + 4))?;
    Some(i32::from_be_bytes(id.try_into().ok()?))
}

/// Keeps what is written; says `S` (go on with TLS) to whoever reads.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl AsyncRead for Memory {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        buf.put_slice(b"S");
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl TlsStream for Memory {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

/// Stands in for TLS on a stream that leads nowhere.
struct NoCipher;

impl TlsConnect<Memory> for NoCipher {
    type Stream = Memory;
    type Error = io::Error;
    type Future = Ready<io::Result<Memory>>;

    fn connect(self, stream: Memory) -> Self::Future {
        ready(Ok(stream))
    }
}
