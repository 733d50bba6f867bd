//! The library onnxruntime: loaded once in a process, from one place.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::embed::EmbedError;
use crate::embed::error::Problem;

/// What is looked for where the system looks for libraries, when nothing is named.
const USUAL: &str = "libonnxruntime.so";

/// From where it was loaded, or why it was not.
static TRIED: Mutex<Option<Result<PathBuf, EmbedError>>> = Mutex::new(None);

/// Loads the library, unless that has been done.
pub(super) fn load(named: Option<&Path>) -> Result<(), EmbedError> {
    let path = named.unwrap_or(Path::new(USUAL));
    let mut tried = TRIED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*tried {
        Some(Ok(there)) if there == path => return Ok(()),
        Some(Ok(there)) => {
            let cause = format!(
                "{} is loaded already, and a process has one onnxruntime: it cannot load {}",
                there.display(),
                path.display()
            );
            return Err(EmbedError::new(Problem::LibraryUnusable, cause));
        }
        // The crate below takes a second attempt for done, and calls what is not there.
        Some(Err(error)) => {
            let cause = format!("begin the process anew, since {}", error.cause());
            return Err(EmbedError::new(Problem::LibraryUnusable, cause));
        }
        None => {}
    }
    let unusable = |why: &str| {
        let cause = format!("{} cannot be loaded: {why}", path.display());
        EmbedError::new(Problem::LibraryUnusable, cause)
    };
    if named.is_some() && !path.is_file() {
        return Err(unusable("there is no such file"));
    }
    // Some ways in which a library is not the right one make the crate panic.
    let loaded = catch_unwind(|| {
        let builder = ort::init_from(path).map_err(|error| error.to_string())?;
        builder.with_telemetry(false).commit();
        ort::environment::Environment::current().map_err(|error| error.to_string())?;
        Ok(())
    });
    let loaded = match loaded {
        Ok(Ok(())) => Ok(path.to_owned()),
        Ok(Err::<(), String>(why)) => Err(unusable(&why)),
        Err(_) => Err(unusable("it is no onnxruntime of a known version")),
    };
    tried.insert(loaded).clone().map(drop)
}
