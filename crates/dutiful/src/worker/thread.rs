//! Starting threads: the one place where that can fail, and where tests let it fail.

use std::future::Future;
use std::io;
use tokio::runtime::{Builder, Runtime};

/// Runs `work` on a thread of that name with an event loop of its own.
pub(crate) fn event_loop<F: Future<Output = ()>>(
    name: String,
    work: impl FnOnce() -> F + Send + 'static,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut runtime = Loop(Some(runtime));
    spawn(name, move || {
        if let Some(runtime) = runtime.0.take() {
            runtime.block_on(work());
        }
    })
}

/// An event loop that may have come to a thread or not. Dropping it plainly would block, which is not allowed
/// where threads are started from.
struct Loop(Option<Runtime>);

impl Drop for Loop {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs `work` on a thread of that name.
pub(crate) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    refused::check(&name)?;
    let thread = std::thread::Builder::new().name(name);
    thread.spawn(work).map(drop)
}

/// Threads that cannot be started.
#[cfg(test)]
pub(crate) mod refused {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

    /// While this lives, no thread of the name can be started.
    pub(crate) struct Refused(String);

    impl Refused {
        pub(crate) fn new(name: &str) -> Refused {
            names().push(name.to_owned());
            Refused(name.to_owned())
        }
    }

    impl Drop for Refused {
        fn drop(&mut self) {
            names().retain(|name| *name != self.0);
        }
    }

    pub(super) fn check(name: &str) -> io::Result<()> {
        if names().iter().any(|refused| refused == name) {
            return Err(io::Error::other("no thread is left"));
        }
        Ok(())
    }

    fn names() -> std::sync::MutexGuard<'static, Vec<String>> {
        NAMES.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
