//! `dutiful workers`.

use super::App;
use crate::failure::Failure;
use crate::output::{Column, Rows, Table, Tone, time};
use dutiful::WorkerInfo;
use serde_json::json;

const COLUMNS: [Column; 7] = [
    Column::text("WORKER"),
    Column::text("HOST"),
    Column::number("PID"),
    Column::word("ALIVE"),
    Column::word("STARTED (UTC)"),
    Column::word("LAST BEAT (UTC)"),
    Column::text("TASKS"),
];

pub(super) async fn run(app: &App) -> Result<(), Failure> {
    let place = app.place().await?;
    let workers = place.workers().await?;
    app.output
        .data(&json!({ "workers": &workers }), || table(&workers))?;
    if workers.is_empty() {
        app.output
            .note("no worker has a row here: `dutiful worker` starts one");
    }
    Ok(())
}

fn table(workers: &[WorkerInfo]) -> String {
    let mut table = Table::new(&COLUMNS, Rows::Cut);
    for worker in workers {
        let (alive, tone) = if worker.alive {
            ("yes", Tone::Good)
        } else {
            ("no", Tone::Bad)
        };
        table.row([
            (worker.worker.clone(), Tone::Plain),
            (worker.host.clone(), Tone::Plain),
            (worker.process_id.to_string(), Tone::Plain),
            (alive.to_owned(), tone),
            (time(Some(worker.started_at)), Tone::Dim),
            (time(Some(worker.beat_at)), Tone::Dim),
            (worker.task_names.join(", "), Tone::Plain),
        ]);
    }
    table.text()
}
