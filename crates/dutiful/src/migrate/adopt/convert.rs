//! Makes a row of ours from one of the other table.

use crate::store::adopt::{NewRow, OldRow};
use crate::text::storable;
use dutiful_core::limits::ERROR_BYTES_MAX;
use dutiful_core::{
    DedupKey, ErrorKind, OldTask, StoredScope, Timestamp, WallClock, adopt, check_name, holds_slot,
    json,
};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::HashMap;

/// By what rows are made.
#[derive(Debug)]
pub(super) struct Rules {
    /// New names by old ones.
    pub(super) names: HashMap<String, String>,
    /// Only tasks of these old names; empty means all.
    pub(super) only: Vec<String>,
    pub(super) clock: WallClock,
    /// Which of `created_at` and `last_run_at` were written by that clock.
    pub(super) wall_clock: [bool; 2],
    pub(super) scope: StoredScope,
    pub(super) hold: bool,
    pub(super) payload_bytes_max: usize,
    pub(super) result_bytes_max: usize,
}

/// What became of a row.
#[derive(Debug)]
pub(super) enum Converted {
    Row(Box<Made>),
    /// It cannot be a row of ours: why.
    Refused(String),
    /// It is of a name that was not asked for.
    NotAskedFor,
}

/// A row that was made, and what must be told about it.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) row: NewRow,
    /// Why its payload is none.
    pub(super) invalid: Option<String>,
    /// Its status, which means nothing.
    pub(super) odd_status: Option<String>,
    /// Why its result stays where it is.
    pub(super) result_left: Option<String>,
    /// Whether a time in it lies ahead.
    pub(super) ahead: bool,
}

impl Rules {
    pub(super) fn convert(&self, old: &OldRow) -> Converted {
        if old.id <= 0 {
            return Converted::Refused("ids begin at 1".to_owned());
        }
        let Some(old_name) = old.task_name.as_deref().map(String::from_utf8_lossy) else {
            return Converted::Refused("its task name is NULL".to_owned());
        };
        if !self.only.is_empty() && !self.only.iter().any(|only| *only == old_name) {
            return Converted::NotAskedFor;
        }
        let name = self.names.get(&*old_name).map_or(&*old_name, |name| name);
        if let Err(error) = check_name(name) {
            return Converted::Refused(error.to_string());
        }
        Converted::Row(Box::new(self.make(old, name)))
    }

    fn make(&self, old: &OldRow, name: &str) -> Made {
        let status = old.status.as_deref().map(String::from_utf8_lossy);
        let created_at = self.time(old.created_at, 0);
        let last_run_at = self.time(old.last_run_at, 1);
        let (payload, invalid) = match self.payload(old) {
            Ok(payload) => (payload, None),
            Err(why) => (self.as_it_was(old), Some(why)),
        };
        let task = OldTask {
            status: status.as_deref(),
            created_at,
            last_run_at,
            retries: old.retries,
            max_retries: old.max_retries,
        };
        let task = adopt(&task, invalid.is_none(), self.hold, old.now);
        let odd_status = (task.error_kind == Some(ErrorKind::Undecodable))
            .then(|| status.map_or("NULL".to_owned(), |status| format!("'{status}'")));
        let message = match (task.error_kind, &invalid, &odd_status) {
            (Some(ErrorKind::InvalidPayload), Some(why), _) => Some(why.clone()),
            (_, _, Some(status)) => Some(format!("its status was {status}, which means nothing")),
            _ => old.error_message.as_deref().map(text),
        };
        let (result, result_left) = match self.result(old) {
            Ok(result) => (result, None),
            Err(why) => (None, Some(why)),
        };
        let soon = old.now.saturating_add(std::time::Duration::from_secs(60));
        let ahead = [created_at, last_run_at]
            .into_iter()
            .flatten()
            .any(|time| time > soon);
        let mut row = NewRow {
            id: old.id,
            task_name: name.to_owned(),
            payload,
            task,
            last_run_at,
            error_message: message.map(|text| storable(&text, ERROR_BYTES_MAX)),
            result,
            slot: None,
            scope: self.scope,
            made_from: self.made_from(old, name),
            now: old.now,
        };
        if invalid.is_none() && holds_slot(&row.facts()) {
            row.slot = Some(DedupKey::for_payload(name, &row.payload));
        }
        Made {
            row,
            invalid,
            odd_status,
            result_left,
            ahead,
        }
    }

    fn time(&self, time: Option<Timestamp>, column: usize) -> Option<Timestamp> {
        match self.wall_clock[column] {
            true => time.map(|shown| self.clock.to_utc(shown)),
            false => time,
        }
    }

    /// The payload in canonical form, or why it has none.
    fn payload(&self, old: &OldRow) -> Result<String, String> {
        let Some(bytes) = &old.payload else {
            return Err(match old.payload_bytes {
                None => "the payload is NULL".to_owned(),
                Some(bytes) => format!("the payload has {bytes} bytes and is too large to be read"),
            });
        };
        let text = std::str::from_utf8(bytes).map_err(|_| "the payload is not UTF-8".to_owned())?;
        let value = json::parse(text).map_err(|error| error.to_string())?;
        json::canonical_within(&value, self.payload_bytes_max).map_err(|error| error.to_string())
    }

    /// A payload that is none, as it was, if that can be written.
    fn as_it_was(&self, old: &OldRow) -> String {
        match &old.payload {
            Some(bytes) if bytes.len() <= self.payload_bytes_max => text(bytes),
            _ => {
                let bytes = old.payload_bytes;
                serde_json::json!({ "not_adopted": { "bytes": bytes } }).to_string()
            }
        }
    }

    /// A result that is no JSON becomes a string.
    fn result(&self, old: &OldRow) -> Result<Option<String>, String> {
        let too_large = |bytes| Err(format!("its result has {bytes} bytes and is too large"));
        let Some(bytes) = &old.result else {
            return old.result_bytes.map_or(Ok(None), too_large);
        };
        let text = text(bytes);
        let result = match serde_json::from_str::<IgnoredAny>(&text) {
            Ok(_) => text,
            Err(_) => Value::from(text).to_string(),
        };
        if result.len() > self.result_bytes_max {
            return too_large(i64::try_from(result.len()).unwrap_or(i64::MAX));
        }
        Ok(Some(result))
    }

    /// All that decides what the row becomes, but for the time.
    fn made_from(&self, old: &OldRow, name: &str) -> Vec<Vec<u8>> {
        let bytes = |bytes: &Option<Vec<u8>>| match bytes {
            None => vec![0],
            Some(bytes) => [&[1], &bytes[..]].concat(),
        };
        let number = |number: Option<i64>| match number {
            None => vec![0],
            Some(number) => [&[1], &number.to_be_bytes()[..]].concat(),
        };
        let time = |time: Option<Timestamp>| number(time.map(Timestamp::as_micros));
        vec![
            name.into(),
            self.scope.as_str().into(),
            vec![u8::from(self.hold)],
            bytes(&old.payload),
            number(old.payload_bytes),
            bytes(&old.status),
            time(self.time(old.created_at, 0)),
            time(self.time(old.last_run_at, 1)),
            number(old.retries),
            number(old.max_retries),
            bytes(&old.error_message),
            bytes(&old.result),
            number(old.result_bytes),
        ]
    }
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    String::from_utf8_lossy(bytes.as_ref()).into_owned()
}

#[cfg(test)]
mod tests;
