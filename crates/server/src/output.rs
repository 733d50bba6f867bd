//! What a command prints: data on stdout, messages on stderr, for people or as JSON.
//!
//! Colours and progress bars appear only on a terminal, and no colours when NO_COLOR is set.

mod confirm;
mod progress;
mod table;
mod text;

pub(crate) use confirm::confirm;
pub(crate) use progress::Progress;
pub(crate) use table::{Column, Rows, Table};
pub(crate) use text::{count, elapsed, indented, line, pretty, time};

use crate::failure::Failure;
use crate::redact;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use dutiful::State;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    /// No messages but errors.
    pub(crate) quiet: bool,
}

/// What a cell or word means, shown as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Bad,
    Busy,
    Dim,
}

impl Tone {
    pub(crate) fn of(state: State) -> Tone {
        match state {
            State::Succeeded => Tone::Good,
            State::Running | State::Retrying => Tone::Busy,
            State::Failed | State::Invalid | State::Quarantined => Tone::Bad,
            State::Cancelled | State::Discarded | State::Held => Tone::Dim,
            _ => Tone::Plain,
        }
    }
}

impl Output {
    /// Prints data: `value` as JSON, or the text for people.
    pub(crate) fn data(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let printed = if self.json {
            serde_json::to_string_pretty(value)
                .map_err(|error| io::Error::other(error.to_string()))?
        } else {
            text()
        };
        write_data(printed)
    }

    /// Prints one line of data that goes on, as [`Output::data`]; JSON stays on one line too.
    pub(crate) fn row(
        self,
        value: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let printed = if self.json {
            serde_json::to_string(value).map_err(|error| io::Error::other(error.to_string()))?
        } else {
            text()
        };
        write_data(printed)
    }

    /// Says something to the person at the terminal; programs that asked for JSON do not want it.
    pub(crate) fn note(self, message: &str) {
        if !self.quiet && !self.json {
            // Nobody can be told that stderr is gone.
            let _ = writeln!(anstream::stderr(), "{message}");
        }
    }

    /// Tells a failure, its fix on a line of its own.
    pub(crate) fn failure(self, failure: &Failure) {
        if failure.silent {
            return;
        }
        let mut stderr = anstream::stderr().lock();
        let cause = redact::told(&failure.cause);
        let _ = if self.json {
            let json = serde_json::to_string(&failure.to_json(&cause)).unwrap_or_default();
            writeln!(stderr, "{json}")
        } else {
            write_failure(&mut stderr, failure, &cause)
        };
    }

    /// Whether stdout shows colours.
    pub(crate) fn colour() -> bool {
        !matches!(AutoStream::choice(&io::stdout()), ColorChoice::Never)
    }

    /// How wide stdout is; `None` when it is no terminal, and nothing is cut off then.
    pub(crate) fn width() -> Option<u16> {
        if !io::stdout().is_terminal() {
            return None;
        }
        terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0)
    }
}

fn write_data(mut printed: String) -> Result<(), Failure> {
    if !printed.ends_with('\n') {
        printed.push('\n');
    }
    // anstream takes colours out where they do not belong.
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(printed.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

fn write_failure(stderr: &mut impl Write, failure: &Failure, cause: &str) -> io::Result<()> {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    let green = Style::new().bold().fg_color(Some(AnsiColor::Green.into()));
    writeln!(
        stderr,
        "{red}error[{}]{red:#}: {}",
        failure.code,
        indented(cause, 2)
    )?;
    match &failure.fix {
        Some(fix) => writeln!(stderr, "{green}fix{green:#}: {fix}"),
        None => Ok(()),
    }
}
