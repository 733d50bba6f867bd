//! What stands one below the other in Markdown: paragraphs, list items, tables.

/// Blocks of Markdown as they are gathered.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    markdown: String,
    ends_with_item: bool,
}

impl Blocks {
    /// Appends a block, a blank line apart.
    pub(crate) fn push(&mut self, block: &str) {
        self.append(block, false);
    }

    /// Appends an item of a list; items stand on the next line.
    pub(crate) fn push_item(&mut self, item: &str) {
        self.append(item, true);
    }

    fn append(&mut self, text: &str, is_item: bool) {
        if text.trim().is_empty() {
            return;
        }
        if !self.markdown.is_empty() {
            self.markdown.push_str(if is_item && self.ends_with_item {
                "\n"
            } else {
                "\n\n"
            });
        }
        self.markdown.push_str(text);
        self.ends_with_item = is_item;
    }

    pub(crate) fn into_markdown(self) -> String {
        self.markdown
    }
}
