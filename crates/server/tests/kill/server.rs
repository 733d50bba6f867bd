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
    run(vec![verb.to_owned(), engine.name.clone()]).await;
}

/// Makes the standby of a pair the primary.
pub(crate) async fn promote() {
    run(vec!["promote".to_owned()]).await;
}

async fn run(arguments: Vec<String>) {
    let what = arguments.join(" ");
    let done = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(tool().unwrap());
        command.arg("db").args(arguments).output().unwrap()
    });
    let output = done.await.unwrap();
    assert!(
        output.status.success(),
        "db {what}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where the standby of an engine listens, for a primary that has one.
pub(crate) fn standby(engine: &Engine) -> Option<String> {
    let url = match engine.name.as_str() {
        "pgha1" => std::env::var("DUTIFUL_TEST_PGHA2_URL").ok()?,
        _ => return None,
    };
    let (_, place) = url.rsplit_once('@')?;
    place.split('/').next().map(str::to_owned)
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
