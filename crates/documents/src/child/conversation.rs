//! The parent's side: it starts a child, gives it the document, hears what it says until it is done
//! or has to be ended.

use std::fmt;
use std::time::{Duration, Instant};

use super::ChildProcess;
use super::outcome::{self, unavailable};
use super::process::Process;
use super::protocol::{Answer, KEPT, Request, VERSION};
use super::sound::Sound;
use crate::error::Problem;
use crate::limits::{
    CHILD_ANSWER_BYTES_MAX, CHILD_LINE_BYTES_MAX, CHILD_START_TIME_MAX, OCR_FAILURES_MAX,
};
use crate::transcribe::check_size;
use crate::{Document, Engines, Reading, TranscribeError};

/// How long nothing is looked at while the child says nothing: a stop is heeded that soon.
const PATIENCE: Duration = Duration::from_millis(25);
/// Longer than any time that is meant; a clock can still add it. A year.
const FAR: Duration = Duration::from_secs(365 * 24 * 3_600);

pub(super) fn transcribe(
    bytes: &[u8],
    reading: &Reading<'_>,
    child: &ChildProcess,
) -> Result<Document, TranscribeError> {
    check_size(bytes.len())?;
    let request = request(bytes, reading, child)?;
    let mut process = Process::start(child.program.as_deref())
        .map_err(|error| unavailable(format!("it cannot be started: {error}")))?;
    let mut conversation = Conversation {
        stage: Stage::Starting,
        to_say: [&[], &[]],
        request: &request,
        document: bytes,
        answers: Vec::new(),
        looked_at: 0,
        answered_bytes: 0,
        deadline: Instant::now() + CHILD_START_TIME_MAX,
        wall: child
            .wall
            .saturating_add(recognition(reading.engines))
            .min(FAR),
        reading,
        sound: Sound::default(),
    };
    // An error drops the process, which ends it.
    if let Some(document) = conversation.hold(&mut process)? {
        return Ok(document);
    }
    let (status, said) = process
        .end()
        .map_err(|error| conversation.rubbish(format!("its end is not known: {error}")))?;
    Err(match conversation.stage {
        Stage::Starting => outcome::of_stranger(status, &said),
        Stage::Reading => outcome::of_reader(status, &said),
    })
}

/// How long pages may be tried in vain, one after another, before one is told.
fn recognition(engines: &Engines) -> Duration {
    if engines.enabled {
        Duration::from_secs(engines.page_seconds().into()) * OCR_FAILURES_MAX as u32
    } else {
        Duration::ZERO
    }
}

fn request(
    bytes: &[u8],
    reading: &Reading<'_>,
    child: &ChildProcess,
) -> Result<Vec<u8>, TranscribeError> {
    let request = Request {
        document_bytes: bytes.len(),
        name_hint: reading.name_hint.map(str::to_owned),
        engines: reading.engines.clone(),
        known: reading.known.to_vec(),
        cpu_seconds: child.cpu.as_secs(),
        memory_bytes: child.memory_bytes,
    };
    let mut line = serde_json::to_vec(&request).map_err(unavailable)?;
    line.push(b'\n');
    if line.len() > CHILD_LINE_BYTES_MAX {
        return Err(unavailable("the pages that are known are too large"));
    }
    Ok(line)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not said yet that it is one of us.
    Starting,
    /// It has the document, or is given it.
    Reading,
}

struct Conversation<'a> {
    stage: Stage,
    /// What it has not been told yet, in this order.
    to_say: [&'a [u8]; 2],
    request: &'a [u8],
    document: &'a [u8],
    answers: Vec<u8>,
    /// How many of these hold no end of a line.
    looked_at: usize,
    /// Those that were taken already.
    answered_bytes: usize,
    deadline: Instant,
    wall: Duration,
    reading: &'a Reading<'a>,
    sound: Sound,
}

