//! Panics: of handlers, of retry policies, of our own parts.

use super::shared::Shared;
use crate::{Error, ErrorKind};
use futures_util::FutureExt;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What a panic says.
pub(crate) fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}

/// Runs code of the program that is not a handler. The error is what its panic said.
pub(crate) fn calling<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| text(&*panic))
}

/// Runs a part of the worker. When it panics the worker stops: without the settler, for example, nothing
/// would ever be written, while the heart renewed all leases for ever.
pub(crate) async fn part(shared: Arc<Shared>, part: &'static str, work: impl Future<Output = ()>) {
    if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
        let why = text(&*panic);
        tracing::error!(
            part,
            "a part of the worker died, so the worker stops: {why}"
        );
        let text = format!("the worker stopped because its {part} died: {why}");
        shared.stop_with(Error::new(ErrorKind::Internal, text));
    }
}
