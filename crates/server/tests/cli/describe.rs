//! What describes the command line names all of it. The lists are those of `dutiful --help`.

use super::place::{Place, USAGE};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const GLOBAL_OPTIONS: &str = "Global options:";

/// The commands that `dutiful --help` shows.
fn commands(place: &Place) -> Vec<String> {
    let help = place.text(&["--help"]);
    let names = section(&help, "Commands:").filter_map(|line| {
        let name = line.strip_prefix("  ")?.split_whitespace().next()?;
        // A second line of a description is indented further.
        (!line.starts_with("   ") && name != "help").then(|| name.to_owned())
    });
    let names: Vec<String> = names.collect();
    assert!(names.len() > 15, "{help}");
    names
}

/// The global options that `dutiful --help` shows.
fn global_options(place: &Place) -> Vec<String> {
    let help = place.text(&["--help"]);
    let words = section(&help, GLOBAL_OPTIONS).flat_map(|line| {
        let option = line.trim_start();
        let is_option = option.starts_with('-');
        let words = option.split_whitespace().filter(move |_| is_option).take(2);
        words.map(|word| word.trim_end_matches([',', '.']).to_owned())
    });
    let options: Vec<String> = words.filter(|word| word.starts_with("--")).collect();
    assert!(options.len() >= 7, "{options:?}");
    options
}

fn section<'a>(help: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let (_, rest) = help.split_once(heading).unwrap();
    let lines = rest.lines().skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with(' '))
}

#[test]
fn completions_name_every_command_and_option_and_no_hidden_one() {
    let place = Place::empty();
    let wanted = [commands(&place), global_options(&place)].concat();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.text(&["completions", shell]);
        for word in &wanted {
            // fish tells options without their dashes.
            let word = word.trim_start_matches("--");
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert!(!script.contains("bench-worker"), "{shell}");
        let json = place.json(&["completions", shell]);
        assert_eq!(json["shell"], shell);
        assert_eq!(json["script"].as_str().unwrap(), script);
    }
    assert_eq!(place.error(&["completions", "cmd"]).0, USAGE);
}

#[test]
fn completions_work_whatever_the_settings_are() {
    let place = Place::empty();
    std::fs::write(place.path().join("dutiful.toml"), "wrong = 1\n").unwrap();
    place.run(&["stats"]).assert().code(USAGE);
    place.run(&["completions", "bash"]).assert().success();
    place.run(&["man"]).assert().success();
}

#[test]
fn a_shell_reads_the_script() {
    let place = Place::empty();
    std::fs::write(
        place.path().join("script"),
        place.text(&["completions", "bash"]),
    )
    .unwrap();
    let checked = std::process::Command::new("bash")
        .args(["-n", "script"])
        .current_dir(place.path())
        .status();
    // A machine without bash cannot tell.
    if let Ok(status) = checked {
        assert!(status.success());
    }
}

#[test]
fn manual_pages_name_every_command_and_option() {
    let place = Place::empty();
    // Dashes are written so that they are no hyphens.
    let plain = |page: String| page.replace("\\-", "-");
    let page = plain(place.text(&["man"]));
    for command in commands(&place) {
        assert!(page.contains(&format!("dutiful-{command}(1)")), "{command}");
    }
    for option in global_options(&place) {
        assert!(page.contains(&option), "{option}");
    }
    assert!(page.contains("DUTIFUL_DATABASE_URL"));
    assert_eq!(
        plain(place.json(&["man"])["page"].as_str().unwrap().to_owned()),
        page
    );
}

#[test]
fn a_page_is_written_for_each_command() {
    let place = Place::empty();
    let written = place.json(&["man", "--out", "pages/man1"]);
    let files: Vec<&str> = written["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file.as_str().unwrap())
        .collect();
    let folder = place.path().join("pages/man1");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len());
    let mut wanted: Vec<String> = commands(&place);
    wanted.extend(["migrate-sql", "periodic-next"].map(str::to_owned));
    for command in wanted {
        let file = format!("dutiful-{command}.1");
        assert!(files.contains(&file.as_str()), "{file}: {files:?}");
        let page = std::fs::read_to_string(folder.join(&file)).unwrap();
        assert!(page.contains(".SH NAME"), "{page}");
    }
    assert!(files.contains(&"dutiful.1"));
    assert!(!files.contains(&"dutiful-bench-worker.1"));
    std::fs::write(place.path().join("file"), "").unwrap();
    let (code, said) = place.error(&["man", "--out", "file/below"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("file/below") && said.contains("fix:"),
        "{said}"
    );
}

#[test]
fn the_document_names_every_command_and_global_option() {
    let place = Place::empty();
    let document = document();
    for command in commands(&place) {
        let row = format!("| `{command}");
        assert!(document.contains(&row), "`{command}` has no row");
        // Each is shown in use, in a block that is tried as it stands.
        let shown = |line: &str| {
            line.split("dutiful ")
                .skip(1)
                .any(|rest| rest.split_whitespace().next() == Some(&command))
        };
        let is_tried = blocks(&document).any(shown);
        assert!(is_tried, "`{command}` has no example");
    }
    for option in global_options(&place) {
        assert!(document.contains(&format!("`{option}")), "{option}");
    }
}

/// The names of all fields of a value, but for those of maps whose names are data.
fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
        Value::Object(map) => {
            for (name, inner) in map {
                found.insert(name.clone());
                if !["task_payload", "result_data", "counts", "by_state"].contains(&name.as_str()) {
                    fields(inner, found);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_document_names_every_field_of_the_json() {
    let place = Place::new();
    let id = place.submit("a");
    let worker = place.worker(&["--only", "ExampleTask"]);
    let begun = std::time::Instant::now();
    while place.json(&["show", &id])["task"]["state"] != "succeeded" {
        assert!(begun.elapsed().as_secs() < 30, "nothing runs");
    }
    let mut found = BTreeSet::new();
    let commands: [&[&str]; 11] = [
        &["list"],
        &["show", "1"],
        &["stats"],
        &["stats", "--by", "minute"],
        &["list", "--count"],
        &["workers"],
        &["periodic"],
        &["doctor"],
        &["migrate", "status"],
        &["migrate", "sql"],
        &["submit", "ExampleTask", r#"{"message": "b", "count": 1}"#],
    ];
    for args in commands {
        fields(&place.json(args), &mut found);
    }
    worker.signal("TERM");
    worker.end();
    assert!(found.len() > 40, "{found:?}");
    let document = document();
    for field in found {
        let is_named = [format!("`{field}`"), format!("\"{field}\"")]
            .iter()
            .any(|name| document.contains(name));
        assert!(is_named, "{field}");
    }
}

fn document() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    std::fs::read_to_string(path).unwrap()
}

/// The lines of the blocks of shell commands.
fn blocks(document: &str) -> impl Iterator<Item = &str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines())
}
