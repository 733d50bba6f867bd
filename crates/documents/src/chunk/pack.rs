//! Decides where chunks begin and end.
//!
//! Blocks are taken in order as long as they fit. One that does not fit begins the next chunk, or
//! is opened and its parts are taken one by one. Everything is decided from sizes; only where a
//! chunk is finished its text may be looked at again.

mod split;

use super::cut;
use super::error::{ChunkError, Problem};
use super::options::Bounds;
use super::outline::{Kind, Outline, Section};
use super::sizes::Sizes;
use crate::limits::CHUNKS_MAX;

/// A finished chunk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tokens: usize,
    /// The section whose headings it stands below, and how many of these.
    pub(super) section: usize,
    pub(super) depth: usize,
}

/// Splits a text whose blocks and sizes are known.
pub(super) fn pack(
    text: &str,
    outline: &Outline,
    sizes: &Sizes<'_>,
    bounds: Bounds,
) -> Result<Vec<Piece>, ChunkError> {
    let mut packer = Packer {
        text,
        outline,
        sizes,
        bounds,
        section: 0,
        open: None,
        done: Vec::new(),
    };
    for (index, section) in outline.sections.iter().enumerate() {
        packer.begin_section(index, section)?;
        packer.blocks(section)?;
    }
    packer.close()?;
    Ok(packer.done)
}

/// A chunk that grows. Its ends are not blank.
#[derive(Debug, Clone, Copy)]
struct Open {
    start: usize,
    end: usize,
    /// Where the text begins that no earlier chunk has; `end` when all of it is repeated.
    fresh: usize,
    /// Whether it has more than headings.
    has_body: bool,
    /// Where the headings begin that end it: they go with what follows.
    tail: Option<usize>,
    /// The highest level of heading in it.
    level: u8,
    /// What it ends with.
    kind: Kind,
    /// The section whose path all of its body shares, and how much of it.
    path: Option<(usize, usize)>,
}

/// A part of the text that is to be placed: a block, or the part of one before those inside of it.
#[derive(Debug, Clone, Copy)]
struct Unit {
    start: usize,
    end: usize,
    kind: Kind,
}

struct Packer<'a> {
    text: &'a str,
    outline: &'a Outline,
    sizes: &'a Sizes<'a>,
    bounds: Bounds,
    section: usize,
    open: Option<Open>,
    done: Vec<Piece>,
}

