//! What a handler has asked for besides its result: notes, follow-ups, marks.

use crate::store::joins::NewTasks;
use dutiful_core::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_PER_ATTEMPT_MAX};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Something to be written beside the task's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Note {
    Progress { percent: u8, note: String },
    Line(String),
}

/// Collected while the handler runs.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    notes: Mutex<Notes>,
    follow_ups: Mutex<NewTasks>,
    /// Lets the recorder pass by the many attempts that note nothing.
    has_notes: AtomicBool,
    /// The handler has settled the attempt in its own transaction; whether that was committed is seen
    /// in the row.
    pub(crate) settled_by_handler: AtomicBool,
}

#[derive(Debug, Default)]
struct Notes {
    progress: Option<(u8, String)>,
    lines: Vec<String>,
    lines_seen: usize,
}

impl Effects {
    pub(crate) fn set_progress(&self, percent: u8, note: &str) {
        lock(&self.notes).progress = Some((percent, shorten(note)));
        self.has_notes.store(true, Ordering::Release);
    }

    pub(crate) fn add_line(&self, line: String) {
        let mut notes = lock(&self.notes);
        notes.lines_seen += 1;
        match notes.lines_seen {
            0..LOG_LINES_PER_ATTEMPT_MAX => notes.lines.push(shorten(&line)),
            LOG_LINES_PER_ATTEMPT_MAX => {
                notes
                    .lines
                    .push("further lines of this attempt are not kept".to_owned());
            }
            _ => {}
        }
        self.has_notes.store(true, Ordering::Release);
    }

    /// Takes what has been noted since the last call.
    pub(crate) fn take_notes(&self) -> Vec<Note> {
        if !self.has_notes.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let mut notes = lock(&self.notes);
        let progress = notes
            .progress
            .take()
            .map(|(percent, note)| Note::Progress { percent, note });
        progress
            .into_iter()
            .chain(notes.lines.drain(..).map(Note::Line))
            .collect()
    }

    /// Adds tasks that are submitted together.
    pub(crate) fn add_follow_ups(&self, new: NewTasks) {
        lock(&self.follow_ups).append(new);
    }

    pub(crate) fn has_follow_ups(&self) -> bool {
        !lock(&self.follow_ups).tasks.is_empty()
    }

    pub(crate) fn follow_up_count(&self) -> usize {
        lock(&self.follow_ups).tasks.len()
    }

    pub(crate) fn take_follow_ups(&self) -> NewTasks {
        std::mem::take(&mut *lock(&self.follow_ups))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shorten(text: &str) -> String {
    crate::text::storable(text, LOG_LINE_BYTES_MAX)
}
