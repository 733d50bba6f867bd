//! The task types that this binary knows: it validates their payloads and its worker runs them.

use crate::example_task::ExampleTask;
use crate::failure::Failure;
use crate::nearest::nearest;
use dutiful::{Client, Submit, Task, Worker};
use dutiful_documents::TranscribeDocument;
use serde_json::Value;
use std::path::Path;

/// A task type of this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    Example,
    Transcribe,
}

impl Known {
    pub(crate) const ALL: [Known; 2] = [Known::Example, Known::Transcribe];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Known::Example => ExampleTask::name(),
            Known::Transcribe => TranscribeDocument::name(),
        }
    }

    pub(crate) fn named(name: &str) -> Option<Known> {
        Known::ALL.into_iter().find(|known| known.name() == name)
    }

    /// The type of that name, or a failure that names the nearest one.
    pub(crate) fn find(name: &str) -> Result<Known, Failure> {
        Known::named(name).ok_or_else(|| {
            let failure = Failure::new(
                crate::failure::Exit::Usage,
                "unknown_task_name",
                format!("this binary knows no task named `{name}`"),
            );
            let names = Known::ALL.map(Known::name);
            match nearest(name, names) {
                Some(near) => failure.fix(format!("did you mean `{near}`?")),
                None => failure.fix(format!("it knows {}", names.join(" and "))),
            }
        })
    }

    /// Adds the type to a worker; documents are read below `documents_root`.
    pub(crate) fn register(self, worker: Worker, documents_root: &Path) -> Worker {
        match self {
            Known::Example => worker.register(ExampleTask),
            Known::Transcribe => {
                worker.register(TranscribeDocument::new(documents_root.to_path_buf()))
            }
        }
    }

    /// Begins a submission with the settings of the type, its payload checked.
    pub(crate) fn submit(self, client: &Client, payload: Value) -> Result<Submit<'_>, Failure> {
        match self {
            Known::Example => typed::<ExampleTask>(client, payload),
            Known::Transcribe => typed::<TranscribeDocument>(client, payload),
        }
    }
}

fn typed<T: Task>(client: &Client, payload: Value) -> Result<Submit<'_>, Failure> {
    let payload = serde_json::from_value(payload).map_err(|error| {
        Failure::new(
            crate::failure::Exit::Usage,
            "invalid_payload",
            format!("the payload of `{}`: {error}", T::name()),
        )
        .fix("correct the payload and submit it again")
    })?;
    Ok(client.submit::<T>(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_refused_with_the_nearest_known_one() {
        assert_eq!(Known::find("ExampleTask").unwrap(), Known::Example);
        let failure = Known::find("ExampelTask").unwrap_err();
        assert_eq!(failure.fix.as_deref(), Some("did you mean `ExampleTask`?"));
    }
}
