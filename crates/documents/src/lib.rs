//! Tasks that turn documents into Markdown.
