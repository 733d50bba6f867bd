//! The task: a reader that hangs or dies ends its own task, and the worker goes on.

use std::time::{Duration, Instant};

use dutiful::{Client, State, Worker, WorkerHandle};
use dutiful_documents::child::{ChildProcess, Isolation};
use dutiful_documents::{TranscribeDocument, TranscribePayload};

use crate::{Promise, fakes};

pub(crate) const PROMISES: &[Promise] = &[
    (
        "a_document_that_kills_its_reader_ends_its_own_task_only",
        a_document_that_kills_its_reader_ends_its_own_task_only,
    ),
    (
        "a_cancelled_task_ends_its_child",
        a_cancelled_task_ends_its_child,
    ),
];

/// A worker with this isolation below a folder with one document, and its client.
async fn place(isolation: Isolation) -> (tempfile::TempDir, Client, WorkerHandle) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "text").unwrap();
    let url = format!("sqlite:{}", folder.path().join("tasks.db").display());
    let client = Client::connect(&url).await.unwrap();
    client.migrate().await.unwrap();
    let task = TranscribeDocument::new(folder.path().to_owned()).isolated(isolation);
    let worker = Worker::new(client.clone())
        .shutdown_grace(Duration::from_millis(200))
        .register(task)
        .start()
        .await
        .unwrap();
    (folder, client, worker)
}

async fn submit(client: &Client) -> dutiful::TaskId {
    let payload = TranscribePayload::file("a.txt");
    let submit = client.submit::<TranscribeDocument>(payload).max_retries(1);
    submit.await.unwrap().id
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(future);
}

fn a_document_that_kills_its_reader_ends_its_own_task_only() {
    let cases = [
        ("faults", State::Invalid, "reader_crashed: "),
        ("wants_memory", State::Invalid, "memory_limit: "),
        ("hangs", State::Failed, "took_too_long: "),
        ("is_killed", State::Failed, "reader_killed: "),
        ("gone", State::Failed, "reader_unavailable: "),
    ];
    block_on(async {
        for (name, state, message) in cases {
            let (_folder, client, worker) = place(fakes::reader(name)).await;
            let id = submit(&client).await;
            let task = client.wait(id, Duration::from_secs(30)).await.unwrap();
            assert_eq!(task.state, state, "{name}: {task:?}");
            assert!(task.error_message.unwrap().starts_with(message), "{name}");
            assert_eq!(task.crashes, 0);
            worker.shutdown().await;
        }
    });
}

fn a_cancelled_task_ends_its_child() {
    block_on(async {
        let isolation = Isolation::Child(ChildProcess {
            program: Some(fakes::path("hangs")),
            ..ChildProcess::default()
        });
        let (_folder, client, worker) = place(isolation).await;
        let id = submit(&client).await;
        let begun = Instant::now();
        while client.get(id).await.unwrap().state != State::Running {
            assert!(begun.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let stopped = Instant::now();
        worker.shutdown().await;
        assert!(
            stopped.elapsed() < Duration::from_secs(10),
            "{:?}",
            stopped.elapsed()
        );
    });
}
