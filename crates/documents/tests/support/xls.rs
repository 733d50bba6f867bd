//! Old Office files: the container, and the records of a workbook.

const SECTOR: usize = 512;
const END: u32 = 0xffff_fffe;
const NONE: u32 = 0xffff_ffff;

/// A container of streams. Small streams are filled up, so that they need no small sectors.
pub(crate) fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let entry = |name: &str, kind: u8, right: u32, child: u32, start: u32, bytes: usize| {
        let mut entry = vec![0_u8; 128];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&(units.len() as u16 + 2).to_le_bytes());
        entry[66] = kind;
        for (at, number) in [(68, NONE), (72, right), (76, child), (116, start)] {
            entry[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        entry[120..128].copy_from_slice(&(bytes as u64).to_le_bytes());
        entry
    };
    let directory_sectors = (streams.len() + 1).div_ceil(4) as u32;
    let mut table = vec![0xffff_fffd];
    table.extend((1..directory_sectors).map(|sector| sector + 1));
    table.push(END);
    let mut directory = entry("Root Entry", 5, NONE, 1, END, 0);
    let mut data = Vec::new();
    for (index, (name, content)) in (1_u32..).zip(streams) {
        let mut content = content.to_vec();
        content.resize(content.len().max(4096).next_multiple_of(SECTOR), 0);
        let start = table.len() as u32;
        let sectors = (content.len() / SECTOR) as u32;
        table.extend((1..sectors).map(|sector| start + sector));
        table.push(END);
        let right = if index as usize == streams.len() {
            NONE
        } else {
            index + 1
        };
        directory.extend(entry(name, 2, right, NONE, start, content.len()));
        data.extend(content);
    }
    directory.resize(directory.len().next_multiple_of(SECTOR), 0);
    assert!(table.len() <= SECTOR / 4, "one sector holds the table");
    table.resize(SECTOR / 4, NONE);
    let mut file = header();
    file.extend(table.iter().flat_map(|number| number.to_le_bytes()));
    file.extend(directory);
    file.extend(data);
    file
}

fn header() -> Vec<u8> {
    let mut header = vec![0_u8; SECTOR];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    for (at, number) in [(26, 3_u16), (28, 0xfffe), (30, 9), (32, 6)] {
        header[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let numbers = [(44, 1_u32), (48, 1), (56, 4096), (60, END), (68, END)];
    for (at, number) in numbers {
        header[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    header[76..].fill(0xff);
    header[76..80].copy_from_slice(&0_u32.to_le_bytes());
    header
}

/// One record.
pub(crate) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = kind.to_le_bytes().to_vec();
    record.extend((data.len() as u16).to_le_bytes());
    record.extend(data);
    record
}

/// A record of a cell with style 0: place, then value.
pub(crate) fn cell(kind: u16, row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    let mut data: Vec<u8> = [row, column, style]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    data.extend(value);
    record(kind, &data)
}

/// A string of one byte for each character, with a length of two bytes.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut data = (text.len() as u16).to_le_bytes().to_vec();
    data.push(0);
    data.extend(text.as_bytes());
    data
}

/// The stream of a workbook: records before the sheets, then sheets with a name, state and records.
pub(crate) fn workbook(before: &[Vec<u8>], sheets: &[(&str, u8, Vec<u8>)]) -> Vec<u8> {
    let begin = record(0x809, &[0, 6, 5, 0]);
    let end = record(0x0a, &[]);
    let mut globals = begin.clone();
    globals.extend(before.concat());
    let listed: usize = sheets.iter().map(|(name, ..)| 4 + 8 + name.len()).sum();
    let mut start = globals.len() + listed + end.len();
    let mut bodies = Vec::new();
    for (name, state, records) in sheets {
        let mut data = (start as u32).to_le_bytes().to_vec();
        data.extend([*state, 0, name.len() as u8, 0]);
        data.extend(name.as_bytes());
        globals.extend(record(0x85, &data));
        let body = [&*begin, records, &end].concat();
        start += body.len();
        bodies.extend(body);
    }
    globals.extend(end);
    globals.extend(bodies);
    globals
}

/// An XLS of one sheet.
pub(crate) fn xls(before: &[Vec<u8>], records: &[Vec<u8>]) -> Vec<u8> {
    let stream = workbook(before, &[("Sheet", 0, records.concat())]);
    container(&[("Workbook", &stream)])
}
