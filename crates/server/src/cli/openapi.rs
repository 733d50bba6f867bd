//! `dutiful openapi`.

use super::App;
use crate::failure::Failure;
use crate::http;
use crate::output::pretty;

/// Prints the description of the HTTP API, of this binary's or a server's; it is JSON with `--json` and without.
pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let described = match app.remote()? {
        Some(remote) => remote.openapi().await?,
        None => http::openapi(&app.tasks),
    };
    app.output.data(&described, || pretty(&described, 0))
}
