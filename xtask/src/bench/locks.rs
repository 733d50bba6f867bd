//! The versions of the peers, as their lock files have them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The version of a package in a `Cargo.lock`, `package-lock.json` or `requirements.txt`.
pub(crate) fn version(lock: &Path, package: &str) -> Result<String> {
    let text =
        fs::read_to_string(lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let found = match lock.extension().and_then(|extension| extension.to_str()) {
        Some("lock") => of_cargo(&text, package),
        Some("json") => of_node(&text, package),
        _ => of_python(&text, package),
    };
    found.with_context(|| format!("no {package} in {}", lock.display()))
}

fn of_cargo(text: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = text.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next()?.strip_prefix("version = ")?;
    Some(version.trim_matches('"').to_owned())
}

fn of_node(text: &str, package: &str) -> Option<String> {
    let lock: Value = serde_json::from_str(text).ok()?;
    let entry = &lock["packages"][format!("node_modules/{package}")];
    Some(entry["version"].as_str()?.to_owned())
}

fn of_python(text: &str, package: &str) -> Option<String> {
    let mut pinned = text.lines().filter_map(|line| line.split_once("=="));
    let (_, version) = pinned.find(|(name, _)| *name == package)?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_each_kind_of_lock() {
        let cargo = "[[package]]\nname = \"a-b\"\nversion = \"9\"\n\n[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n";
        assert_eq!(of_cargo(cargo, "a").as_deref(), Some("1.2.3"));
        assert_eq!(of_cargo(cargo, "b"), None);
        let node = r#"{"packages": {"node_modules/a": {"version": "4.5.6"}}}"#;
        assert_eq!(of_node(node, "a").as_deref(), Some("4.5.6"));
        assert_eq!(of_python("a-b==1\na==7.8\n", "a").as_deref(), Some("7.8"));
    }
}
