//! The generated guides as bytes; the same source always gives the same bytes.

mod docx;
mod pdf;
mod source;
#[path = "../../../tests/support/mod.rs"]
mod support;

/// A file that was generated.
pub(crate) struct Generated {
    pub(crate) file_name: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Both of them.
pub(crate) fn all() -> [Generated; 2] {
    let retries = source::parse(include_str!("../../../guides/retries-and-dedup.md"));
    let operating = source::parse(include_str!("../../../guides/operating.md"));
    [
        Generated {
            file_name: "guide.docx",
            bytes: docx::write(&retries),
        },
        Generated {
            file_name: "guide.pdf",
            bytes: pdf::write(&operating),
        },
    ]
}
