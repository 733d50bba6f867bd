//! Guides to Dutiful itself, one in each format that is read but XLS: something real to try it on.

/// A guide as the file that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// Its name with the usual ending, such as `guide.pdf`.
    pub file_name: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// All guides: plain text, Markdown, HTML, DOCX, PPTX, XLSX, EPUB and PDF, in this order.
///
/// ```
/// for guide in dutiful_documents::guides::all() {
///     let document = dutiful_documents::transcribe(guide.bytes, Some(guide.file_name))?;
///     assert!(document.title.is_some());
/// }
/// # Ok::<(), dutiful_documents::TranscribeError>(())
/// ```
pub fn all() -> &'static [Guide] {
    &[
        Guide {
            file_name: "guide.txt",
            bytes: include_bytes!("../guides/guide.txt"),
        },
        Guide {
            file_name: "guide.md",
            bytes: include_bytes!("../guides/guide.md"),
        },
        Guide {
            file_name: "guide.html",
            bytes: include_bytes!("../guides/guide.html"),
        },
        Guide {
            file_name: "guide.docx",
            bytes: include_bytes!("../guides/guide.docx"),
        },
        Guide {
            file_name: "guide.pptx",
            bytes: include_bytes!("../guides/guide.pptx"),
        },
        Guide {
            file_name: "guide.xlsx",
            bytes: include_bytes!("../guides/guide.xlsx"),
        },
        Guide {
            file_name: "guide.epub",
            bytes: include_bytes!("../guides/guide.epub"),
        },
        Guide {
            file_name: "guide.pdf",
            bytes: include_bytes!("../guides/guide.pdf"),
        },
    ]
}
