//! Splits what does not fit: at lines or sentences, then between words, then between characters.

use super::{Packer, Unit};
use crate::chunk::cut;
use crate::chunk::error::{ChunkError, Problem};

/// How often a chunk is made smaller by what it has too much, before its room is halved each time.
const SMALL_STEPS: usize = 4;
/// The first lines of a table or of code that stay together where something stands before it: its
/// head, the line below that, and a row; the fence, and two lines of code.
const FIRST_LINES: usize = 3;

impl Packer<'_> {
    /// Takes a unit that has no parts of its own, in as many chunks as it needs.
    pub(super) fn split(&mut self, unit: Unit) -> Result<(), ChunkError> {
        let end = cut::trim_end(self.text, unit.start, unit.end);
        let mut at = cut::skip_blank(self.text, unit.start, end);
        while at < end {
            let start = self.open.map_or(at, |open| open.start);
            if self.fits(start, end, self.bounds.target) {
                self.take(at, end, unit.kind);
                return Ok(());
            }
            let to = self.reach(start, self.bounds.target).min(end);
            let to = match self.good_cut(unit, at, to) {
                Some(to) => to,
                // A new chunk has more room, and one that repeats nothing more still.
                None if self.open.is_some_and(|open| open.has_body || to <= at) => {
                    self.finish(self.bounds.overlap)?;
                    continue;
                }
                None => self.any_cut(at, to),
            };
            self.take(at, cut::trim_end(self.text, at, to), unit.kind);
            self.finish(self.bounds.overlap)?;
            at = cut::skip_blank(self.text, to, end);
        }
        Ok(())
    }

    /// How far a chunk can reach that begins there.
    fn reach(&self, start: usize, tokens: usize) -> usize {
        let by_bytes = start.saturating_add(self.bounds.bytes);
        let by_bytes = crate::clean::boundary(self.text, by_bytes);
        self.sizes.reach(start, tokens).min(by_bytes)
    }

    /// The last end of a line or sentence.
    fn good_cut(&self, unit: Unit, from: usize, to: usize) -> Option<usize> {
        if to <= from {
            return None;
        }
        if !unit.kind.has_lines() {
            return cut::sentence_before(self.text, from, to);
        }
        let found = cut::line_before(self.text, from, to)?;
        let follows = self.open.is_some_and(|open| open.has_body);
        let is_first = self.text[unit.start..from].trim().is_empty();
        let lines = || self.text[from..found].matches('\n').count() + 1;
        let is_head = unit.kind.is_kept_whole() && is_first && follows && lines() < FIRST_LINES;
        (!is_head).then_some(found)
    }

    /// The last place between words, failing that between characters; after `from` in any case.
    fn any_cut(&self, from: usize, to: usize) -> usize {
        let word = (to > from).then(|| cut::word_before(self.text, from, to));
        word.flatten()
            .unwrap_or_else(|| cut::character_before(self.text, from, to))
    }

    /// The end of a chunk and its tokens: where it was to end, or earlier when encoded alone it has
    /// too many.
    pub(super) fn within_limit(
        &self,
        start: usize,
        end: usize,
    ) -> Result<(usize, usize), ChunkError> {
        let limit = self.bounds.limit;
        let (mut end, mut steps) = (end, 0);
        loop {
            let tokens = self.sizes.exact(start, end)?;
            if tokens <= limit {
                return Ok((end, tokens));
            }
            let has = self.sizes.between(start, end).min(limit);
            steps += 1;
            let room = if steps <= SMALL_STEPS {
                has.saturating_sub(tokens - limit)
            } else {
                has / 2
            };
            let before = cut::character_before(self.text, start, end - 1);
            let to = self.reach(start, room).min(before);
            let to = cut::sentence_before(self.text, start, to.max(start))
                .unwrap_or_else(|| self.any_cut(start, to));
            let shorter = cut::trim_end(self.text, start, to);
            if shorter >= end || shorter <= start {
                let cause = format!("one character is {tokens} tokens, {limit} are allowed");
                return Err(ChunkError::new(Problem::CharacterTooLarge, cause));
            }
            end = shorter;
        }
    }
}