impl Conversation<'_> {
    /// Until the child has said its last word; none when it has closed its output without one.
    fn hold(&mut self, process: &mut Process) -> Result<Option<Document>, TranscribeError> {
        loop {
            self.check_time()?;
            let [first, second] = &mut self.to_say;
            let to_say = if first.is_empty() { second } else { first };
            let is_open = process
                .exchange(PATIENCE, to_say, &mut self.answers)
                .map_err(|error| self.rubbish(format!("its pipes failed: {error}")))?;
            self.check_size()?;
            while let Some(line) = self.next_line() {
                let answer = serde_json::from_slice(&line)
                    .map_err(|error| self.rubbish(format!("it made no sense: {error}")))?;
                if let Some(document) = self.hear(answer)? {
                    return Ok(Some(document));
                }
            }
            if !is_open {
                return Ok(None);
            }
        }
    }

    fn hear(&mut self, answer: Answer) -> Result<Option<Document>, TranscribeError> {
        match (self.stage, answer) {
            (Stage::Starting, Answer::Ready { version: VERSION }) => {
                self.stage = Stage::Reading;
                self.to_say = [self.request, self.document];
                self.deadline = Instant::now() + self.wall;
            }
            (Stage::Starting, Answer::Ready { version }) => {
                let cause = format!("it speaks version {version}, not {VERSION}");
                return Err(unavailable(cause));
            }
            (Stage::Reading, Answer::Told(told)) if self.has_said_all() => {
                self.sound
                    .told(&told)
                    .map_err(|cause| self.rubbish(cause))?;
                (self.reading.tell)(told)?;
                self.to_say = [KEPT, &[]];
                // The time that keeping it has taken is not the child's.
                self.deadline = Instant::now() + self.wall;
            }
            (Stage::Reading, Answer::Done(document)) => {
                let document = *document;
                self.sound
                    .document(&document)
                    .map_err(|cause| self.rubbish(cause))?;
                return Ok(Some(document));
            }
            (Stage::Reading, Answer::Failed(failure)) => return Err(failure.into()),
            _ => return Err(self.rubbish("it spoke out of turn")),
        }
        Ok(None)
    }

    fn has_said_all(&self) -> bool {
        self.to_say.iter().all(|part| part.is_empty())
    }

    fn check_time(&self) -> Result<(), TranscribeError> {
        if (self.reading.stop)() {
            let cause = "the transcription was stopped";
            return Err(TranscribeError::new(Problem::Stopped, cause));
        }
        if Instant::now() < self.deadline {
            return Ok(());
        }
        Err(match self.stage {
            Stage::Starting => {
                let seconds = CHILD_START_TIME_MAX.as_secs();
                unavailable(format!("it was not ready within {seconds} s"))
            }
            Stage::Reading => {
                let seconds = self.wall.as_secs_f64();
                let cause = format!("the reader was not done with a page within {seconds} s");
                TranscribeError::new(Problem::TookTooLong, cause)
            }
        })
    }

    fn check_size(&self) -> Result<(), TranscribeError> {
        if self.answers.len() > CHILD_LINE_BYTES_MAX {
            return Err(self.rubbish(format!("a line of more than {CHILD_LINE_BYTES_MAX} bytes")));
        }
        if self.answered_bytes + self.answers.len() > CHILD_ANSWER_BYTES_MAX {
            return Err(self.rubbish(format!("more than {CHILD_ANSWER_BYTES_MAX} bytes")));
        }
        Ok(())
    }

    /// Takes the next whole line from what was answered.
    fn next_line(&mut self) -> Option<Vec<u8>> {
        let unseen = self.answers.get(self.looked_at..).unwrap_or_default();
        let Some(at) = unseen.iter().position(|byte| *byte == b'\n') else {
            self.looked_at = self.answers.len();
            return None;
        };
        let end = self.looked_at + at;
        let mut line: Vec<u8> = self.answers.drain(..=end).collect();
        line.pop();
        self.looked_at = 0;
        self.answered_bytes += line.len();
        Some(line)
    }

    /// An answer that no child of ours gives: before it has the document it is another program,
    /// afterwards the document has broken it.
    fn rubbish(&self, cause: impl fmt::Display) -> TranscribeError {
        match self.stage {
            Stage::Starting => unavailable(format!("its answer: {cause}")),
            Stage::Reading => outcome::crashed(format!("its answer: {cause}")),
        }
    }
}
