//! Cuts texts into requests: by a provider's limits, and in halves where it refuses one.

use std::ops::Range;

use super::settings::RemoteLimits;
use crate::limits::EMBED_REQUESTS_MAX;

/// Texts with the places that they have among all.
type Batch = (Vec<String>, Vec<usize>);

/// Texts on their way into requests, in their order.
pub(super) struct Batches {
    limits: RemoteLimits,
    full: Vec<Batch>,
    open: Batch,
    tokens: u32,
    bytes: usize,
}

impl Batches {
    pub(super) fn new(limits: RemoteLimits) -> Self {
        Self {
            limits,
            full: Vec::new(),
            open: Batch::default(),
            tokens: 0,
            bytes: 0,
        }
    }

    /// Adds a text that is within the limits by itself.
    pub(super) fn add(&mut self, place: usize, text: String, tokens: u32) {
        let is_full = self.open.0.len() >= self.limits.texts as usize
            || self.tokens.saturating_add(tokens) > self.limits.request_tokens
            || self.bytes + text.len() > self.limits.request_bytes as usize;
        if is_full && !self.open.0.is_empty() {
            self.full.push(std::mem::take(&mut self.open));
            (self.tokens, self.bytes) = (0, 0);
        }
        self.tokens = self.tokens.saturating_add(tokens);
        self.bytes += text.len();
        self.open.0.push(text);
        self.open.1.push(place);
    }

    pub(super) fn finish(mut self) -> Vec<Batch> {
        if !self.open.0.is_empty() {
            self.full.push(self.open);
        }
        self.full
    }
}

/// The parts in which a batch is sent: whole, then in halves of what was refused.
pub(super) struct Splits {
    waiting: Vec<Range<usize>>,
    asked: u32,
}

impl Splits {
    pub(super) fn new(texts: usize) -> Self {
        Self {
            waiting: std::iter::once(0..texts).collect(),
            asked: 0,
        }
    }

    /// The next part to send.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let part = self.waiting.pop()?;
        self.asked += 1;
        Some(part)
    }

    /// Halves a part that was refused. Once too many were sent, nothing is sent any more, and the texts come back
    /// that were not: those of the part and all after it.
    pub(super) fn halve(&mut self, part: Range<usize>) -> Option<Range<usize>> {
        if self.asked >= EMBED_REQUESTS_MAX {
            let end = self.waiting.first().map_or(part.end, |last| last.end);
            self.waiting.clear();
            return Some(part.start..end);
        }
        let middle = part.start + part.len() / 2;
        self.waiting.push(middle..part.end);
        self.waiting.push(part.start..middle);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(limits: RemoteLimits, texts: &[(usize, u32)]) -> Vec<usize> {
        let mut batches = Batches::new(limits);
        for (place, (bytes, tokens)) in texts.iter().enumerate() {
            batches.add(place, "x".repeat(*bytes), *tokens);
        }
        batches.finish().iter().map(|batch| batch.0.len()).collect()
    }

    #[test]
    fn a_request_keeps_within_each_limit() {
        let limits = RemoteLimits {
            texts: 3,
            text_tokens: 10,
            request_tokens: 10,
            request_bytes: 100,
        };
        assert_eq!(sizes(limits, &[]), [0; 0]);
        assert_eq!(sizes(limits, &[(1, 1); 7]), [3, 3, 1]);
        assert_eq!(sizes(limits, &[(1, 5); 5]), [2, 2, 1]);
        assert_eq!(sizes(limits, &[(60, 1); 3]), [1, 1, 1]);
        assert_eq!(sizes(limits, &[(100, 10), (1, 1)]), [1, 1]);
    }

    #[test]
    fn every_text_is_sent_alone_or_comes_back() {
        for count in [1, 2, 7, 2_048] {
            let mut splits = Splits::new(count);
            let mut alone = Vec::new();
            let mut back = Vec::new();
            while let Some(part) = splits.next() {
                if part.len() == 1 {
                    alone.extend(part);
                } else if let Some(rest) = splits.halve(part) {
                    back.extend(rest);
                }
            }
            assert!(splits.asked <= EMBED_REQUESTS_MAX + 12);
            alone.extend(back);
            assert_eq!(alone, (0..count).collect::<Vec<_>>());
        }
    }
}
