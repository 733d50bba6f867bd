//! Cargo.toml: each dependency has a comment that tells why it is there.

use super::Finding;
use super::files::TextFile;

/// Dependencies without a reason.
pub(crate) fn check(file: &TextFile) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut section, mut depth, mut above) = ("", 0, "");
    for (number, line) in file.lines() {
        let text = line.trim();
        let reason = above.starts_with('#') || text.contains(" # ");
        let is_top = depth == 0;
        depth += brackets(text);
        if is_top && text.starts_with('[') {
            section = text.trim_matches(['[', ']']);
        }
        let entry = if is_top {
            dependency(section, text)
        } else {
            None
        };
        if let Some(name) = entry.filter(|_| !reason) {
            let what = format!("no reason for {name}: tell it in a comment on the line above");
            found.push(Finding::new(&file.path, number, what));
        }
        above = text;
    }
    found
}

/// The dependency that a line begins, if it begins one.
fn dependency<'a>(section: &'a str, line: &'a str) -> Option<&'a str> {
    let is_list = |name: &str| name == "dependencies" || name.ends_with("-dependencies");
    let last = section.rsplit('.').next().unwrap_or(section);
    if is_list(last) {
        let key = line.split_once('=')?.0.trim();
        return (!line.starts_with('#')).then(|| key.split('.').next().unwrap_or(key));
    }
    // `[dependencies.name]`: the heading itself begins it.
    let (list, name) = section.rsplit_once('.')?;
    let is_heading = line.starts_with('[') && is_list(list.rsplit('.').next().unwrap_or(list));
    is_heading.then_some(name)
}

fn brackets(line: &str) -> i32 {
    let line = line.split(" #").next().unwrap_or(line);
    if line.starts_with('#') {
        return 0;
    }
    line.chars()
        .map(|c| i32::from(c == '[') - i32::from(c == ']'))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<usize> {
        check(&TextFile::sample("Cargo.toml", text))
            .iter()
            .map(|f| f.line)
            .collect()
    }

    #[test]
    fn each_dependency_has_a_reason_on_its_line_or_above() {
        let text = "[package]\nname = \"a\"\n[dependencies]\n# Why.\na = \"1\"\nb = \"1\" # Why.\nc = \"1\"\n";
        assert_eq!(names(text), [7]);
    }

    #[test]
    fn every_kind_of_list_is_read() {
        for list in [
            "dev-dependencies",
            "build-dependencies",
            "workspace.dependencies",
            "target.'cfg(unix)'.dependencies",
        ] {
            assert_eq!(
                names(&format!("[{list}]\na.workspace = true\n")),
                [2],
                "{list}"
            );
        }
        assert_eq!(names("[dependencies.a]\nversion = \"1\"\n"), [1]);
        assert_eq!(
            names("# Why.\n[dependencies.a]\nversion = \"1\"\n"),
            Vec::<usize>::new()
        );
    }

    #[test]
    fn lines_of_a_list_value_are_no_dependencies() {
        let text = "[dependencies]\n# Why.\na = { version = \"1\", features = [\n  \"x=y\",\n] }\n";
        assert_eq!(names(text), Vec::<usize>::new());
    }
}
