//! `dutiful openapi`.

use super::App;
use crate::failure::Failure;
use crate::http;
use crate::output::pretty;

/// Prints the description of the HTTP API; it is JSON with `--json` and without.
pub(super) fn run(app: &App) -> Result<(), Failure> {
    let described = http::openapi(&app.tasks);
    app.output.data(&described, || pretty(&described, 0))
}
