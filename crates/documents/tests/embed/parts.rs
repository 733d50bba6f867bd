//! The parts that `cargo xtask parts` gets.

use std::path::PathBuf;

/// Where a part is, or a line that says what is not tested for want of it.
pub(crate) fn part(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        let is_required = std::env::var("DUTIFUL_TEST_PARTS").is_ok_and(|v| v == "required");
        assert!(
            !is_required,
            "DUTIFUL_TEST_PARTS=required, and {variable} is not set"
        );
        eprintln!("SKIPPED: what needs {variable}; `cargo xtask parts` gets it");
    }
    path.map(PathBuf::from)
}
