//! The child's side: it takes one document, reads it, and ends.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
use rustix::stdio::{dup2_stdin, dup2_stdout};

use super::bounds;
use super::protocol::{Answer, BECOME, KEPT, Request, TRANSCRIBE, VERSION};
use crate::error::Problem;
use crate::limits::{CHILD_LINE_BYTES_MAX, INPUT_BYTES_MAX};
use crate::{Reading, Told, TranscribeError, transcribe_with};

/// What the child ends with when its parent does not hear it.
const UNHEARD: i32 = 70;
/// Stack of the thread that waits for the parent's word.
const LISTENER_STACK_BYTES: usize = 64 << 10;

/// Becomes a child where the arguments say so. Does not return then.
pub(super) fn if_asked() {
    let mut arguments = env::args_os().skip(1);
    let first = arguments.next();
    match first.as_deref().and_then(|first| first.to_str()) {
        // Whatever went wrong, there is nobody to tell but by the exit code.
        Some(TRANSCRIBE) => exit(serve().map_or(UNHEARD, |()| 0)),
        Some(BECOME) => {
            let failed = match arguments.next() {
                Some(program) => become_other(Command::new(program).args(arguments)),
                None => io::ErrorKind::InvalidInput.into(),
            };
            eprintln!("{failed}");
            exit(UNHEARD);
        }
        _ => {}
    }
}

/// Becomes another program that dies with the one that started it; returns only when it cannot.
fn become_other(command: &mut Command) -> io::Error {
    match bounds::die_with_parent() {
        Ok(()) => command.exec(),
        Err(error) => error,
    }
}

fn serve() -> io::Result<()> {
    let (input, output) = own_streams()?;
    bounds::begin()?;
    let voice = Mutex::new(BufWriter::new(output));
    say(&voice, &Answer::Ready { version: VERSION })?;
    let mut input = BufReader::new(input);
    let request = hear(&mut input)?;
    let answer = match bound(&request) {
        Ok(()) => {
            let bytes = document(&mut input, &request)?;
            read(&bytes, &request, input, &voice)?
        }
        Err(error) => {
            let cause = format!("limits cannot be set: {error}");
            Err(TranscribeError::new(Problem::ReaderUnavailable, cause))
        }
    };
    say(
        &voice,
        &match answer {
            Ok(document) => Answer::Done(Box::new(document)),
            Err(error) => Answer::Failed((&error).into()),
        },
    )
}

/// The pipes to the parent, out of reach of anything that reads standard input or prints.
fn own_streams() -> io::Result<(File, File)> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr().as_fd())?;
    Ok((input.into(), output.into()))
}

fn bound(request: &Request) -> io::Result<()> {
    bounds::memory(request.memory_bytes)?;
    bounds::cpu(request.cpu_seconds)
}

fn hear(input: &mut BufReader<File>) -> io::Result<Request> {
    let mut line = Vec::new();
    input
        .by_ref()
        .take(CHILD_LINE_BYTES_MAX as u64)
        .read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

fn document(input: &mut BufReader<File>, request: &Request) -> io::Result<Vec<u8>> {
    let length = request.document_bytes.min(INPUT_BYTES_MAX);
    let mut bytes = Vec::with_capacity(length);
    input.by_ref().take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < request.document_bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes)
}

type Voice = Mutex<BufWriter<File>>;

fn say(voice: &Voice, answer: &Answer) -> io::Result<()> {
    let mut voice = voice.lock().unwrap_or_else(PoisonError::into_inner);
    serde_json::to_writer(&mut *voice, answer)?;
    voice.write_all(b"\n")?;
    voice.flush()
}

/// Reads the document; the outer error is that of the pipes.
fn read(
    bytes: &[u8],
    request: &Request,
    input: BufReader<File>,
    voice: &Voice,
) -> io::Result<Result<crate::Document, TranscribeError>> {
    let (heard, kept) = sync_channel(1);
    thread::Builder::new()
        .name("parent".into())
        .stack_size(LISTENER_STACK_BYTES)
        .spawn(move || listen(input, &heard))?;
    let kept = Mutex::new(kept);
    let tell = |told: Told| ask(told, voice, &kept, request.cpu_seconds);
    Ok(transcribe_with(
        bytes,
        &Reading {
            name_hint: request.name_hint.as_deref(),
            engines: &request.engines,
            known: &request.known,
            tell: &tell,
            stop: &|| false,
        },
    ))
}

/// Tells the parent, and waits until it has heard.
fn ask(
    told: Told,
    voice: &Voice,
    kept: &Mutex<Receiver<()>>,
    cpu_seconds: u64,
) -> Result<(), TranscribeError> {
    let is_page = matches!(told, Told::Recognized(_));
    say(voice, &Answer::Told(told)).map_err(TranscribeError::not_kept)?;
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.recv().map_err(TranscribeError::not_kept)?;
    if is_page {
        bounds::cpu(cpu_seconds).map_err(TranscribeError::not_kept)?;
    }
    Ok(())
}

/// Hears what the parent says. When it is gone, so are this process and what it has started.
fn listen(input: BufReader<File>, heard: &SyncSender<()>) {
    for byte in input.bytes() {
        if !byte.is_ok_and(|byte| KEPT == [byte]) || heard.send(()).is_err() {
            break;
        }
    }
    // Where it is no group of its own, somebody has started it by hand.
    if getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
    exit(UNHEARD);
}
