//! Reading a document in a child process, which can be killed: a hang, a crash or a document that
//! wants all memory ends one reading, and never the program that asked for it.
//!
//! The child is this program, started again. A program that wants it calls [`serve_if_asked`] first
//! thing in its `main`; `dutiful` and every program that begins by `dutiful_server::cli::run` do. Then
//! [`transcribe`] with [`Isolation::default`] starts a child for each document, gives it the
//! document through a pipe, hears of each recognized page and answers when that is kept, and takes
//! the result.
//!
//! # What bounds a child
//!
//! | what | how | on Linux | elsewhere |
//! |---|---|---|---|
//! | time without a kept page, and for starting | the parent kills it | yes | Unix |
//! | processor time without a kept page | `RLIMIT_CPU` | yes | Unix |
//! | memory | `RLIMIT_AS` | yes | where the system heeds it (macOS does not) |
//! | files | none is written (`RLIMIT_FSIZE` 0), few are open, no core dump | yes | Unix |
//! | what it answers | bytes, pages and places are checked by the parent | yes | Unix |
//! | what it knows | no settings and secrets of the worker: few variables are passed on | yes | Unix |
//! | its end with its parent | its input ends, and it kills its process group | yes | Unix |
//! | the same, when it hangs | the kernel kills it, and what it started | yes | no |
//! | who goes first when memory is short | it does (`oom_score_adj`) | yes | no |
//! | what it may become | nothing with more rights (`no_new_privs`) | yes | no |
//!
//! Only Linux is tested. Where there is no Unix, documents are read in the process itself.
//!
//! The child and what it starts (a program that recognizes text) are a process group of their own,
//! which is killed whole.
//!
//! # What becomes of it
//!
//! | what happens | code | the document |
//! |---|---|---|
//! | it cannot be started, or is none of ours | `reader_unavailable` | was not seen: tried again |
//! | the reader refuses the document | the reader's | as the code says |
//! | no page is kept for [`wall`](ChildProcess::wall) | `took_too_long` | tried again: a busy machine |
//! | it computes for [`cpu`](ChildProcess::cpu) without one | `cpu_limit` | invalid: so it does anywhere |
//! | it wants more memory than it may have | `memory_limit` | invalid: so it does the next time |
//! | it aborts, overflows its stack, faults, exits | `reader_crashed` | invalid: it does it again |
//! | it answers rubbish or too much, or writes a file | `reader_crashed` | invalid: no reader does |
//! | somebody else kills it, the kernel for memory too | `reader_killed` | tried again |
//! | [`stop`](crate::Reading::stop) says so | `stopped` | tried again |
//! | a page cannot be kept | that of [`tell`](crate::Reading::tell) | as the code says |

#[cfg(unix)]
mod bounds;
#[cfg(unix)]
mod conversation;
#[cfg(unix)]
mod outcome;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod protocol;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod sound;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::limits::{CHILD_CPU_MAX, CHILD_MEMORY_BYTES_MAX, TRANSCRIBE_TIME_MAX};
use crate::{Document, Reading, TranscribeError};

/// Whether this program answers when it is started as a child.
static SERVES: AtomicBool = AtomicBool::new(false);

/// Where documents are read.
///
/// ```
/// use dutiful_documents::child::{ChildProcess, Isolation};
/// use std::time::Duration;
///
/// // This program has not begun by `serve_if_asked`, so it would not know what to do as a child.
/// assert_eq!(Isolation::default(), Isolation::InProcess);
/// // Another one may, with a limit of its own.
/// let child = ChildProcess {
///     program: Some("/usr/bin/dutiful".into()),
///     wall: Duration::from_secs(60),
///     ..ChildProcess::default()
/// };
/// let isolation = Isolation::Child(child);
/// # assert_ne!(isolation, Isolation::InProcess);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Isolation {
    /// In a child process for each document.
    Child(ChildProcess),
    /// In this process: a reader that hangs is not ended, and one that aborts takes the process
    /// along. For programs that are no workers, and for tests.
    InProcess,
}

