//! Server-sent events as they come in.

use super::link::Link;
use crate::failure::Failure;
use dutiful::Change;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use std::collections::VecDeque;
use std::time::Duration;

/// The server says that it lives every 15 seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// No event of ours comes near it.
const EVENT_BYTES_MAX: usize = 64 * 1024;

/// What is heard.
#[derive(Debug, PartialEq)]
pub(crate) enum Heard {
    Change(Change),
    /// Some events were left out.
    Reset,
}

/// An open stream.
pub(crate) struct Events {
    link: Link,
    body: Incoming,
    reader: Reader,
}

impl Events {
    pub(super) fn new(link: Link, body: Incoming) -> Events {
        Events {
            link,
            body,
            reader: Reader::default(),
        }
    }

    /// What came; `None` when the stream has ended, and one has to come back.
    pub(crate) async fn next(&mut self) -> Result<Option<Heard>, Failure> {
        loop {
            if let Some(heard) = self.reader.heard.pop_front() {
                return Ok(Some(heard));
            }
            let frame = tokio::time::timeout(SILENCE_MAX, self.body.frame()).await;
            let frame = frame.map_err(|_| self.link.broken("the stream fell silent"))?;
            let Some(frame) = frame else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| self.link.broken(&error.to_string()))?;
            if let Ok(bytes) = frame.into_data() {
                let taken = self.reader.take(&bytes);
                taken.map_err(|why| self.link.broken(why))?;
            }
        }
    }

    /// What has come already besides; it is not waited for.
    pub(crate) fn more(&mut self) -> Vec<Heard> {
        self.reader.heard.drain(..).collect()
    }

    /// Where to go on after the last event.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.reader.cursor.as_deref()
    }
}

/// Puts events together from pieces.
#[derive(Debug, Default)]
struct Reader {
    line: Vec<u8>,
    name: String,
    data: String,
    cursor: Option<String>,
    heard: VecDeque<Heard>,
}

impl Reader {
    fn take(&mut self, bytes: &Bytes) -> Result<(), &'static str> {
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
                if self.line.len() + self.data.len() > EVENT_BYTES_MAX {
                    return Err("an event is too long");
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = String::from_utf8(line).map_err(|_| "an event is no text")?;
            self.line_ended(line.trim_end_matches('\r'))?;
        }
        Ok(())
    }

    fn line_ended(&mut self, line: &str) -> Result<(), &'static str> {
        if line.is_empty() {
            let (name, data) = (
                std::mem::take(&mut self.name),
                std::mem::take(&mut self.data),
            );
            return self.event_ended(&name, &data);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => self.data.push_str(value),
            "id" => self.cursor = Some(value.to_owned()),
            _ => {}
        }
        Ok(())
    }

    fn event_ended(&mut self, name: &str, data: &str) -> Result<(), &'static str> {
        match (name, data) {
            (_, "") => {}
            ("reset", _) => self.heard.push_back(Heard::Reset),
            // One of a kind that only a newer program knows is passed over.
            (_, data) => {
                if let Ok(change) = serde_json::from_str(data) {
                    self.heard.push_back(Heard::Change(change));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = "event: submitted\nid: c1.1\ndata: {\"event\":\"submitted\",\"id\":7,\"task_name\":\"A\",\
                         \"state\":\"queued\",\"attempt\":0,\"at\":\"2026-01-31T09:00:00Z\"}\n\n";

    #[test]
    fn events_are_put_together_from_any_pieces() {
        let text = format!(": hello\nretry: 2000\n\n{EVENT}:\n\nevent: reset\ndata: {{}}\n\n");
        for size in [1, 2, 7, 1_000] {
            let mut reader = Reader::default();
            for piece in text.as_bytes().chunks(size) {
                reader.take(&Bytes::copy_from_slice(piece)).unwrap();
            }
            let Some(Heard::Change(change)) = reader.heard.pop_front() else {
                panic!("no change");
            };
            assert_eq!((change.id.0, change.task_name.as_str()), (7, "A"));
            assert_eq!(reader.heard, [Heard::Reset]);
            assert_eq!(reader.cursor.as_deref(), Some("c1.1"));
        }
    }

    #[test]
    fn what_is_unknown_is_passed_over_and_what_is_too_long_is_refused() {
        let mut reader = Reader::default();
        let newer = EVENT.replace("submitted", "promoted").replace('\n', "\r\n");
        reader.take(&Bytes::from(newer)).unwrap();
        assert!(reader.heard.is_empty());
        let long = "data: ".to_owned() + &"x".repeat(EVENT_BYTES_MAX);
        assert!(reader.take(&Bytes::from(long)).is_err());
    }
}
