//! Another program as a child process: fed, heard and ended within bounds. What the program is for
//! stands elsewhere.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::limits::{OCR_OUTPUT_BYTES_MAX, OCR_STDERR_BYTES_MAX};

/// How often a stop is asked for while the program runs.
const LOOK: Duration = Duration::from_millis(20);
/// How often the program is asked whether it has ended, once it has closed its output.
const LOOK_AT_END: Duration = Duration::from_millis(1);

/// What a program gets of this one's environment: where to find its parts, no secrets.
const ENVIRONMENT: [&str; 6] = [
    "PATH",
    "HOME",
    "TMPDIR",
    "TESSDATA_PREFIX",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
];

/// Why a program gave no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It cannot be started.
    NotStarted(io::Error),
    /// It was ended because its time was over.
    TookTooLong(Duration),
    /// It was ended because it wrote too much.
    TooMuchOutput,
    /// It was ended because the reading was stopped.
    Stopped,
    /// The system does not tell how it ended.
    Lost(io::Error),
}

/// How a program ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: ExitStatus,
    pub(crate) output: Vec<u8>,
    /// The first bytes of what it complained about.
    pub(crate) complaint: String,
}

/// Ends its child with itself, whatever happens.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only where the child is gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One of the child's two outputs, whole.
enum Heard {
    Output(Vec<u8>),
    Complaint(Vec<u8>),
}

/// Runs a program without a shell, gives it `input` and waits for its end, but no longer than
/// `most`. It stays in this process's group, so that who ends the group ends it too.
pub(crate) fn run(
    program: &Path,
    arguments: &[&OsStr],
    input: Vec<u8>,
    most: Duration,
    stop: &(dyn Fn() -> bool + Sync),
) -> Result<Answer, Failure> {
    let began = Instant::now();
    let mut command = crate::child::command(program);
    command.args(arguments).env_clear();
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("LC_ALL", "C").env("OMP_THREAD_LIMIT", "1");
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Ended(command.spawn().map_err(Failure::NotStarted)?);
    let heard = attach(&mut child.0, input);
    let check = || {
        if stop() {
            Err(Failure::Stopped)
        } else if began.elapsed() > most {
            Err(Failure::TookTooLong(most))
        } else {
            Ok(())
        }
    };
    let (output, complaint) = hear(&heard, check)?;
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(Failure::Lost)? {
            break status;
        }
        check()?;
        thread::sleep(LOOK_AT_END);
    };
    Ok(Answer {
        status,
        output,
        complaint: String::from_utf8_lossy(&complaint).trim().to_owned(),
    })
}

/// Feeds and hears the child on threads of their own, so that no pipe that is full stands still.
/// The threads end with the pipes; nobody waits for them, since a child of the child may hold those
/// open for longer.
fn attach(child: &mut Child, input: Vec<u8>) -> Receiver<Heard> {
    let (sender, receiver) = channel();
    if let Some(mut to) = child.stdin.take() {
        // A child that ends without reading all of it says why itself.
        thread::spawn(move || drop(to.write_all(&input)));
    }
    listen(
        child.stdout.take(),
        OCR_OUTPUT_BYTES_MAX + 1,
        &sender,
        Heard::Output,
    );
    listen(
        child.stderr.take(),
        OCR_STDERR_BYTES_MAX,
        &sender,
        Heard::Complaint,
    );
    receiver
}

/// Keeps the first `most` bytes of a pipe and lets the rest go by.
fn listen(
    pipe: Option<impl Read + Send + 'static>,
    most: usize,
    sender: &Sender<Heard>,
    heard: fn(Vec<u8>) -> Heard,
) {
    let sender = sender.clone();
    thread::spawn(move || {
        let mut kept = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was heard before a pipe broke is all there is.
            let _ = pipe.by_ref().take(most as u64).read_to_end(&mut kept);
            if kept.len() < most || matches!(heard(Vec::new()), Heard::Complaint(_)) {
                let _ = io::copy(&mut pipe, &mut io::sink());
            }
        }
        // Nobody listens once the child was ended.
        let _ = sender.send(heard(kept));
    });
}

/// Waits for both outputs.
fn hear(
    heard: &Receiver<Heard>,
    check: impl Fn() -> Result<(), Failure>,
) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let (mut output, mut complaint) = (None, None);
    loop {
        match heard.recv_timeout(LOOK) {
            Ok(Heard::Output(bytes)) if bytes.len() > OCR_OUTPUT_BYTES_MAX => {
                return Err(Failure::TooMuchOutput);
            }
            Ok(Heard::Output(bytes)) => output = Some(bytes),
            Ok(Heard::Complaint(bytes)) => complaint = Some(bytes),
            Err(RecvTimeoutError::Timeout) => {}
            // Both threads are gone, so what they heard is here.
            Err(RecvTimeoutError::Disconnected) => {
                return Ok((output.unwrap_or_default(), complaint.unwrap_or_default()));
            }
        }
        if let (Some(_), Some(_)) = (&output, &complaint) {
            return Ok((output.unwrap_or_default(), complaint.unwrap_or_default()));
        }
        check()?;
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, most: Duration, stop: bool) -> Result<Answer, Failure> {
        let arguments = ["-c".as_ref(), script.as_ref()];
        let input = vec![b'x'; 1 << 20];
        run(Path::new("/bin/sh"), &arguments, input, most, &|| stop)
    }

    #[test]
    fn what_it_wrote_and_how_it_ended_is_told() {
        let answer = shell("wc -c; echo no >&2; exit 3", Duration::from_secs(20), false).unwrap();
        assert_eq!(answer.output.trim_ascii(), b"1048576");
        assert_eq!(
            (answer.status.code(), answer.complaint.as_str()),
            (Some(3), "no")
        );
    }

    #[test]
    fn one_that_hangs_is_ended_with_its_time_though_its_own_child_holds_the_pipes() {
        let began = Instant::now();
        let failure = shell("sleep 60; true", Duration::from_millis(200), false).unwrap_err();
        assert!(matches!(failure, Failure::TookTooLong(_)), "{failure:?}");
        assert!(began.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn one_that_is_not_needed_any_more_is_ended() {
        let failure = shell("sleep 60; true", Duration::from_secs(60), true).unwrap_err();
        assert!(matches!(failure, Failure::Stopped), "{failure:?}");
    }

    #[test]
    fn one_that_writes_without_end_is_ended_and_one_that_complains_without_end_is_cut_short() {
        let failure = shell(
            "while :; do echo 1234567890123456789012345678901234567890123456789012345678901234567890; done",
            Duration::from_secs(120),
            false,
        );
        assert!(matches!(failure.unwrap_err(), Failure::TooMuchOutput));
        let script = "i=0; while [ $i -lt 2000 ]; do echo $i$i$i$i >&2; i=$((i+1)); done";
        let answer = shell(script, Duration::from_secs(60), false).unwrap();
        assert!(answer.complaint.len() <= OCR_STDERR_BYTES_MAX);
        assert!(answer.status.success());
    }

    #[test]
    fn secrets_of_the_environment_are_kept_from_it() {
        let answer = shell("env", Duration::from_secs(20), false).unwrap();
        let text = String::from_utf8(answer.output).unwrap();
        assert!(text.contains("OMP_THREAD_LIMIT=1"));
        assert!(!text.contains("CARGO"), "{text}");
    }
}
