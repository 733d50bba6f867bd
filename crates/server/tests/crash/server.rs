//! Doing things to database servers, by the tool that started them.

use crate::engine::Engine;
use std::process::Command;

/// The tool, where there is one.
pub(crate) fn tool() -> Option<String> {
    std::env::var("DUTIFUL_XTASK")
        .ok()
        .filter(|path| !path.is_empty())
}

/// `kill`, `start`, `freeze` or `thaw`.
pub(crate) async fn db(verb: &'static str, engine: &Engine) {
    let name = engine.name.clone();
    let done = tokio::task::spawn_blocking(move || {
        Command::new(tool().unwrap())
            .args(["db", verb, &name])
            .output()
            .unwrap()
    });
    let output = done.await.unwrap();
    assert!(
        output.status.success(),
        "db {verb}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Lets a frozen server go on when the trial ends, however it ends.
pub(crate) struct Thaw(pub(crate) Engine);

impl Drop for Thaw {
    fn drop(&mut self) {
        if let Some(tool) = tool() {
            // It has usually been thawed already.
            let _ = Command::new(tool)
                .args(["db", "thaw", &self.0.name])
                .output();
        }
    }
}
