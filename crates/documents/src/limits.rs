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

/// A page of a PDF whose text has fewer letters and digits than this is looked at as a picture.
pub const PAGE_LETTERS_MIN: usize = 25;
/// Share of a page's characters, in percent, that may be unknown before its text is not trusted.
pub const PAGE_UNKNOWN_PERCENT_MAX: usize = 20;

/// Most pixels of a picture: 100 million, four times a page of A4 at 600 dots per inch.
pub const PICTURE_PIXELS_MAX: usize = 100_000_000;
/// Most bytes that a decoder of pictures may hold at once: 512 MiB.
pub const PICTURE_DECODER_BYTES_MAX: usize = 512 << 20;
/// Most pixels that are recognized at once: larger pictures are halved, and pages of a PDF are
/// rendered at fewer dots per inch. A page of A4 at 400 dots per inch has as many.
pub const OCR_PIXELS_MAX: usize = 16_000_000;
/// Most pixels of one side that are recognized at once.
pub const OCR_SIDE_MAX: usize = 32_000;
/// Dots per inch at which pages can be rendered.
pub const DPI: std::ops::RangeInclusive<u32> = 72..=600;
/// Seconds that recognizing one page can be limited to.
pub const PAGE_SECONDS: std::ops::RangeInclusive<u32> = 1..=600;
/// Most languages that are looked for at once.
pub const OCR_LANGUAGES_MAX: usize = 8;
/// Most bytes that recognition may write about one page: 8 MiB.
pub const OCR_OUTPUT_BYTES_MAX: usize = 8 << 20;
/// Most bytes of its complaints that are kept.
pub const OCR_STDERR_BYTES_MAX: usize = 2 << 10;
/// Pages that may fail to be recognized before the rest of the document is not tried any more.
pub const OCR_FAILURES_MAX: usize = 3;

/// Longest time that one transcription may take, without the time in which pages are recognized: each
/// of those has a limit of its own. It is looked at between pages and pieces.
pub const TRANSCRIBE_TIME_MAX: Duration = Duration::from_secs(120);
/// Most processor time of a child process that reads a document, counted anew from each recognized
/// page. Less than the time above, so that whoever computes without end is told from who waits.
pub const CHILD_CPU_MAX: Duration = Duration::from_secs(90);
/// Most address space of a child process, and of each process that it starts: 2 GiB.
pub const CHILD_MEMORY_BYTES_MAX: u64 = 2 << 30;
/// The least that can be set: the stack of the parser and the heaps of its threads are in it. 256 MiB.
pub const CHILD_MEMORY_BYTES_MIN: u64 = 256 << 20;
/// Most files that a child process may have open.
pub const CHILD_FILES_MAX: u64 = 64;
/// Longest time that a child process may take to start, on a machine that is busy.
pub const CHILD_START_TIME_MAX: Duration = Duration::from_secs(10);
/// Most bytes of one line that parent and child say to one another: a document, or all pages that
/// are known of it. 16 MiB.
pub const CHILD_LINE_BYTES_MAX: usize = 16 << 20;
/// Most bytes that a child process may answer in all: each page once, and the document. 32 MiB.
pub const CHILD_ANSWER_BYTES_MAX: usize = 32 << 20;
/// Most bytes that are kept of what a child process writes to standard error.
pub const CHILD_ERRORS_BYTES_MAX: usize = 4 << 10;
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

/// Most texts of one request to a provider.
pub const EMBED_TEXTS_MAX: u32 = 2_048;
/// Most tokens of one text that a provider is sent.
pub const EMBED_TEXT_TOKENS_MAX: u32 = 8_192;
/// Most tokens of one request to a provider.
pub const EMBED_REQUEST_TOKENS_MAX: u32 = 300_000;
/// Most bytes of the texts in one request to a provider: 8 MiB.
pub const EMBED_REQUEST_BYTES_MAX: u32 = 8 << 20;
/// Most numbers of a vector.
pub const DIMENSIONS_MAX: u32 = 16_384;
/// Most requests that one call makes of a batch to find the texts which a provider refuses.
pub const EMBED_REQUESTS_MAX: u32 = 64;
/// Longest time for a connection to a provider, its encryption with it.
pub const PROVIDER_CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
/// Most bytes of a provider's answer that is no vector: 1 MiB.
pub const PROVIDER_ANSWER_BYTES_MAX: usize = 1 << 20;
/// Most bytes of a picture that a provider is sent: 20 MiB.
pub const PICTURE_BYTES_MAX: usize = 20 << 20;
/// Most bytes of a recording that a provider is sent: 25 MiB.
pub const SOUND_BYTES_MAX: usize = 25 << 20;
/// Most bytes of a provider's key.
pub const KEY_BYTES_MAX: usize = 4 << 10;
/// Shortest time for which a provider is left alone that asks for it.
pub const HOLD_MIN: Duration = Duration::from_secs(1);
/// Longest time for which it is: a day.
pub const HOLD_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest time for which a provider is left alone that does not say how long.
pub const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// How long it is once its quota is used up and it does not say how long.
pub const QUOTA_HOLD: Duration = Duration::from_secs(60 * 60);
/// Most bytes of a file that describes a model: 1 MiB.
pub const MODEL_CONFIG_BYTES_MAX: usize = 1 << 20;

/// Most rows of a matrix of vectors.
pub const MATRIX_ROWS_MAX: usize = 4_000_000;
/// Most hits of one search.
pub const HITS_MAX: usize = 1_000;

/// Chunks of one task that embeds: what another attempt has to look at again at most.
pub const EMBED_BATCH_CHUNKS: u32 = 64;
/// Chunks that are embedded between two commits.
pub const EMBED_COMMIT_CHUNKS: usize = 8;
/// Most bytes of a question: 8 KiB.
pub const QUESTION_BYTES_MAX: usize = 8 << 10;
