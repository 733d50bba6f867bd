//! The processes that the trials start and kill: this program in another role.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use dutiful_documents::child::{self, ChildProcess, Isolation};
use dutiful_documents::{Engines, Reading, RecognizedPage, Told, TranscribeError};

/// The variable that names the role.
pub(crate) const ROLE: &str = "CHILD_ROLE";
const DOCUMENT: &str = "CHILD_ROLE_DOCUMENT";
const KEPT: &str = "CHILD_ROLE_KEPT";
const PROGRAM: &str = "CHILD_ROLE_PROGRAM";
const TESSERACT: &str = "CHILD_ROLE_TESSERACT";

pub(crate) fn run(role: &str) -> ExitCode {
    match role {
        "parent" => parent(),
        "starter" => crate::traces::starter(),
        "many" => crate::traces::many(),
        _ => ExitCode::FAILURE,
    }
}

/// How the document is read.
pub(crate) enum How {
    /// By this program, its text only.
    Text,
    /// By a stand-in.
    By(PathBuf),
    /// By this program, with a stand-in for Tesseract.
    Recognize(PathBuf),
}

/// A process that reads one document, and keeps its pages in a file.
pub(crate) struct Parent {
    process: Child,
}

impl Parent {
    pub(crate) fn start(document: &Path, kept: &Path, how: How) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .env(ROLE, "parent")
            .env(DOCUMENT, document)
            .env(KEPT, kept)
            .stdout(Stdio::null());
        match how {
            How::Text => {}
            How::By(program) => drop(command.env(PROGRAM, program)),
            How::Recognize(tesseract) => drop(command.env(TESSERACT, tesseract)),
        }
        Self {
            process: command.spawn().unwrap(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn ends_well(mut self) -> bool {
        self.process.wait().unwrap().success()
    }
}

impl Drop for Parent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn parent() -> ExitCode {
    let path = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let kept = path(KEPT).unwrap();
    let known: Vec<RecognizedPage> = std::fs::read_to_string(&kept)
        .unwrap_or_default()
        .lines()
        .map(|line| serde_json::from_str(line.split_once(' ').unwrap().1).unwrap())
        .collect();
    let keep = |told: Told| match told {
        Told::Recognized(page) => keep(&kept, &page).map_err(TranscribeError::not_kept),
        Told::Pages { .. } => Ok(()),
    };
    let engines = path(TESSERACT).map_or_else(Engines::none, |tesseract| Engines {
        tesseract: Some(tesseract),
        ..Engines::default()
    });
    let reading = Reading {
        known: &known,
        tell: &keep,
        ..Reading::new(&engines)
    };
    let isolation = Isolation::Child(ChildProcess {
        program: path(PROGRAM),
        ..ChildProcess::default()
    });
    let document = std::fs::read(path(DOCUMENT).unwrap()).unwrap();
    match child::transcribe(&document, &reading, &isolation) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn keep(kept: &Path, page: &RecognizedPage) -> std::io::Result<()> {
    let line = format!("{} {}\n", page.number, serde_json::to_string(page)?);
    let mut file = OpenOptions::new().create(true).append(true).open(kept)?;
    file.write_all(line.as_bytes())
}
