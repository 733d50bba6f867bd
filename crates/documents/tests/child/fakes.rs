//! Scripts that stand in for a reader which does what none should.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use dutiful_documents::child::{ChildProcess, Isolation};
use tempfile::TempDir;

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// What begins every script that passes for a reader.
const READY: &str = r#"echo '{"ready":{"version":1}}'"#;

/// Name and text of each script.
const SCRIPTS: [(&str, &str); 25] = [
    // Before it has the document.
    ("gone", "exit 0"),
    ("stranger", "echo 'Usage: stranger [OPTIONS]'; sleep 600.25"),
    (
        "other_version",
        r#"echo '{"ready":{"version":2}}'; sleep 600.25"#,
    ),
    ("eager", r#"echo '{"done":{"title":null}}'"#),
    // Afterwards.
    ("hangs", "READY; sleep 600.25"),
    ("hangs_alone", "READY; sleep 600.75"),
    (
        "refuses_to_end",
        "trap '' HUP INT QUIT TERM; READY; while :; do sleep 600.25; done",
    ),
    ("spins", "READY; while :; do :; done"),
    ("says_nothing", "READY; exec sleep 0"),
    ("leaves", "READY; exit 3"),
    ("closes_its_output", "READY; exec >&-; sleep 600.25"),
    ("makes_no_sense", "READY; echo 'made up'; sleep 600.25"),
    ("never_ends_a_line", "READY; tr '\\0' x </dev/zero"),
    (
        "never_ends",
        r#"READY; yes '{"told":{"recognized":{"number":1}}}'"#,
    ),
    ("complains_without_end", "READY; yes complaint >&2"),
    ("faults", "READY; kill -SEGV $$"),
    ("aborts", "READY; echo 'the last word' >&2; kill -ABRT $$"),
    ("is_killed", "READY; kill -KILL $$"),
    ("computes", "READY; kill -XCPU $$"),
    (
        "wants_memory",
        "READY; echo 'memory allocation of 8 bytes failed' >&2; kill -ABRT $$",
    ),
    (
        "tells_too_early",
        r#"READY; echo '{"told":{"pages":{"total":2}}}'; sleep 600.25"#,
    ),
    ("lies_about_places", r#"READY; DONE "a" 0 9"#),
    ("is_honest", r#"READY; DONE "text" 0 4"#),
    // Stands in for Tesseract: one word a page, after a while.
    (
        "tesseract",
        r#"case $1 in --list-langs) echo eng; exit;; esac
        cat >/dev/null
        sleep 0.2
        printf '5\t1\t1\t1\t1\t1\t10\t10\t30\t10\t96.0\tword\n'"#,
    ),
    // Recognizes the pages that it is not told to be known, and notes which.
    (
        "recognizes",
        r#"READY
        read -r request; read -r document
        for n in 1 2 3 4 5 6 7 8; do
            case $request in *"\"number\":$n,"*) continue;; esac
            echo $n >> "$document"
            sleep 0.1
            echo '{"told":{"recognized":{"number":'$n',"method":"ocr","confidence":0.5,"markdown":"p","warnings":[]}}}'
            read -r kept
        done
        DONE "p" 0 1"#,
    ),
];

/// Writes the scripts into a folder that is to be kept until the end.
pub(crate) fn write() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let done = r#"done() { echo '{"done":{"title":null,"format":"text","markdown":"'$1'","pages":[{"number":1,"start":'$2',"end":'$3'}],"warnings":[]}}'; }"#;
    for (name, text) in SCRIPTS {
        let text = text.replace("READY", READY).replace("DONE", "done_");
        let text = format!("#!/bin/sh\n{}\n{text}\n", done.replace("done()", "done_()"));
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    FOLDER.set(folder.path().to_owned()).unwrap();
    folder
}

pub(crate) fn path(name: &str) -> PathBuf {
    assert!(SCRIPTS.iter().any(|(known, _)| *known == name), "{name}");
    FOLDER.get().unwrap().join(name)
}

/// The script of that name as a reader that has a second for each page.
pub(crate) fn reader(name: &str) -> Isolation {
    Isolation::Child(ChildProcess {
        program: Some(path(name)),
        wall: Duration::from_secs(1),
        ..ChildProcess::default()
    })
}
