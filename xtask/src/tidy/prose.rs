//! Markdown: width of its lines, and links that lead somewhere.

use super::Finding;
use super::files::TextFile;

const COLUMNS_MAX: usize = 160;

/// Lines that are too wide and links to files that do not exist.
pub(crate) fn check(file: &TextFile, all: &[TextFile]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        let columns = line.chars().count();
        let is_table = line.trim_start().starts_with('|');
        if columns > COLUMNS_MAX && !is_table && !line.contains("://") {
            let what = format!("{columns} columns, more than {COLUMNS_MAX}: break the line");
            found.push(Finding::new(&file.path, number, what));
        }
        for target in links(line) {
            if !leads_somewhere(file, all, target) {
                let what = format!("the link {target} leads nowhere: correct the path");
                found.push(Finding::new(&file.path, number, what));
            }
        }
    }
    found
}

/// The targets of `[text](target)`, those in `code` left out.
fn links(line: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    // Every second part between backticks is code.
    for (index, part) in line.split('`').enumerate() {
        let rest = if index % 2 == 0 { part } else { "" };
        for (at, _) in rest.match_indices("](") {
            let target = &rest[at + 2..];
            targets.extend(
                target
                    .split(')')
                    .next()
                    .and_then(|t| t.split_whitespace().next()),
            );
        }
    }
    // A link whose text is code: its target begins right behind a backtick.
    for (at, _) in line.match_indices("`](") {
        targets.extend(line[at + 3..].split(')').next().filter(|t| !t.is_empty()));
    }
    targets.dedup();
    targets
}

fn leads_somewhere(file: &TextFile, all: &[TextFile], target: &str) -> bool {
    let path = target.split('#').next().unwrap_or(target);
    if path.is_empty() || path.contains(':') {
        return true;
    }
    let Some(whole) = join(file.folder(), path) else {
        return false;
    };
    let folder = format!("{whole}/");
    // Files that are no text are not in the list: they are looked up on disk.
    all.iter()
        .any(|f| f.path == whole || f.path.starts_with(&folder))
        || crate::workspace::root().is_ok_and(|root| root.join(&whole).exists())
}

/// A path from the workspace's root; none when it leads out of it.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let file = TextFile::sample("docs/a.md", text);
        let all = [
            file.clone(),
            TextFile::sample("docs/b.md", ""),
            TextFile::sample("README.md", ""),
        ];
        check(&file, &all)
            .into_iter()
            .map(|finding| finding.what)
            .collect()
    }

    #[test]
    fn wide_prose_is_found_and_wide_code_is_not() {
        let wide = "x".repeat(161);
        assert_eq!(found(&wide).len(), 1);
        assert!(found(&format!("```\n{wide}\n```\n| {wide} |\n{}\n", &wide[1..])).is_empty());
    }

    #[test]
    fn links_lead_to_files_of_the_tree() {
        assert!(
            found(
                "[b](b.md#part) [r](../README.md) [up](../docs) [w](https://example.org) [h](#h)"
            )
            .is_empty()
        );
        assert_eq!(
            found("[c](c.md)"),
            ["the link c.md leads nowhere: correct the path"]
        );
        assert_eq!(
            found("[`c`](c.md)"),
            ["the link c.md leads nowhere: correct the path"]
        );
        assert_eq!(found("[out](../../b.md)").len(), 1);
        assert!(found("`[c](c.md)`").is_empty());
    }
}
