//! What workers publish of the task types that they run.

use crate::harness::TestDb;
use crate::harness::trial::cases;
use dutiful::{Context, Task, TaskError, Worker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

cases![
    a_worker_publishes_its_types_with_their_schemas,
    an_older_worker_does_not_overwrite_a_newer_one,
    workers_that_start_at_once_publish_without_trouble,
];

#[derive(Serialize, Deserialize, JsonSchema)]
struct Picture {
    width: u32,
}

/// The same type in two versions.
struct Resize<const VERSION: u32>;

impl<const VERSION: u32> Task for Resize<VERSION> {
    type Payload = Picture;
    type Output = ();

    fn name() -> &'static str {
        "Resize"
    }

    fn version() -> u32 {
        VERSION
    }

    async fn process(&self, _: Picture, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

async fn a_worker_publishes_its_types_with_their_schemas(db: TestDb) {
    let client = db.client().await;
    assert!(client.task_types().await.unwrap().is_empty());
    let worker = db.worker(Resize::<1>).await;
    let types = client.task_types().await.unwrap();
    assert_eq!(types.len(), 1);
    let resize = &types[0];
    assert_eq!(
        (resize.task_name.as_str(), resize.payload_version),
        ("Resize", 1)
    );
    assert_eq!(
        resize.payload_schema["properties"]["width"]["type"],
        "integer"
    );
    assert_eq!(resize.worker, client.workers().await.unwrap()[0].worker);
    worker.shutdown().await;
    // Who wants to submit may still look it up.
    assert_eq!(client.task_types().await.unwrap().len(), 1);
}

async fn an_older_worker_does_not_overwrite_a_newer_one(db: TestDb) {
    let client = db.client().await;
    let newer = db.worker(Resize::<2>).await;
    let before = client.task_types().await.unwrap();
    let older = db.worker(Resize::<1>).await;
    let after = client.task_types().await.unwrap();
    assert_eq!(before, after);
    let newest = db.worker(Resize::<3>).await;
    assert_eq!(client.task_types().await.unwrap()[0].payload_version, 3);
    for worker in [older, newer, newest] {
        worker.shutdown().await;
    }
}

async fn workers_that_start_at_once_publish_without_trouble(db: TestDb) {
    let clients = db.clients(6).await;
    let start = |client| async move {
        let worker = Worker::new(client).register(Resize::<1>);
        worker.start().await.unwrap()
    };
    let workers = futures_util::future::join_all(clients.into_iter().map(start)).await;
    assert_eq!(db.count("task_types").await, 1);
    for worker in workers {
        worker.shutdown().await;
    }
}