impl Packer<'_> {
    fn begin_section(&mut self, index: usize, section: &Section) -> Result<(), ChunkError> {
        let joins = self.open.is_some_and(|open| {
            let is_small = self.sizes.between(open.start, open.end) < self.bounds.min;
            let is_heading = open.tail.is_some();
            open.fresh < open.end && (is_heading || (is_small && section.level >= open.level))
        });
        if !joins {
            self.close()?;
        }
        self.section = index;
        if let Some(open) = &mut self.open {
            open.level = open.level.min(section.level);
        }
        Ok(())
    }

    fn blocks(&mut self, section: &Section) -> Result<(), ChunkError> {
        let mut index = section.blocks.start;
        // What stands before the first block, such as definitions of links.
        self.text_between(section.start, self.outline.end_of(index, section))?;
        while index < section.blocks.end {
            let block = self.outline.blocks[index];
            let unit = Unit {
                start: block.start,
                end: self.outline.end_of(block.after, section),
                kind: block.kind,
            };
            if self.place(unit)? {
                index = block.after;
                continue;
            }
            index += 1;
            if index == block.after {
                self.split(unit)?;
            } else {
                self.text_between(unit.start, self.outline.blocks[index].start)?;
            }
        }
        Ok(())
    }

    /// Places text that is no block of its own.
    fn text_between(&mut self, start: usize, end: usize) -> Result<(), ChunkError> {
        let unit = Unit {
            start,
            end,
            kind: Kind::Prose,
        };
        if !self.place(unit)? {
            self.split(unit)?;
        }
        Ok(())
    }

    /// Takes a unit as a whole, into the open chunk or into a new one. False when it has to be
    /// opened, which leaves room for its first part where that makes sense.
    fn place(&mut self, unit: Unit) -> Result<bool, ChunkError> {
        let start = cut::skip_blank(self.text, unit.start, unit.end);
        let end = cut::trim_end(self.text, start, unit.end);
        if start == end {
            return Ok(true);
        }
        let whole = unit.kind.is_kept_whole();
        let most = if whole {
            self.bounds.limit
        } else {
            self.bounds.target
        };
        let fits_alone = self.fits(start, end, most);
        while let Some(open) = self.open {
            // What is only repeated or only a heading has no worth of its own.
            let is_bare = !open.has_body || open.fresh >= open.end;
            let room = if is_bare { most } else { self.bounds.target };
            if self.fits(open.start, end, room) {
                self.take(start, end, unit.kind);
                return Ok(true);
            }
            let is_heading = !open.has_body && open.fresh < open.end;
            if !fits_alone || (is_heading && !whole) {
                return Ok(false);
            }
            let spare = most.saturating_sub(self.sizes.between(start, end));
            self.finish(self.bounds.overlap.min(spare))?;
        }
        if fits_alone {
            self.take(start, end, unit.kind);
        }
        Ok(fits_alone)
    }

    fn fits(&self, start: usize, end: usize, tokens: usize) -> bool {
        end - start <= self.bounds.bytes && self.sizes.between(start, end) <= tokens
    }

    /// Puts a range into the open chunk, or begins one with it.
    fn take(&mut self, start: usize, end: usize, kind: Kind) {
        let sections = &self.outline.sections;
        let here = &sections[self.section];
        let open = self.open.get_or_insert(Open {
            start,
            end,
            fresh: start,
            has_body: false,
            tail: None,
            level: here.level,
            kind,
            path: None,
        });
        open.end = end;
        open.kind = kind;
        if kind == Kind::Heading {
            open.tail.get_or_insert(start);
            return;
        }
        open.has_body = true;
        open.tail = None;
        open.path = match open.path {
            Some((section, depth)) if sections[section].level > 0 => {
                let other = sections[section].path[..depth].iter();
                let shared = other.zip(&here.path).take_while(|(a, b)| a == b);
                Some((section, shared.count()))
            }
            // Text before the first heading stands below none and says nothing.
            _ => Some((self.section, here.path.len())),
        };
    }

    /// Ends what is open, for good.
    fn close(&mut self) -> Result<(), ChunkError> {
        while let Some(open) = &mut self.open {
            open.tail = None;
            self.finish(0)?;
        }
        Ok(())
    }

    /// Ends the open chunk. Afterwards nothing is open, or the headings that ended it, or what the
    /// next chunk repeats, at most `overlap` tokens, or what had no place because of tokens that
    /// only the whole shows.
    fn finish(&mut self, overlap: usize) -> Result<(), ChunkError> {
        let Some(mut open) = self.open.take().filter(|open| open.fresh < open.end) else {
            return Ok(());
        };
        let tail = open.tail.filter(|_| open.has_body);
        let to = tail.map_or(open.end, |tail| cut::trim_end(self.text, open.start, tail));
        let (mut end, mut tokens) = self.within_limit(open.start, to)?;
        if end <= open.fresh {
            // What is repeated has left no room after all.
            open.start = cut::skip_blank(self.text, open.fresh, to);
            open.fresh = open.start;
            (end, tokens) = self.within_limit(open.start, to)?;
        }
        if self.done.len() >= CHUNKS_MAX {
            let cause = format!("the document has more than the {CHUNKS_MAX} chunks allowed");
            return Err(ChunkError::new(Problem::TooManyChunks, cause));
        }
        let path = open.path;
        let (section, depth) = path.unwrap_or_else(|| self.whole_path(self.section));
        self.done.push(Piece {
            start: open.start,
            end,
            tokens,
            section,
            depth,
        });
        self.open = if end < open.end {
            let start = cut::skip_blank(self.text, end, open.end);
            let has_body = open.has_body && end < to;
            Some(Open {
                start,
                fresh: start,
                has_body,
                tail: open.tail.map(|tail| tail.max(start)),
                level: self.outline.sections[self.section].level,
                path: open.path.filter(|_| has_body),
                ..open
            })
        } else {
            self.repeated(open, overlap)
        };
        Ok(())
    }

    fn whole_path(&self, section: usize) -> (usize, usize) {
        (section, self.outline.sections[section].path.len())
    }

    /// What the chunk after this one repeats of it.
    fn repeated(&self, open: Open, overlap: usize) -> Option<Open> {
        // A heading is known from the path.
        if overlap == 0 || !open.has_body {
            return None;
        }
        let here = self.outline.sections[self.section].start;
        // Never all of it: each chunk begins after the one before.
        let second = cut::character_before(self.text, open.start, open.start);
        let from = self.sizes.reach_back(open.end, overlap);
        let from = from.max(here).max(second).max(open.fresh);
        if from >= open.end {
            return None;
        }
        let start = if open.kind.has_lines() {
            cut::line_after(self.text, from, open.end)
        } else {
            cut::sentence_after(self.text, from, open.end)
                .or_else(|| cut::word_after(self.text, from, open.end))
        };
        start.map(|start| Open {
            start,
            fresh: open.end,
            path: Some(self.whole_path(self.section)),
            ..open
        })
    }
}
