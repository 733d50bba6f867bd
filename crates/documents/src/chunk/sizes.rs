//! How many tokens any part of the text has, from one encoding of it.

use super::error::{ChunkError, Problem};
use super::outline::Outline;
use super::tokenizer::Tokenizer;
use crate::clean::boundary;
use crate::limits::ENCODE_BYTES;

/// How far from an end of a chunk a place is looked for at which the tokens on both sides have
/// nothing to do with each other. Beyond it the chunk is encoded again as a whole.
const EDGE_BYTES: usize = 256;

/// The beginnings of all tokens. The text was encoded in windows, each byte once.
pub(super) struct Sizes<'a> {
    text: &'a str,
    tokenizer: &'a dyn Tokenizer,
    starts: Vec<u32>,
    /// Where windows begin that may have other tokens than the text has there.
    joins: Vec<usize>,
}

impl<'a> Sizes<'a> {
    pub(super) fn measure(
        text: &'a str,
        outline: &Outline,
        tokenizer: &'a dyn Tokenizer,
    ) -> Result<Self, ChunkError> {
        let mut sizes = Self {
            text,
            tokenizer,
            starts: Vec::new(),
            joins: Vec::new(),
        };
        let mut found = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let end = window_end(text, outline, start);
            found.clear();
            tokenizer.encode(&text[start..end], &mut found)?;
            sizes.append(start, end, &found)?;
            if end < text.len() && !tokenizer.is_apart(text, end) {
                sizes.joins.push(end);
            }
            start = end;
        }
        Ok(sizes)
    }

    /// Keeps the tokens of a window, in order and inside of it whatever the tokenizer says.
    fn append(&mut self, start: usize, end: usize, found: &[usize]) -> Result<(), ChunkError> {
        let mut last = start;
        for place in found {
            last = start.saturating_add(*place).clamp(last, end);
            let narrow = u32::try_from(last);
            self.starts.push(narrow.map_err(|_| {
                ChunkError::new(Problem::DocumentTooLarge, "a place does not fit 32 bits")
            })?);
        }
        Ok(())
    }

    /// How many tokens begin in a range. Encoded alone it may have a few others, where a token
    /// reaches over an end of it.
    pub(super) fn between(&self, start: usize, end: usize) -> usize {
        self.index(end).saturating_sub(self.index(start))
    }

    /// The furthest place up to which at most `tokens` begin from `start` on.
    pub(super) fn reach(&self, start: usize, tokens: usize) -> usize {
        let next = self.starts.get(self.index(start).saturating_add(tokens));
        let place = next.map_or(self.text.len(), |place| *place as usize);
        boundary(self.text, place).max(start)
    }

    /// The earliest place from which at most `tokens` begin before `end`.
    pub(super) fn reach_back(&self, end: usize, tokens: usize) -> usize {
        let Some(first) = self.index(end).checked_sub(tokens) else {
            return 0;
        };
        let mut place = self.starts.get(first);
        // Of several that begin at one byte, all count or none.
        if first > 0 && self.starts.get(first - 1) == place {
            let after = self.starts.partition_point(|start| Some(start) <= place);
            place = self.starts.get(after);
        }
        let place = place.map_or(self.text.len(), |place| *place as usize);
        let next = (place..=self.text.len()).find(|at| self.text.is_char_boundary(*at));
        next.unwrap_or(end).min(end)
    }

    /// How many tokens a range has when it is encoded alone. Only its ends are encoded again,
    /// where the tokenizer tells places that divide it.
    pub(super) fn exact(&self, start: usize, end: usize) -> Result<usize, ChunkError> {
        let joined = self.joins.partition_point(|join| *join <= start)
            < self.joins.partition_point(|join| *join < end);
        let head = self.apart_from(start, end);
        let tail = self.apart_up_to(start, end);
        match (head, tail) {
            (Some(head), Some(tail)) if head <= tail && !joined => {
                let ends = self.count(start, head)? + self.count(tail, end)?;
                Ok(ends + self.between(head, tail))
            }
            _ => self.count(start, end),
        }
    }

    fn apart_from(&self, start: usize, end: usize) -> Option<usize> {
        if self.is_apart(start) {
            return Some(start);
        }
        let window = &self.text[start..end];
        let near = window.char_indices().map(|(at, _)| start + at);
        near.take_while(|at| at - start <= EDGE_BYTES)
            .find(|at| self.is_apart(*at))
    }

    fn apart_up_to(&self, start: usize, end: usize) -> Option<usize> {
        if self.is_apart(end) {
            return Some(end);
        }
        let window = &self.text[start..end];
        let near = window.char_indices().rev().map(|(at, _)| start + at);
        near.take_while(|at| end - at <= EDGE_BYTES)
            .find(|at| self.is_apart(*at))
    }

    fn is_apart(&self, at: usize) -> bool {
        let is_end = at == 0 || at == self.text.len();
        is_end || self.joins.binary_search(&at).is_ok() || self.tokenizer.is_apart(self.text, at)
    }

    fn count(&self, start: usize, end: usize) -> Result<usize, ChunkError> {
        if start == end {
            return Ok(0);
        }
        self.tokenizer.count(&self.text[start..end])
    }

    fn index(&self, place: usize) -> usize {
        self.starts
            .partition_point(|start| (*start as usize) < place)
    }
}

/// Where the window ends that begins at `start`: at a block where one begins in reach, else at
/// blank space, else between two characters.
fn window_end(text: &str, outline: &Outline, start: usize) -> usize {
    if text.len() - start <= ENCODE_BYTES {
        return text.len();
    }
    let most = boundary(text, start + ENCODE_BYTES);
    let after = outline.blocks.partition_point(|block| block.start <= most);
    let block = outline.blocks[..after].last().map(|block| block.start);
    if let Some(block) = block.filter(|block| *block > start) {
        return block;
    }
    let blank = text[start..most].rfind(char::is_whitespace);
    blank.filter(|at| *at > 0).map_or(most, |at| start + at)
}