impl Default for Isolation {
    /// A child process of this program where it began by [`serve_if_asked`]; in this process where
    /// it did not, or where there is no Unix.
    fn default() -> Self {
        if cfg!(unix) && SERVES.load(Ordering::Relaxed) {
            Self::Child(ChildProcess::default())
        } else {
            Self::InProcess
        }
    }
}

/// The child process of one document, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildProcess {
    /// The program that is started; it must begin by [`serve_if_asked`]. None is this program,
    /// which must have done so; on Linux the very file that runs, also when it was replaced since.
    pub program: Option<PathBuf>,
    /// Longest time for the whole document, counted anew from each recognized page that is kept.
    /// Where pages are recognized, what [`OCR_FAILURES_MAX`](crate::limits::OCR_FAILURES_MAX) of them may
    /// take ([`Engines::page_seconds`](crate::Engines)) is added.
    pub wall: Duration,
    /// Most processor time, counted in the same way for each process; whole seconds, at least 1.
    pub cpu: Duration,
    /// Most memory of each process, in bytes of address space; at least 256 MiB are given. Libraries
    /// and the stacks of threads count, whether they are used or not.
    pub memory_bytes: u64,
}

impl Default for ChildProcess {
    fn default() -> Self {
        Self {
            program: None,
            wall: TRANSCRIBE_TIME_MAX,
            cpu: CHILD_CPU_MAX,
            memory_bytes: CHILD_MEMORY_BYTES_MAX,
        }
    }
}

/// Does the work of a child where this process was started as one, and then ends the process;
/// otherwise returns at once. The first thing in `main`: what comes before it is done for each
/// document again.
///
/// ```
/// // The first line of a `main`:
/// dutiful_documents::child::serve_if_asked();
/// assert_ne!(
///     dutiful_documents::child::Isolation::default(),
///     dutiful_documents::child::Isolation::InProcess
/// );
/// ```
pub fn serve_if_asked() {
    SERVES.store(true, Ordering::Relaxed);
    #[cfg(unix)]
    serve::if_asked();
}

/// Another program, to be started from the thread that waits for it: on Linux, and in a program that began by
/// [`serve_if_asked`], the kernel kills it when that thread is gone, also by `kill -9` of this
/// process. Elsewhere nothing is added.
///
/// ```
/// let output = dutiful_documents::child::command("echo").arg("heard").output()?;
/// assert_eq!(output.stdout, b"heard\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn command(program: impl AsRef<OsStr>) -> Command {
    #[cfg(target_os = "linux")]
    if SERVES.load(Ordering::Relaxed) {
        let mut command = Command::new(process::THIS_PROGRAM);
        command.arg(protocol::BECOME).arg(program);
        return command;
    }
    Command::new(program)
}

/// Does what [`transcribe_with`](crate::transcribe_with) does, where `isolation` says. It blocks;
/// the thread that calls it must live until it returns, which it does by itself.
///
/// # Errors
/// As [`transcribe_with`](crate::transcribe_with), and those of the table above. When it returns,
/// the child and what it started are gone.
///
/// ```
/// use dutiful_documents::child::{self, Isolation};
/// use dutiful_documents::{Engines, Reading};
///
/// let engines = Engines::none();
/// let reading = Reading { name_hint: Some("note.md"), ..Reading::new(&engines) };
/// let document = child::transcribe(b"# A title\n\nText.\n", &reading, &Isolation::InProcess)?;
/// assert_eq!(document.title.as_deref(), Some("A title"));
/// # Ok::<(), dutiful_documents::TranscribeError>(())
/// ```
pub fn transcribe(
    bytes: &[u8],
    reading: &Reading<'_>,
    isolation: &Isolation,
) -> Result<Document, TranscribeError> {
    match isolation {
        #[cfg(unix)]
        Isolation::Child(child) => conversation::transcribe(bytes, reading, child),
        _ => crate::transcribe_with(bytes, reading),
    }
}
