//! The documents of the project, and the code that they show.

use std::path::{Path, PathBuf};

/// The document whose blocks belong together and to one database, in their order.
#[allow(dead_code, reason = "the tests of the library read the others")]
pub(crate) const GUIDE: &str = "docs/migrating-from-a-home-made-queue.md";

/// A fenced block of a document.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The document, from the root of the project.
    pub(crate) document: String,
    pub(crate) line: usize,
    /// What follows the fence; nothing for a block of no language.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The folder that holds all of the project.
pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// The blocks of one language in all documents.
pub(crate) fn blocks_of(language: &str) -> Vec<Block> {
    let mut blocks = blocks();
    blocks.retain(|block| block.language == language);
    blocks
}

/// The blocks of all documents.
pub(crate) fn blocks() -> Vec<Block> {
    let root = root();
    let mut documents = Vec::new();
    find(&root, &mut documents);
    documents.sort();
    let blocks = documents.iter().flat_map(|path| {
        let document = path.strip_prefix(&root).unwrap().display().to_string();
        read(&document, &std::fs::read_to_string(path).unwrap())
    });
    blocks.collect()
}

fn find(folder: &Path, documents: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with('.') {
                find(&path, documents);
            }
        } else if name.ends_with(".md") {
            documents.push(path);
        }
    }
}

fn read(document: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, content) in (1..).zip(text.lines()) {
        let fence = content.trim_start().strip_prefix("```");
        match (&mut open, fence) {
            (None, Some(language)) => {
                open = Some(Block {
                    document: document.to_owned(),
                    line,
                    language: language.trim().to_owned(),
                    text: String::new(),
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(content);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed in {document}");
    blocks
}
