//! The task types and periodics of a worker.

use super::handler::{self, Handler};
use crate::periodic::{Definition, LocalPeriodic, Periodic};
use crate::{Error, ErrorKind, Result, Task};
use std::collections::HashSet;
use std::sync::Arc;

/// What a worker knows; filled by [`super::Worker::register`].
#[derive(Default)]
pub struct Registry {
    /// Registered as plain tasks.
    plain: Vec<Arc<dyn Handler>>,
    /// Brought along by stored periodics.
    carried: Vec<Arc<dyn Handler>>,
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
        registry.plain.push(Arc::new(self));
    }
}

impl<T: Task> Register for Periodic<T> {
    fn register(self, registry: &mut Registry) {
        let (handler, definition) = self.split();
        match definition {
            crate::periodic::Kind::Stored(definition) => {
                registry.carried.push(handler);
                registry.periodics.push(definition);
            }
            crate::periodic::Kind::Local(local) => registry.locals.push(local),
        }
    }
}

impl Registry {
    /// One handler for each task name. What was registered as a plain task goes before what a periodic
    /// brought along, whichever came first; several schedules may share one task type.
    pub(crate) fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        let mut handlers = self.plain.clone();
        let mut names: HashSet<&str> = handlers.iter().map(|known| known.spec().name).collect();
        for handler in &self.carried {
            if names.insert(handler.spec().name) {
                handlers.push(Arc::clone(handler));
            }
        }
        handlers
    }

    /// How many task types were registered as such.
    pub(crate) fn plain_count(&self) -> usize {
        self.plain.len()
    }

    /// Refuses what cannot work before anything is started.
    pub(crate) fn check(&self) -> Result<()> {
        let config = |text: String| Err(Error::new(ErrorKind::Config, text));
        let handlers = self.handlers();
        if handlers.is_empty() && self.locals.is_empty() {
            return config(
                "the worker knows no task type; call `register` before `run`".to_owned(),
            );
        }
        for handler in &handlers {
            handler::check(&handler.spec())?;
        }
        let mut names = HashSet::new();
        for handler in &self.plain {
            let name = handler.spec().name;
            if !names.insert(name) {
                return config(format!(
                    "two task types are named `{name}`; give one another name by overriding `Task::name`"
                ));
            }
        }
        let mut schedules = HashSet::new();
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
            .handlers()
            .iter()
            .map(|handler| handler.spec().name)
            .collect();
        f.debug_struct("Registry")
            .field("handlers", &names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
