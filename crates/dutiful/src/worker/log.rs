//! One line for each task that ends.

use super::handler::Spec;
use super::shared::Report;
use crate::store::settle::Ending;
use dutiful_core::{Due, Outcome, Transition};
use std::time::Duration;

pub(super) fn succeeded(spec: &Spec, report: &Report) {
    tracing::info!(
        name = spec.name,
        id = report.id,
        attempt = report.attempt,
        duration_ms = milliseconds(report.ran),
        "{} {} {} succeeded in {} (attempt {})",
        spec.emoji,
        spec.name,
        report.id,
        human(report.ran),
        report.attempt
    );
}

pub(super) fn ended(spec: &Spec, report: &Report, ending: &Ending, transition: &Transition) {
    let what = transition
        .history
        .map_or("ended", |outcome| outcome.as_str());
    let next = match transition.due {
        Due::In(Duration::ZERO) => "due again now".to_owned(),
        Due::In(delay) => format!("due again in {}", human(delay)),
        Due::At(time) => format!("due again at {time}"),
        Due::Never | Due::Unchanged => "will not run again".to_owned(),
    };
    let why = ending.message.as_deref().unwrap_or_default();
    let colon = if why.is_empty() { "" } else { ": " };
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                name = spec.name,
                id = report.id,
                attempt = report.attempt,
                outcome = what,
                duration_ms = milliseconds(report.ran),
                "{} {} {} {what} after {} (attempt {}), {next}{colon}{}",
                spec.emoji,
                spec.name,
                report.id,
                human(report.ran),
                report.attempt,
                why.escape_debug()
            )
        };
    }
    match transition.history {
        // Nothing went wrong.
        Some(Outcome::Snoozed | Outcome::Released) => line!(info),
        // The handler wanted it so.
        Some(Outcome::Discarded) => line!(warn),
        _ if transition.ends => line!(error),
        _ => line!(warn),
    }
}

pub(super) fn lease_lost(spec: &Spec, report: &Report) {
    tracing::warn!(
        name = spec.name,
        id = report.id,
        attempt = report.attempt,
        "{} {} {} lost its lease; what attempt {} came to was not written",
        spec.emoji,
        spec.name,
        report.id,
        report.attempt
    );
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `380 µs`, `12 ms`, `3.4 s`, `10 min`.
pub(super) fn human(duration: Duration) -> String {
    match duration.as_micros() {
        0..1_000 => format!("{} µs", duration.as_micros()),
        1_000..1_000_000 => format!("{} ms", duration.as_millis()),
        1_000_000..120_000_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ => format!("{:.0} min", duration.as_secs_f64() / 60.0),
    }
}

#[cfg(test)]
mod tests;
