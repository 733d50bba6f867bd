//! A program that stands in for Tesseract: a script that writes down how often it was started.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use dutiful_documents::Engines;
use tempfile::TempDir;

/// What it does with a picture, where `$width` is how wide that is: says so, and is sure of it.
pub(crate) const TELLS_WIDTH: &str = r#"
printf 'level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n'
printf '1\t1\t0\t0\t0\t0\t0\t0\t9\t9\t-1\t\n'
printf '5\t1\t1\t1\t1\t1\t0\t0\t9\t9\t90\twidth\n'
printf '5\t1\t1\t1\t1\t2\t9\t0\t9\t9\t40\t%s\n' "$width"
"#;

/// The script in a folder of its own.
pub(crate) struct StandIn {
    folder: TempDir,
}

impl StandIn {
    /// A script that lists `eng` and `deu` as its languages, and else does what `on_page` says.
    pub(crate) fn new(on_page: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = format!(
            "#!/bin/sh\n\
             if [ \"$1\" = --list-langs ]; then printf 'List of languages:\\neng\\ndeu\\n'; exit; fi\n\
             echo \"$*\" >> '{}'\n\
             width=$(LC_ALL=C sed -n '2{{s/ .*//p;q;}}')\n{on_page}\n",
            log.display()
        );
        // Another process writes it: one that this process writes may be open in the child of a
        // test beside this one, and then cannot be started.
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
            .arg(folder.path().join("tesseract"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = writer.stdin.take().unwrap();
        input.write_all(script.as_bytes()).unwrap();
        drop(input);
        assert!(writer.wait().unwrap().success());
        Self { folder }
    }

    pub(crate) fn engines(&self) -> Engines {
        Engines {
            tesseract: Some(self.program()),
            ..Engines::default()
        }
    }

    pub(crate) fn program(&self) -> PathBuf {
        self.folder.path().join("tesseract")
    }

    /// What it was asked for each page, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.folder.path().join("log"));
        log.unwrap_or_default().lines().map(str::to_owned).collect()
    }
}
