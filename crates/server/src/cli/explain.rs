//! `dutiful explain`.

use super::App;
use crate::failure::Failure;
use crate::output::{indented, line};
use crate::values;
use clap::Args;
use dutiful::{Explanation, TaskId};
use std::fmt::Write;

/// The arguments of `explain`.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// The task's id
    #[arg(value_parser = values::task_id)]
    id: TaskId,
}

impl ExplainArgs {
    pub(super) async fn run(self, app: &App) -> Result<(), Failure> {
        let place = app.place().await?;
        let mut explanation = place.explain(self.id).await?;
        if app.settings.redact_everywhere {
            let task = place.get(self.id).await?;
            let veil = app.settings.redact.of_task(&task);
            for reason in &mut explanation.reasons {
                reason.text = veil.text(&reason.text);
            }
        }
        app.output.data(&explanation, || text(&explanation))
    }
}

fn text(explanation: &Explanation) -> String {
    let Explanation {
        id,
        task_name,
        state,
        reasons,
    } = explanation;
    let mut out = format!("task {id}  {}  {state}\n", line(task_name));
    for reason in reasons {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {}", indented(&reason.text, 4));
        if let Some(fix) = &reason.fix {
            let _ = writeln!(out, "    fix: {}", indented(fix, 9));
        }
    }
    out
}
