//! The variables that begin with `DUTIFUL_`: which there are, and the refusal of all others.
//!
//! A misspelt name would otherwise be passed over in silence, and a worker would run on another database
//! than its owner thinks.

use crate::failure::{Exit, Failure};
use crate::nearest::nearest;
use std::ffi::{OsStr, OsString};

const PREFIX: &str = "DUTIFUL_";
const KNOWN: [&str; 18] = [
    "DUTIFUL_CA_FILE",
    "DUTIFUL_CONFIG",
    "DUTIFUL_DATABASE_URL",
    "DUTIFUL_DOCUMENTS_ROOT",
    "DUTIFUL_FAILED_TOKEN_LIMIT",
    "DUTIFUL_LISTEN",
    "DUTIFUL_LOG",
    "DUTIFUL_LOG_FORMAT",
    "DUTIFUL_MOVE_TO_URL",
    "DUTIFUL_RATE_LIMIT",
    "DUTIFUL_REDACT",
    "DUTIFUL_REDACT_EVERYWHERE",
    "DUTIFUL_SERVER",
    "DUTIFUL_TABLE_PREFIX",
    "DUTIFUL_TLS_CERT",
    "DUTIFUL_TLS_KEY",
    "DUTIFUL_TOKEN_FILE",
    "DUTIFUL_TOTAL_RATE_LIMIT",
];
/// Where documents' readers and embedders look for what they use beside their own code.
const PARTS: [&str; 4] = [
    "DUTIFUL_EMBED_MODEL",
    "DUTIFUL_ONNXRUNTIME",
    "DUTIFUL_PDFIUM",
    "DUTIFUL_TESSERACT",
];
/// What belongs to the tools of the source tree.
const TOOLS: [&str; 2] = ["DUTIFUL_DB_DIR", "DUTIFUL_XTASK"];

/// Refuses the first variable of this process that begins with `DUTIFUL_` and means nothing.
pub(super) fn check() -> Result<(), Failure> {
    match unknown(std::env::vars_os()) {
        Some(name) => Err(refusal(&name)),
        None => Ok(()),
    }
}

/// Whether a variable is set, and not to nothing: that is how shells clear them.
pub(crate) fn is_empty(name: &OsStr) -> bool {
    std::env::var_os(name).is_some_and(|value| value.is_empty())
}

fn unknown(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Option<String> {
    let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
    let mut wrong: Vec<String> = set
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with(PREFIX) && !is_known(name))
        .collect();
    wrong.sort_unstable();
    wrong.into_iter().next()
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
        || PARTS.contains(&name)
        || TOOLS.contains(&name)
        || name.starts_with("DUTIFUL_TEST_")
        || tells_of_a_service(name)
}

/// Kubernetes sets such variables in every container beside a service that is called `dutiful`:
/// `DUTIFUL_SERVICE_HOST`, `DUTIFUL_PORT`, `DUTIFUL_PORT_80_TCP_ADDR`.
fn tells_of_a_service(name: &str) -> bool {
    let of_a_port = |(_, rest): (&str, &str)| rest.starts_with(|c: char| c.is_ascii_digit());
    name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || name.ends_with("_PORT")
        || name.split_once("_PORT_").is_some_and(of_a_port)
}

fn refusal(name: &str) -> Failure {
    let cause = format!("the variable `{name}` is set, and there is no such setting");
    let failure = Failure::new(Exit::Usage, "config", cause);
    // All begin alike: only what follows tells how near they are.
    let own = |name: &'static str| name.trim_start_matches(PREFIX);
    match nearest(name.trim_start_matches(PREFIX), KNOWN.map(own)) {
        Some(near) => failure.fix(format!("did you mean `{PREFIX}{near}`?")),
        None => failure.fix(format!("the variables are {}", KNOWN.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, value: &str) -> Option<String> {
        unknown([(name.into(), value.into())])
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_nearest_name() {
        let name = found("DUTIFUL_DATABASE_ULR", "sqlite:x.db").unwrap();
        let failure = refusal(&name);
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(
            failure.fix.as_deref(),
            Some("did you mean `DUTIFUL_DATABASE_URL`?")
        );
    }

    #[test]
    fn what_is_known_or_empty_or_somebody_elses_is_passed_over() {
        for name in KNOWN.iter().chain(&PARTS).chain(&TOOLS) {
            assert_eq!(found(name, "x"), None);
        }
        for name in [
            "DUTIFUL_TEST_MYSQL_URL",
            "DUTIFUL_SERVICE_HOST",
            "DUTIFUL_WORKER_SERVICE_PORT_HTTP",
            "DUTIFUL_PORT",
            "DUTIFUL_PORT_8080_TCP_ADDR",
            "HOME",
        ] {
            assert_eq!(found(name, "x"), None);
        }
        assert_eq!(found("DUTIFUL_DATABASE_ULR", ""), None);
        assert!(found("DUTIFUL_DB_URL", "x").is_some());
    }
}
