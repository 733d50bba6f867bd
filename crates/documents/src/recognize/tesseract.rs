//! Tesseract as a program that is started for each page: what it is asked, and how its failures
//! are told.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::{Answer, Failure, run};
use super::layout::Layout;
use super::tsv::words;
use crate::error::Problem;
use crate::limits::{DPI, OCR_LANGUAGES_MAX};
use crate::picture::Picture;
use crate::{Engines, Method, RecognizedPage, TranscribeError, engines};

/// Longest time that it may take to list its languages.
const LIST_TIME_MAX: Duration = Duration::from_secs(20);
/// A page of whose words it is less sure than this, from 0 to 1, is worth a warning.
const CONFIDENCE_LOW: f32 = 0.6;

/// A program that was found, with its languages.
#[derive(Debug)]
pub(crate) struct Tesseract {
    program: PathBuf,
    /// As it wants them: `eng+deu`.
    languages: String,
    most: Duration,
}

impl Tesseract {
    /// Finds the program and asks whether it knows the languages.
    pub(crate) fn open(
        engines: &Engines,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, TranscribeError> {
        let missing = |cause| TranscribeError::new(Problem::RecognitionMissing, cause);
        let program = engines::tesseract(engines).map_err(missing)?;
        let wanted = &engines.languages;
        let is_name = |name: &String| {
            !name.is_empty()
                && !name.starts_with('-')
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-/".contains(&b))
        };
        if !(1..=OCR_LANGUAGES_MAX).contains(&wanted.len()) || !wanted.iter().all(is_name) {
            let cause = format!(
                "1 to {OCR_LANGUAGES_MAX} languages have to be named, as in eng or chi_sim"
            );
            return Err(missing(cause));
        }
        let arguments = ["--list-langs".as_ref()];
        let answer = run(&program, &arguments, Vec::new(), LIST_TIME_MAX, stop);
        let answer = answer.map_err(|failure| failed(&failure, &program))?;
        // Old versions list them where they complain.
        let listed = format!(
            "{}\n{}",
            String::from_utf8_lossy(&answer.output),
            answer.complaint
        );
        let is_known = |name: &&String| listed.lines().any(|line| line.trim() == name.as_str());
        if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
            let packaged = unknown.replace('_', "-");
            return Err(missing(format!(
                "Tesseract has no language {unknown} (`apt-get install tesseract-ocr-{packaged}` \
                 brings it, or put {unknown}.traineddata into its folder)"
            )));
        }
        Ok(Self {
            program,
            languages: wanted.join("+"),
            most: Duration::from_secs(engines.page_seconds().into()),
        })
    }

    /// What it says of itself, for example `tesseract 5.3.0`.
    pub(crate) fn version(program: &Path, most: Duration) -> Option<String> {
        let answer = run(program, &["--version".as_ref()], Vec::new(), most, &|| {
            false
        })
        .ok()?;
        let told = format!(
            "{}\n{}",
            String::from_utf8_lossy(&answer.output),
            answer.complaint
        );
        let line = told.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().take(100).collect())
    }

    /// Recognizes a page.
    pub(crate) fn page(
        &self,
        number: u32,
        picture: Picture,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<RecognizedPage, TranscribeError> {
        let dpi = picture
            .dpi
            .filter(|dpi| (*DPI.start()..=2_400).contains(dpi));
        let dpi = dpi.map(|dpi| dpi.to_string());
        let mut arguments: Vec<&OsStr> = ["stdin", "stdout", "-l", &self.languages, "--psm", "3"]
            .map(OsStr::new)
            .to_vec();
        if let Some(dpi) = &dpi {
            arguments.extend(["--dpi", dpi].map(OsStr::new));
        }
        arguments.extend(["-c", "tessedit_create_tsv=1"].map(OsStr::new));
        let answer = run(
            &self.program,
            &arguments,
            picture.into_pgm(),
            self.most,
            stop,
        )
        .map_err(|failure| failed(&failure, &self.program))?;
        if !answer.status.success() {
            return Err(refused(&answer));
        }
        let layout = Layout::of(words(&String::from_utf8_lossy(&answer.output)));
        let confidence = layout.confidence();
        let mut warnings = Vec::new();
        if let Some(low) = confidence.filter(|confidence| *confidence < CONFIDENCE_LOW) {
            let percent = (low * 100.0).round();
            warnings.push(format!(
                "page {number} was recognized with a confidence of {percent} %"
            ));
        }
        Ok(RecognizedPage {
            number,
            method: Method::Ocr,
            confidence,
            markdown: layout.markdown(),
            warnings,
        })
    }
}

fn failed(failure: &Failure, program: &Path) -> TranscribeError {
    let cause = match failure {
        Failure::NotStarted(error) => format!("{} cannot be started: {error}", program.display()),
        Failure::TookTooLong(most) => {
            let seconds = most.as_secs();
            let cause = format!("Tesseract took longer than {seconds} s and was ended");
            return TranscribeError::new(Problem::TookTooLong, cause);
        }
        Failure::TooMuchOutput => "Tesseract wrote more than is allowed and was ended".to_owned(),
        Failure::Stopped => {
            return TranscribeError::new(Problem::Stopped, "the transcription was stopped");
        }
        Failure::Lost(error) => format!("Tesseract was lost: {error}"),
    };
    TranscribeError::new(Problem::RecognitionFailed, cause)
}

fn refused(answer: &Answer) -> TranscribeError {
    let complaint = answer.complaint.lines().next_back().unwrap_or_default();
    let cause = format!("Tesseract ended with {}: {complaint}", answer.status);
    TranscribeError::new(Problem::RecognitionFailed, cause)
}
