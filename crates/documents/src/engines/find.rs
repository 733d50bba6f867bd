//! Where programs and libraries are looked for. Nothing is started for it.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::Engines;

/// Names the file of pdfium.
const PDFIUM: &str = "DUTIFUL_PDFIUM";
/// Names the file of Tesseract.
const TESSERACT: &str = "DUTIFUL_TESSERACT";
/// Where systems keep libraries that belong to no package of theirs.
const LIBRARIES: [&str; 6] = [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/pdfium/lib",
    "/opt/homebrew/lib",
];
/// Where systems keep programs, for a `PATH` that is empty.
const PROGRAMS: [&str; 4] = [
    "/usr/bin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/opt/local/bin",
];
/// Below these, Python keeps packages by version.
const PYTHONS: [&str; 4] = [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib64",
    "/opt/homebrew/lib",
];
/// Most folders of Python's versions that are looked into.
const PYTHONS_MAX: usize = 64;

/// The file of pdfium; the error says where it was looked for, and how to get it.
pub(crate) fn pdfium(engines: &Engines) -> Result<PathBuf, String> {
    let fix = "`pip install pypdfium2` brings it, or name the file in DUTIFUL_PDFIUM";
    let named = named(engines.pdfium.as_deref(), PDFIUM, "pdfium", fix)?;
    let library = library_name();
    let found = named.or_else(|| {
        let beside = env::current_exe().ok();
        let beside = beside.iter().filter_map(|program| program.parent());
        let places = beside
            .map(Path::to_owned)
            .chain(LIBRARIES.map(PathBuf::from));
        let mut files = places.map(|folder| folder.join(library));
        files
            .find(|file| file.is_file())
            .or_else(|| python_package(library))
    });
    found.ok_or_else(|| format!("pdfium was not found ({fix})"))
}

/// The program Tesseract; the error says how to get it.
pub(crate) fn tesseract(engines: &Engines) -> Result<PathBuf, String> {
    let fix = "`apt-get install tesseract-ocr` or `brew install tesseract` brings it, or name the \
               file in DUTIFUL_TESSERACT";
    let named = named(engines.tesseract.as_deref(), TESSERACT, "Tesseract", fix)?;
    let program = format!("tesseract{}", env::consts::EXE_SUFFIX);
    let found = named.or_else(|| {
        let path = env::var_os("PATH").unwrap_or_default();
        let places = env::split_paths(&path).chain(PROGRAMS.map(PathBuf::from));
        let mut files = places.map(|folder| folder.join(&program));
        files.find(|file| file.is_file())
    });
    found.ok_or_else(|| format!("Tesseract was not found ({fix})"))
}

/// The file that a caller or the environment names, which then has to be there.
fn named(
    given: Option<&Path>,
    variable: &str,
    what: &str,
    fix: &str,
) -> Result<Option<PathBuf>, String> {
    let from_environment = env::var_os(variable).filter(|value| !value.is_empty());
    let Some(file) = given
        .map(Path::to_owned)
        .or(from_environment.map(PathBuf::from))
    else {
        return Ok(None);
    };
    if file.is_file() {
        return Ok(Some(file));
    }
    let file = file.display();
    Err(format!("{what} is not at {file} ({fix})"))
}

fn library_name() -> &'static str {
    if cfg!(windows) {
        "pdfium.dll"
    } else if cfg!(target_os = "macos") {
        "libpdfium.dylib"
    } else {
        "libpdfium.so"
    }
}

/// The library in the package `pypdfium2` of any Python of this machine, the newest first.
fn python_package(library: &str) -> Option<PathBuf> {
    let home = |name: &str, below: &str| env::var_os(name).map(|at| Path::new(&at).join(below));
    let own = [
        home("VIRTUAL_ENV", "lib"),
        home("CONDA_PREFIX", "lib"),
        home("HOME", ".local/lib"),
    ];
    let roots = own.into_iter().flatten().chain(PYTHONS.map(PathBuf::from));
    let is_python = |name: &OsStr| name.to_string_lossy().starts_with("python3");
    let mut pythons = Vec::new();
    for root in roots {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let found = entries.filter(|entry| is_python(&entry.file_name()));
        let mut found: Vec<_> = found.map(|entry| entry.path()).take(PYTHONS_MAX).collect();
        found.sort_by_key(|path| std::cmp::Reverse(path.as_os_str().len()));
        pythons.append(&mut found);
    }
    let packages = ["site-packages", "dist-packages"];
    let mut files = pythons.iter().flat_map(|python| {
        packages.map(|packages| python.join(packages).join("pypdfium2_raw").join(library))
    });
    files.find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_named_and_missing_is_told_with_its_fix() {
        let engines = Engines {
            pdfium: Some("/nowhere/libpdfium.so".into()),
            tesseract: Some("/nowhere/tesseract".into()),
            ..Engines::default()
        };
        let error = pdfium(&engines).unwrap_err();
        assert!(error.contains("/nowhere/libpdfium.so"), "{error}");
        assert!(error.contains("pip install pypdfium2"), "{error}");
        let error = tesseract(&engines).unwrap_err();
        assert!(error.contains("apt-get install tesseract-ocr"), "{error}");
    }
}
