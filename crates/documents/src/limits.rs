//! Every bound of the crate, in one place.

use std::time::Duration;

/// Most bytes that a document may have: 64 MiB.
pub const INPUT_BYTES_MAX: usize = 64 << 20;
/// Most bytes of Markdown that a transcription may give: 6 MiB, so that a result fits its row.
pub const OUTPUT_BYTES_MAX: usize = 6 << 20;
/// Most bytes of that Markdown once it is written as a JSON string: 7 MiB. Quotes, backslashes and
/// line ends double there, and a result may have 8 MiB in all.
pub const OUTPUT_JSON_BYTES_MAX: usize = 7 << 20;
/// Most pages of one document.
pub const PAGES_MAX: usize = 5_000;
/// Most warnings that a document carries; what comes after is counted in a last one.
pub const WARNINGS_MAX: usize = 50;
/// Most bytes of one warning, of a title, of a value of metadata and of the cause in an error.
pub const LINE_BYTES_MAX: usize = 300;
/// Most entries of a document's metadata.
pub const METADATA_MAX: usize = 32;
/// Most bytes of the tag of a language, as RFC 5646 asks to allow.
pub const LANGUAGE_BYTES_MAX: usize = 35;

/// Deepest nesting of elements in XML and HTML.
pub const MARKUP_DEPTH_MAX: usize = 256;
/// Most nodes of an HTML tree; its parser repeats open formatting elements, so that small input
/// can grow a large tree.
pub const HTML_NODES_MAX: usize = 1_000_000;
/// HTML is parsed in pieces of this many bytes, and the limits are looked at between them.
pub const HTML_PIECE_BYTES: usize = 4 << 10;

/// Most entries of an archive.
pub const ARCHIVE_ENTRIES_MAX: usize = 10_000;
/// Most bytes that the entries of an archive may unpack to, together, and that are unpacked of it in
/// all, where an entry that is referred to twice counts twice: 200 MiB.
pub const ARCHIVE_UNPACKED_BYTES_MAX: u64 = 200 << 20;
/// Most times that an entry may grow when it is unpacked.
pub const ARCHIVE_RATIO_MAX: u64 = 100;
/// Entries that unpack to less than this are not held to the ratio: a short run of equal
/// characters packs better than any limit and does no harm. 1 MiB.
pub const ARCHIVE_RATIO_FROM_BYTES: u64 = 1 << 20;

/// Most cells with a value that are kept of one workbook.
pub const SHEET_CELLS_MAX: usize = 1_000_000;
/// Most rows with a value that are kept of one sheet.
pub const SHEET_ROWS_MAX: usize = 100_000;
/// Most columns with a value that are kept of one sheet.
pub const SHEET_COLUMNS_MAX: usize = 1_000;
/// Most cell styles of a workbook that are looked at; programs allow 65,490.
pub const SHEET_STYLES_MAX: usize = 70_000;

/// Most points of a chart that are kept of one series.
pub const CHART_POINTS_MAX: usize = 1_000;
/// Most series that are kept of one chart.
pub const CHART_SERIES_MAX: usize = 50;

/// Pages of a PDF that are laid out together: headings are ranked by their size among these, and
/// only these are held in memory.
pub const PDF_LAYOUT_PAGES: usize = 400;
/// Pieces of text with a position that are held in memory before they are laid out.
pub const PDF_LAYOUT_SPANS: usize = 200_000;

/// Longest time that one transcription may take. It is looked at between pages and pieces.
pub const TRANSCRIBE_TIME_MAX: Duration = Duration::from_secs(120);
/// Stack of the thread that parses: readers recurse as deep as a document nests. 64 MiB, of which
/// only what is used costs memory.
pub const PARSER_STACK_BYTES: usize = 64 << 20;

/// Bytes at the start of a file that may stand before a PDF's header.
pub const PDF_HEADER_WITHIN: usize = 1_024;
/// Bytes at the start of a text in which HTML names its encoding.
pub const HTML_CHARSET_WITHIN: usize = 1_024;

/// Fewest tokens that a chunk's text can be limited to: the largest character of any tokenizer fits.
pub const TOKENS_MIN: u32 = 32;
/// Most tokens that it can be limited to.
pub const TOKENS_MAX: u32 = 32_768;
/// Most chunks of one document.
pub const CHUNKS_MAX: usize = 50_000;
/// Most bytes of a chunk for each token that it may have: there are tokenizers to which a megabyte
/// without a space is one token.
pub const CHUNK_BYTES_PER_TOKEN_MAX: usize = 32;
/// Most bytes of a heading in the path of a chunk; the path has at most one for each of 6 levels.
pub const HEADING_BYTES_MAX: usize = 200;
/// Lists and block quotes nested deeper than this are split as text.
pub const CHUNK_BLOCK_DEPTH_MAX: usize = 16;
/// Text is encoded in windows of this many bytes, which end between blocks where they can: what a
/// tokenizer holds in memory is many times its text.
pub const ENCODE_BYTES: usize = 64 << 10;
/// Most bytes of a file that describes a tokenizer: 64 MiB.
pub const TOKENIZER_BYTES_MAX: usize = 64 << 20;
