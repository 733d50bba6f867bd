//! The end of a transcription before its time: asked for from outside, or by the clock.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::TranscribeError;
use crate::error::Problem;
use crate::limits::TRANSCRIBE_TIME_MAX;

/// Looked at by the readers between pages and pieces.
pub(crate) struct Watch<'a> {
    started: Instant,
    paused: Cell<Duration>,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Watch<'a> {
    pub(crate) fn new(stop: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self {
            started: Instant::now(),
            paused: Cell::default(),
            stop,
        }
    }

    /// What has a limit of its own: its time does not count.
    pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        self.paused.set(self.paused.get() + began.elapsed());
        done
    }

    /// An error when the transcription has to end now.
    pub(crate) fn check(&self) -> Result<(), TranscribeError> {
        if (self.stop)() {
            return Err(TranscribeError::new(
                Problem::Stopped,
                "the transcription was stopped",
            ));
        }
        let elapsed = self.started.elapsed().saturating_sub(self.paused.get());
        if elapsed > TRANSCRIBE_TIME_MAX {
            let seconds = TRANSCRIBE_TIME_MAX.as_secs();
            let cause = format!("the transcription took longer than {seconds} s");
            return Err(TranscribeError::new(Problem::TookTooLong, cause));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_is_an_error_that_is_worth_another_try() {
        assert!(Watch::new(&|| false).check().is_ok());
        let error = Watch::new(&|| true).check().unwrap_err();
        assert_eq!(error.code(), "stopped");
        assert!(!error.is_invalid_input());
    }
}
