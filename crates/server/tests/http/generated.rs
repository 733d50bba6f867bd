//! Requests that are generated from the description of the API by schemathesis: right ones, wrong ones, and
//! sequences of them. Every answer must be one that the description names, and none an error of the server.

use crate::engine::Engine;
use crate::packages;
use crate::server::Server;
use libtest_mimic::{Failed, Trial};
use std::path::Path;
use std::process::Command;

const PACKAGES: [&str; 1] = ["schemathesis>=4.32,<5"];
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/http/schemathesis.toml");
/// For each operation and phase. What can be wrong with a request is tried wholly on one engine.
const USUAL_EXAMPLES: (&str, &str) = ("10", "coverage,fuzzing,stateful");
const USUAL_EXAMPLES_OF_SERVERS: (&str, &str) = ("4", "fuzzing,stateful");

pub(crate) fn trial(engine: &Engine) -> Trial {
    let name = format!("{}::generated_requests_get_described_answers", engine.name);
    let engine = engine.clone();
    match packages::python() {
        Ok(_) => Trial::test(name, move || {
            let folder = packages::installed("schemathesis", &PACKAGES)?;
            let server = Server::start(&engine, &["--require-token"]);
            let tried = run(&server, &folder, engine.is_server());
            assert_eq!(server.get("/readyz").status, 200, "alive afterwards");
            server.end();
            tried
        }),
        Err(why) if packages::in_ci() => Trial::test(name, move || Err(Failed::from(why))),
        Err(why) => {
            eprintln!("SKIPPED: {name} ({why})");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
    }
}

fn run(server: &Server, packages: &Path, is_server: bool) -> Result<(), Failed> {
    let secret = server.token(&["generated", "--scope", "admin"]);
    let asked = std::env::var("DUTIFUL_TEST_EXAMPLES").ok();
    let (usual, phases) = match is_server && asked.is_none() {
        true => USUAL_EXAMPLES_OF_SERVERS,
        false => USUAL_EXAMPLES,
    };
    let examples = asked.as_deref().unwrap_or(usual);
    let folder = tempfile::tempdir()?;
    let mut command = Command::new("python3");
    command
        .args(["-m", "schemathesis.cli", "--config-file", CONFIG, "run"])
        .arg(format!("http://{}/openapi.json", server.address))
        .args([
            "--checks",
            "all",
            "--max-examples",
            examples,
            "--phases",
            phases,
        ])
        .arg("--no-color")
        .args(["--header", &format!("Authorization: Bearer {secret}")])
        .env("PYTHONPATH", packages)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(folder.path());
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    Err(Failed::from(format!("{text}\n{error}")))
}
