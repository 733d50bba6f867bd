//! The container of old Office files, a small file system: streams of sectors that are chained in a
//! table. Chains that run in circles or out of the file are refused.

use std::collections::HashSet;

use super::{u16_at, u32_at};
use crate::TranscribeError;
use crate::error::Problem;

/// The first bytes of the container.
pub(crate) const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

const HEADER: usize = 512;
/// Entries of the sector table that the header itself lists.
const TABLES_IN_HEADER: usize = 109;
/// Numbers from here on are no sectors: ends of chains, free sectors, none.
const LAST_SECTOR: u32 = 0xffff_fffa;
const NONE: u32 = 0xffff_ffff;
const ENTRY: usize = 128;

/// An opened container.
pub(super) struct Container<'a> {
    sectors: Sectors<'a>,
    entries: Vec<Entry>,
    /// Streams that are smaller than this stand in small sectors.
    small_below: u64,
    small_shift: u32,
    small_table: Vec<u32>,
    small_sectors: Vec<u8>,
}

/// A stream at the top of the container.
struct Entry {
    name: String,
    start: u32,
    bytes: u64,
}

/// The sectors of a file, and which one follows which.
struct Sectors<'a> {
    bytes: &'a [u8],
    shift: u32,
    table: Vec<u32>,
}

impl<'a> Container<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, TranscribeError> {
        let header = Header::read(bytes).ok_or_else(|| broken("its header is cut off"))?;
        if !(7..=12).contains(&header.shift) || header.small_shift > header.shift {
            return Err(broken("its sectors have no possible size"));
        }
        let mut sectors = Sectors {
            bytes,
            shift: header.shift,
            table: Vec::new(),
        };
        sectors.table = sectors.read_table(&header)?;
        let directory = sectors.chain(header.directory)?;
        let (entries, root) = read_directory(&directory)?;
        let small_sectors = sectors.chain(root.start)?;
        let small_table = sectors.chain(header.small_table)?;
        Ok(Self {
            sectors,
            entries,
            small_below: header.small_below.into(),
            small_shift: header.small_shift,
            small_table: numbers(&small_table),
            small_sectors,
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The bytes of a stream; `None` when there is none of this name.
    pub(super) fn stream(&self, name: &str) -> Result<Option<Vec<u8>>, TranscribeError> {
        let Some(entry) = self.find(name) else {
            return Ok(None);
        };
        let mut bytes = if entry.bytes < self.small_below {
            let small = Sectors {
                bytes: &self.small_sectors,
                shift: self.small_shift,
                table: Vec::new(),
            };
            follow(&self.small_table, entry.start, |sector| {
                small.slice((sector as usize) << small.shift)
            })?
        } else {
            self.sectors.chain(entry.start)?
        };
        let stated = usize::try_from(entry.bytes).unwrap_or(usize::MAX);
        if bytes.len() < stated {
            return Err(broken("a part of it is cut off"));
        }
        bytes.truncate(stated);
        Ok(Some(bytes))
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.name.eq_ignore_ascii_case(name))
    }
}

impl Sectors<'_> {
    /// The bytes from a place to the end of a sector or of the file.
    fn slice(&self, start: usize) -> Option<&[u8]> {
        let end = start.saturating_add(1 << self.shift).min(self.bytes.len());
        self.bytes.get(start..end).filter(|slice| !slice.is_empty())
    }

    fn sector(&self, number: u32) -> Option<&[u8]> {
        // The header takes the place of the first sector.
        self.slice((number as usize).checked_add(1)? << self.shift)
    }

    fn chain(&self, start: u32) -> Result<Vec<u8>, TranscribeError> {
        follow(&self.table, start, |number| self.sector(number))
    }

    /// The table of sectors, which stands in sectors that the header and a chain of lists name.
    fn read_table(&self, header: &Header) -> Result<Vec<u32>, TranscribeError> {
        let most = self.bytes.len() >> self.shift;
        let mut places = header.tables.clone();
        let mut next = header.more_tables;
        let mut lists = 0;
        while next < LAST_SECTOR {
            lists += 1;
            let list = self.sector(next).filter(|_| lists <= most);
            let mut list = numbers(list.ok_or_else(|| broken("a chain does not end"))?);
            next = list.pop().unwrap_or(NONE);
            places.append(&mut list);
        }
        let mut table = Vec::new();
        for place in places.into_iter().filter(|place| *place < LAST_SECTOR) {
            if table.len() > most {
                break;
            }
            let sector = self.sector(place);
            table.extend(numbers(
                sector.ok_or_else(|| broken("its table is cut off"))?,
            ));
        }
        Ok(table)
    }
}

