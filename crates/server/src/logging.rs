//! Where logs go: to stderr, as text or JSON, filtered by target and level.

use crate::failure::{Exit, Failure};
use crate::redact;
use crate::settings::LogFormat;
use anstream::{AutoStream, ColorChoice};
use std::io::{self, Write};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The variable that says more than -v and -q can: `debug` or `warn,dutiful=trace`.
const VARIABLE: &str = "DUTIFUL_LOG";

/// Which level is logged without any flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Usual {
    /// A worker tells what it does.
    Info,
    /// Other commands tell only what goes wrong.
    Warn,
    /// The demo makes things go wrong and reports them itself.
    Nothing,
}

/// Starts logging for the rest of the process.
pub(crate) fn start(
    format: LogFormat,
    usual: Usual,
    verbose: u8,
    quiet: bool,
) -> Result<(), Failure> {
    let targets = targets(level(usual, verbose, quiet))?;
    let colour = !matches!(AutoStream::choice(&io::stderr()), ColorChoice::Never);
    let layer = match format {
        LogFormat::Text => fmt::layer()
            .with_ansi(colour)
            .with_writer(|| WithoutSecrets(io::stderr()))
            .boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .with_writer(|| WithoutSecrets(io::stderr()))
            .boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(targets))
        .init();
    Ok(())
}

/// Takes secrets out of what is written, which is a whole line each time.
struct WithoutSecrets<W>(W);

impl<W: Write> Write for WithoutSecrets<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = redact::told(&String::from_utf8_lossy(bytes));
        self.0.write_all(line.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn level(usual: Usual, verbose: u8, quiet: bool) -> LevelFilter {
    if quiet {
        return LevelFilter::ERROR;
    }
    let usual = match usual {
        Usual::Nothing => 0,
        Usual::Warn => 2,
        Usual::Info => 3,
    };
    // One -v always shows what a worker does.
    match if verbose == 0 {
        usual
    } else {
        usual.max(2) + verbose
    } {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

fn targets(level: LevelFilter) -> Result<Targets, Failure> {
    match std::env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => text.parse().map_err(|error| {
            Failure::new(
                Exit::Usage,
                "config",
                format!("{VARIABLE}=`{text}`: {error}"),
            )
            .fix("write a level, or target=level pairs: warn,dutiful=debug")
        }),
        _ => Ok(Targets::new()
            .with_default(level.min(LevelFilter::WARN))
            .with_target("dutiful", level)),
    }
}

/// Makes a panic one line in the log. A handler's panic becomes the outcome of its task; what the
/// runtime prints about it by itself would only alarm.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let what = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        tracing::error!(thread, place, "panicked: {what}");
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_raise_and_lower_what_is_logged() {
        assert_eq!(level(Usual::Info, 0, false), LevelFilter::INFO);
        assert_eq!(level(Usual::Warn, 0, false), LevelFilter::WARN);
        assert_eq!(level(Usual::Nothing, 0, false), LevelFilter::OFF);
        assert_eq!(level(Usual::Nothing, 1, false), LevelFilter::INFO);
        assert_eq!(level(Usual::Info, 1, false), LevelFilter::DEBUG);
        assert_eq!(level(Usual::Warn, 9, false), LevelFilter::TRACE);
        assert_eq!(level(Usual::Info, 0, true), LevelFilter::ERROR);
    }
}
