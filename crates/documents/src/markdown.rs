//! Pieces of Markdown that more than one reader writes.

/// A table of pipes without padding. `is_layout`, or fewer than two columns, gives the cells one
/// below the other instead. Empty rows are left out; the first row left names the columns.
pub(crate) fn table(mut rows: Vec<Vec<String>>, is_layout: bool) -> String {
    rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    if is_layout || columns < 2 {
        let cells = rows.iter().flatten().filter(|cell| !cell.trim().is_empty());
        return cells.map(String::as_str).collect::<Vec<_>>().join("\n\n");
    }
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        // Only the first row is filled up: shorter ones below it are allowed, and a wide row
        // cannot make all others long.
        let missing = if index == 0 { columns - row.len() } else { 0 };
        push_row(&mut out, row.iter().map(String::as_str), missing);
        if index == 0 {
            push_rule(&mut out, columns);
        }
    }
    out.trim_end().to_owned()
}

/// Appends a row of a table, with so many empty cells at its end.
pub(crate) fn push_row<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>, missing: usize) {
    out.push('|');
    cells
        .chain(std::iter::repeat_n("", missing))
        .for_each(|cell| push_cell(out, cell));
    out.push('\n');
}

/// Appends what stands below the first row of a table.
pub(crate) fn push_rule(out: &mut String, columns: usize) {
    out.push('|');
    out.push_str(&" --- |".repeat(columns));
    out.push('\n');
}

/// Appends a cell and the pipe that ends it: one line, its own pipes escaped.
fn push_cell(out: &mut String, text: &str) {
    let mut before = '\0';
    for word in text.split_whitespace() {
        out.push(' ');
        for c in word.chars() {
            if c == '|' && before != '\\' {
                out.push('\\');
            }
            out.push(c);
            before = c;
        }
    }
    out.push_str(" |");
}

/// A link. A target with spaces or brackets is put in angle brackets.
pub(crate) fn link(text: &str, target: &str) -> String {
    let text = text.replace('[', "\\[").replace(']', "\\]");
    let plain = !target.contains(|c: char| c.is_whitespace() || "()<>".contains(c));
    if plain {
        return format!("[{text}]({target})");
    }
    let inner: String = target.chars().filter(|c| !"<>\n\r".contains(*c)).collect();
    format!("[{text}](<{inner}>)")
}

/// Escapes the start of a paragraph that Markdown would take for something else.
pub(crate) fn escape_start(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=9).contains(&digits) && text[digits..].starts_with(['.', ')']) {
        let (number, rest) = text.split_at(digits);
        return if rest[1..].starts_with(' ') {
            format!("{number}\\{rest}")
        } else {
            text.to_owned()
        };
    }
    let item = ["- ", "+ ", "* "].iter().any(|mark| text.starts_with(mark));
    let block = text.starts_with(['#', '>', '|']) || text.starts_with("---");
    if item || block {
        format!("\\{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(cells: &[&[&str]]) -> Vec<Vec<String>> {
        cells
            .iter()
            .map(|row| row.iter().map(|cell| (*cell).to_owned()).collect())
            .collect()
    }

    #[test]
    fn a_table_is_pipes_with_its_own_pipes_escaped() {
        let text = table(rows(&[&["a |\nb"], &["", ""], &["c", "d"]]), false);
        assert_eq!(text, "| a \\| b | |\n| --- | --- |\n| c | d |");
    }

    #[test]
    fn a_table_of_one_column_is_no_table() {
        assert_eq!(table(rows(&[&["one"], &["two"]]), false), "one\n\ntwo");
    }

    #[test]
    fn a_wide_row_does_not_widen_the_others() {
        let mut cells = vec![vec!["x".to_owned()]; 1_000];
        cells.push(vec!["y".to_owned(); 1_000]);
        assert!(table(cells, false).len() < 30_000);
    }

    #[test]
    fn targets_of_links_cannot_break_out() {
        assert_eq!(link("a]b", "http://x"), "[a\\]b](http://x)");
        assert_eq!(link("a", "http://x/(y) z>"), "[a](<http://x/(y) z>)");
    }

    #[test]
    fn prose_that_looks_like_markup_is_escaped() {
        assert_eq!(escape_start("# no heading"), "\\# no heading");
        assert_eq!(escape_start("1. no item"), "1\\. no item");
        assert_eq!(escape_start("1.5 litres"), "1.5 litres");
        assert_eq!(escape_start("-5 degrees"), "-5 degrees");
    }
}
