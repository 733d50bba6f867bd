//! `cargo xtask parts`: what the tests and measurements of documents use beside a database: libraries, a model,
//! Tesseract, and a server that embeds.
//!
//! This module knows the commands and the variables that name the parts. How each of them is got is in `provide`.

use std::path::PathBuf;
use std::process::Command as Process;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};

use crate::db::place::Place;
use crate::servers::in_ci;

mod provide;

/// `required` makes tests fail that would leave themselves out for want of a part.
const REQUIRED: (&str, &str) = ("DUTIFUL_TEST_PARTS", "required");

/// Something that document tests use where it is there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    /// The library that reads and draws PDF
    Pdfium,
    /// The program that recognizes text in pictures
    Tesseract,
    /// The library that runs models
    Onnxruntime,
    /// all-MiniLM-L6-v2, int8, as a folder of the ONNX export of sentence-transformers
    Model,
    /// A program that serves `/v1/embeddings` once it is told `--port NUMBER`
    Server,
}

const ALL: [Part; 5] = [
    Part::Pdfium,
    Part::Tesseract,
    Part::Onnxruntime,
    Part::Model,
    Part::Server,
];

impl Part {
    /// The variable that tells tests and programs where it is.
    fn variable(self) -> &'static str {
        match self {
            Part::Pdfium => "DUTIFUL_PDFIUM",
            Part::Tesseract => "DUTIFUL_TESSERACT",
            Part::Onnxruntime => "DUTIFUL_ONNXRUNTIME",
            Part::Model => "DUTIFUL_EMBED_MODEL",
            Part::Server => "DUTIFUL_TEST_EMBED_SERVER",
        }
    }

    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn provide(self, place: &Place) -> Result<PathBuf> {
        match self {
            Part::Pdfium => provide::pdfium(place),
            Part::Tesseract => provide::tesseract(place),
            Part::Onnxruntime => provide::onnxruntime(place),
            Part::Model => provide::model(place),
            Part::Server => provide::server(place),
        }
    }
}

/// `cargo xtask parts ...`
#[derive(Args)]
pub(crate) struct Parts {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Get what is missing and print a NAME=PATH line for each (what is done when nothing else is said)
    Install,
    /// Get what is missing and print export lines: eval "$(cargo xtask parts env)"
    Env,
}

/// Runs the command. What cannot be had makes it fail, after all else has been printed.
pub(crate) fn run(parts: &Parts) -> Result<()> {
    let found = Found::look()?;
    for (part, path) in &found.there {
        let (name, path) = (part.variable(), path.display());
        match parts.command {
            Some(Command::Env) => println!("export {name}='{path}'"),
            Some(Command::Install) | None => println!("{name}={path}"),
        }
    }
    let missing: Vec<String> = found.missing.iter().map(|part| part.name()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(anyhow!("not to be had: {}", missing.join(", ")))
}

/// Which parts are there.
pub(crate) struct Found {
    there: Vec<(Part, PathBuf)>,
    missing: Vec<Part>,
}

impl Found {
    /// Gets the parts that are missing. One that cannot be had is an error in CI, and left out with a loud line
    /// elsewhere.
    pub(crate) fn look() -> Result<Found> {
        let place = Place::find()?;
        let mut found = Found {
            there: Vec::new(),
            missing: Vec::new(),
        };
        for part in ALL {
            match part.provide(&place) {
                Ok(path) => found.there.push((part, path)),
                Err(error) if in_ci() => {
                    return Err(error).with_context(|| format!("CI needs {}", part.name()));
                }
                Err(error) => {
                    let reason = format!("{error:#}").replace('\n', " ");
                    eprintln!("SKIPPED: {} ({reason})", part.name());
                    found.missing.push(part);
                }
            }
        }
        Ok(found)
    }

    /// Tells tests where the parts are, and whether they may leave out what needs one.
    pub(crate) fn set_variables(&self, command: &mut Process) {
        for part in ALL {
            command.env_remove(part.variable());
        }
        let variables = self.there.iter();
        command.envs(variables.map(|(part, path)| (part.variable(), path)));
        if in_ci() {
            command.env(REQUIRED.0, REQUIRED.1);
        }
    }

    /// Says again at the end what was left out, where it cannot be overlooked.
    pub(crate) fn report(&self) {
        for part in &self.missing {
            eprintln!(
                "SKIPPED: {}, and with it the tests that need {} (the reason is above)",
                part.name(),
                part.variable()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn tests_are_told_of_what_is_there_and_of_nothing_else() {
        let found = Found {
            there: vec![(Part::Pdfium, "lib/libpdfium.so".into())],
            missing: vec![Part::Model],
        };
        let mut command = Process::new("true");
        command.env("DUTIFUL_EMBED_MODEL", "left from before");
        found.set_variables(&mut command);
        let set: Vec<_> = command.get_envs().collect();
        let pdfium = Some(OsStr::new("lib/libpdfium.so"));
        assert!(set.contains(&(OsStr::new("DUTIFUL_PDFIUM"), pdfium)));
        assert!(set.contains(&(OsStr::new("DUTIFUL_EMBED_MODEL"), None)));
    }
}
