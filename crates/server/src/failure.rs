//! Why a command failed: a stable code, the cause, the fix, and the exit code of the process.

use dutiful::ErrorKind;
use serde::Serialize;
use std::io;

/// The exit codes of `dutiful`; scripts rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, or nobody reads the output any more.
    Done = 0,
    Failure = 1,
    Usage = 2,
    NotFound = 3,
    Conflict = 4,
    /// The server asks for a token, or for another.
    Refused = 5,
    Unreachable = 6,
    Schema = 7,
    /// `doctor` found something bad.
    Doctor = 8,
    Interrupted = 130,
}

/// A command that could not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) cause: String,
    pub(crate) fix: Option<String>,
    pub(crate) exit: Exit,
    /// Whether it has been told already, or needs no telling.
    pub(crate) silent: bool,
    /// Whether it may be gone a little later.
    transient: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, cause: impl Into<String>) -> Failure {
        Failure {
            code,
            cause: cause.into(),
            fix: None,
            exit,
            silent: false,
            transient: false,
        }
    }

    pub(crate) fn usage(cause: impl Into<String>) -> Failure {
        Failure::new(Exit::Usage, "usage", cause)
    }

    pub(crate) fn interrupted() -> Failure {
        Failure::new(
            Exit::Interrupted,
            "interrupted",
            "stopped before it was done",
        )
    }

    /// For a command that has told its failures one by one.
    pub(crate) fn told(exit: Exit) -> Failure {
        Failure {
            silent: true,
            ..Failure::new(exit, "told", "")
        }
    }

    /// The same failure, which may be gone a little later.
    #[must_use]
    pub(crate) fn transient(self) -> Failure {
        Failure {
            transient: true,
            ..self
        }
    }

    #[must_use]
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Failure {
        self.fix = Some(fix.into());
        self
    }

    /// The same failure with words before its cause that say where it happened.
    #[must_use]
    pub(crate) fn at(mut self, place: &str) -> Failure {
        if !self.cause.contains(place) {
            self.cause = format!("{place}: {}", self.cause);
        }
        self
    }

    /// Whether the same may be done a little later.
    pub(crate) fn passes(&self) -> bool {
        self.transient
    }

    /// The form that `--json` prints, with the cause as it may be told.
    pub(crate) fn to_json(&self, cause: &str) -> impl Serialize {
        serde_json::json!({ "error": {
            "code": self.code,
            "cause": cause,
            "fix": self.fix,
            "exit_code": self.exit as u8,
        }})
    }
}

impl From<dutiful::Error> for Failure {
    fn from(error: dutiful::Error) -> Failure {
        let (exit, fix) = exit_and_fix(error.kind());
        let mut cause = error.to_string();
        // The library's own texts end with the command; here it has a line of its own.
        if error.kind() == ErrorKind::Schema
            && let Some(end) = ["; run `dutiful", ": run `dutiful"]
                .iter()
                .find_map(|text| cause.find(text))
        {
            cause.truncate(end);
        }
        let failure = Failure {
            transient: error.is_transient(),
            ..Failure::new(exit, error.code(), cause)
        };
        match fix {
            Some(fix) => failure.fix(fix),
            None => failure,
        }
    }
}

fn exit_and_fix(kind: ErrorKind) -> (Exit, Option<&'static str>) {
    match kind {
        ErrorKind::Config => (Exit::Usage, None),
        ErrorKind::InvalidPayload => (Exit::Usage, Some("correct the payload and submit it again")),
        ErrorKind::NotFound => (
            Exit::NotFound,
            Some("`dutiful list` shows the tasks there are"),
        ),
        ErrorKind::Conflict => (
            Exit::Conflict,
            Some("`dutiful show ID` tells the task's state"),
        ),
        ErrorKind::Unavailable | ErrorKind::LinkLost => (
            Exit::Unreachable,
            Some("check that the database runs and that --database-url names it"),
        ),
        // Their texts say what to do.
        ErrorKind::Moving => (Exit::Unreachable, None),
        ErrorKind::Moved => (Exit::Schema, None),
        ErrorKind::Denied => (
            Exit::Unreachable,
            Some("check user, password and rights in the database URL"),
        ),
        ErrorKind::Schema => (
            Exit::Schema,
            Some("run `dutiful migrate up` with the same database, then try again"),
        ),
        ErrorKind::Busy => (Exit::Failure, Some("try again; nothing was changed")),
        _ => (Exit::Failure, None),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // `dutiful list | head` is no failure.
            return Failure::told(Exit::Done);
        }
        Failure::new(Exit::Failure, "io", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let failure = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(failure.exit, Exit::Done);
        assert!(failure.silent);
    }

    #[test]
    fn every_exit_code_is_the_documented_one() {
        let of = |kind| exit_and_fix(kind).0 as u8;
        assert_eq!(of(ErrorKind::Database), 1);
        assert_eq!(of(ErrorKind::Config), 2);
        assert_eq!(of(ErrorKind::InvalidPayload), 2);
        assert_eq!(of(ErrorKind::NotFound), 3);
        assert_eq!(of(ErrorKind::Conflict), 4);
        assert_eq!(Exit::Refused as u8, 5);
        assert_eq!(of(ErrorKind::Unavailable), 6);
        assert_eq!(of(ErrorKind::Moving), 6);
        assert_eq!(of(ErrorKind::Schema), 7);
        assert_eq!(of(ErrorKind::Moved), 7);
        assert_eq!(Exit::Doctor as u8, 8);
        assert_eq!(Failure::interrupted().exit as u8, 130);
    }
}
