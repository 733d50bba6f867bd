//! Sizes: lines of a file, columns of a line.

use super::Finding;
use super::files::RustFile;

const FILE_LINES_MAX: usize = 500;
const CODE_COLUMNS_MAX: usize = 100;
const COMMENT_COLUMNS_MAX: usize = 120;

/// Files and lines that are too long.
pub(crate) fn check(file: &RustFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let count = file.text.lines().count();
    if count > FILE_LINES_MAX {
        let what = format!("{count} lines, more than {FILE_LINES_MAX}: split the file by subject");
        found.push(Finding::new(&file.path, FILE_LINES_MAX, what));
    }
    let mut begin = 0;
    for (number, line) in (1..).zip(file.text.split_inclusive('\n')) {
        let columns = line.trim_end().chars().count();
        let max = limit(file, begin, line);
        if columns > max {
            let what = format!("{columns} columns, more than {max}: break the line");
            found.push(Finding::new(&file.path, number, what));
        }
        begin += line.len();
    }
    found
}

/// How wide a line may be that begins at `begin`: as wide as it likes where a link or a
/// string literal makes it so.
fn limit(file: &RustFile, begin: usize, line: &str) -> usize {
    let edge = line
        .char_indices()
        .nth(CODE_COLUMNS_MAX)
        .map_or(line.len(), |(at, _)| at);
    let beyond = begin + edge..begin + line.trim_end().len();
    let holds = |text: &str| {
        text.get(beyond.clone())
            .is_some_and(|part| !part.trim().is_empty())
    };
    if line.contains("://") || has_literal(file, begin, line.len()) {
        usize::MAX
    } else if holds(&file.comments) && !holds(&file.code) {
        COMMENT_COLUMNS_MAX
    } else {
        CODE_COLUMNS_MAX
    }
}

fn has_literal(file: &RustFile, begin: usize, length: usize) -> bool {
    file.literals
        .iter()
        .any(|literal| literal.at < begin + length && begin < literal.end)
}

/// How many files there are, and how long they are.
pub(crate) fn summary(files: &[RustFile]) -> String {
    let mut sizes: Vec<(usize, &str)> = files
        .iter()
        .map(|file| (file.text.lines().count(), file.path.as_str()))
        .collect();
    sizes.sort_unstable();
    let Some(&(longest, path)) = sizes.last() else {
        return "no Rust files".to_owned();
    };
    let median = sizes[sizes.len() / 2].0;
    format!(
        "{} Rust files, median {median} lines, longest {longest} ({path})",
        sizes.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&RustFile::sample("crates/core/src/a.rs", text))
            .iter()
            .map(|f| f.line)
            .collect()
    }

    #[test]
    fn a_file_of_501_lines_is_too_long() {
        assert_eq!(lines(&"\n".repeat(500)), Vec::<usize>::new());
        assert_eq!(lines(&"\n".repeat(501)), [500]);
    }

    #[test]
    fn code_ends_at_100_columns_and_comments_at_120() {
        let code = |columns: usize| "x".repeat(columns);
        assert_eq!(lines(&format!("{}\n{}\n", code(100), code(101))), [2]);
        let comment = |columns: usize| format!("// {}", "x".repeat(columns - 3));
        assert_eq!(lines(&format!("{}\n{}\n", comment(120), comment(121))), [2]);
    }

    #[test]
    fn literals_and_links_may_be_longer() {
        let long = "x".repeat(130);
        let text =
            format!("f(\"{long}\");\n// https://example.org/{long}\nf(\"a\n{long}\n{long}\");\n");
        assert_eq!(lines(&text), Vec::<usize>::new());
    }

    #[test]
    fn the_summary_tells_median_and_longest() {
        let file = |path, lines| RustFile::sample(path, &"\n".repeat(lines));
        let files = [file("a.rs", 9), file("b.rs", 1), file("c.rs", 5)];
        assert_eq!(
            summary(&files),
            "3 Rust files, median 5 lines, longest 9 (a.rs)"
        );
    }
}