/// The bytes of a chain of sectors. Each sector is visited once at most.
fn follow<'s>(
    table: &[u32],
    start: u32,
    sector: impl Fn(u32) -> Option<&'s [u8]>,
) -> Result<Vec<u8>, TranscribeError> {
    let mut bytes = Vec::new();
    let mut next = start;
    let mut visited = 0;
    while next < LAST_SECTOR {
        visited += 1;
        if visited > table.len() {
            return Err(broken("a chain does not end"));
        }
        let data = sector(next).ok_or_else(|| broken("a part of it is cut off"))?;
        bytes.extend_from_slice(data);
        let index = usize::try_from(next).unwrap_or(usize::MAX);
        next = table.get(index).copied().unwrap_or(NONE);
    }
    Ok(bytes)
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    let chunks = bytes.chunks_exact(4);
    chunks.filter_map(|chunk| u32_at(chunk, 0)).collect()
}

struct Header {
    shift: u32,
    small_shift: u32,
    directory: u32,
    small_below: u32,
    small_table: u32,
    more_tables: u32,
    tables: Vec<u32>,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.get(..HEADER)?;
        Some(Self {
            shift: u16_at(header, 30)?.into(),
            small_shift: u16_at(header, 32)?.into(),
            directory: u32_at(header, 48)?,
            small_below: u32_at(header, 56)?,
            small_table: u32_at(header, 60)?,
            more_tables: u32_at(header, 68)?,
            tables: numbers(header.get(76..76 + 4 * TABLES_IN_HEADER)?),
        })
    }
}

/// The streams at the top, and where the small sectors are. Folders below hold embedded documents,
/// whose streams have the same names.
fn read_directory(bytes: &[u8]) -> Result<(Vec<Entry>, Entry), TranscribeError> {
    let entry = |number: u32| -> Option<(Entry, &[u8])> {
        let start = usize::try_from(number).ok()?.checked_mul(ENTRY)?;
        let data = bytes.get(start..start.checked_add(ENTRY)?)?;
        let length = usize::from(u16_at(data, 64)?).min(64) / 2;
        let units = data.chunks_exact(2).take(length);
        let units: Vec<u16> = units.filter_map(|unit| u16_at(unit, 0)).collect();
        let name = String::from_utf16_lossy(&units);
        let entry = Entry {
            name: name.trim_end_matches('\0').to_owned(),
            start: u32_at(data, 116)?,
            // Older programs leave rubbish in the upper half, and no file here is that large.
            bytes: u32_at(data, 120)?.into(),
        };
        Some((entry, data))
    };
    let (root, data) = entry(0).ok_or_else(|| broken("it has no directory"))?;
    let mut entries = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![u32_at(data, 76).unwrap_or(NONE)];
    while let Some(number) = open.pop() {
        if number == NONE || !seen.insert(number) {
            continue;
        }
        let (found, data) = entry(number).ok_or_else(|| broken("its directory is cut off"))?;
        open.extend(u32_at(data, 68));
        open.extend(u32_at(data, 72));
        entries.push(found);
    }
    Ok((entries, root))
}

fn broken(cause: &str) -> TranscribeError {
    let cause = format!("the old Office file is broken: {cause}");
    TranscribeError::new(Problem::Malformed, cause)
}
