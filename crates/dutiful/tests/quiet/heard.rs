//! Hears what the product says, of any thread.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

static LINES: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

/// From now on everything is heard.
pub(crate) fn begin() {
    tracing::subscriber::set_global_default(Ears).unwrap();
}

/// What was said since the last call, at the level of information and above.
pub(crate) fn take() -> Vec<(Level, String)> {
    std::mem::take(&mut *lines())
}

/// The warnings and errors since the last call.
pub(crate) fn warnings() -> Vec<String> {
    let bad = |(level, line): (Level, String)| (level <= Level::WARN).then_some(line);
    take().into_iter().filter_map(bad).collect()
}

fn lines() -> MutexGuard<'static, Vec<(Level, String)>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Ears;

impl Subscriber for Ears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // The lines of single tasks are left out.
        let single = metadata.target().ends_with("worker::log");
        metadata.target().starts_with("dutiful") && *metadata.level() <= Level::INFO && !single
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let line = format!("{}{}", text.message, text.fields);
        lines().push((*event.metadata().level(), line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line as people read it.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields += &format!(" {name}={value:?}"),
        }
    }
}
