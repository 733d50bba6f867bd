//! The task types and periodics of a worker.

use super::handler::{self, Handler};
use crate::periodic::{Definition, LocalPeriodic, Periodic};
use crate::{Error, ErrorKind, Result, Task};
use std::sync::Arc;

/// What a worker knows; filled by [`super::Worker::register`].
#[derive(Default)]
pub struct Registry {
    pub(crate) handlers: Vec<Arc<dyn Handler>>,
    pub(crate) periodics: Vec<Result<Definition>>,
    pub(crate) locals: Vec<LocalPeriodic>,
}

/// Something that a worker can be given: a [`Task`] or a [`Periodic`].
pub trait Register {
    /// Adds it.
    #[doc(hidden)]
    fn register(self, registry: &mut Registry);
}

impl<T: Task> Register for T {
    fn register(self, registry: &mut Registry) {
        registry.handlers.push(Arc::new(self));
    }
}

impl<T: Task> Register for Periodic<T> {
    fn register(self, registry: &mut Registry) {
        let (handler, definition) = self.split();
        match definition {
            crate::periodic::Kind::Stored(definition) => {
                // Several schedules may share one task type.
                if !registry
                    .handlers
                    .iter()
                    .any(|known| known.spec().name == T::name())
                {
                    registry.handlers.push(handler);
                }
                registry.periodics.push(definition);
            }
            crate::periodic::Kind::Local(local) => registry.locals.push(local),
        }
    }
}

impl Registry {
    /// Refuses what cannot work before anything is started.
    pub(crate) fn check(&self) -> Result<()> {
        let config = |text: String| Err(Error::new(ErrorKind::Config, text));
        if self.handlers.is_empty() && self.locals.is_empty() {
            return config(
                "the worker knows no task type; call `register` before `run`".to_owned(),
            );
        }
        let mut names = std::collections::HashSet::new();
        for handler in &self.handlers {
            let spec = handler.spec();
            handler::check(&spec)?;
            if !names.insert(spec.name) {
                return config(format!(
                    "two task types are named `{}`; give one another name by overriding `Task::name`",
                    spec.name
                ));
            }
        }
        let mut schedules = std::collections::HashSet::new();
        for definition in &self.periodics {
            let definition = definition.as_ref().map_err(Clone::clone)?;
            if !schedules.insert(&definition.name) {
                return config(format!(
                    "two periodics are named `{}`; give one another name with `named`",
                    definition.name
                ));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self
            .handlers
            .iter()
            .map(|handler| handler.spec().name)
            .collect();
        f.debug_struct("Registry")
            .field("handlers", &names)
            .finish_non_exhaustive()
    }
}
