use super::*;
use crate::worker::Register;
use crate::worker::thread::refused::Refused;
use crate::{Client, Context, Periodic, Task, TaskError, Worker};

struct Nothing;

impl Task for Nothing {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_worker_that_has_stopped_left_no_row() {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    for _ in 0..10 {
        let worker = Worker::new(client.clone())
            .register(Nothing)
            .start()
            .await
            .unwrap();
        assert_eq!(client.workers().await.unwrap().len(), 1);
        worker.shutdown().await;
        assert_eq!(client.workers().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn a_worker_whose_part_dies_stops_and_says_so() {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    let worker = Worker::new(client.clone()).register(Nothing);
    let worker = worker.start().await.unwrap();
    let shared = Arc::clone(&worker.shared);
    caught::part(shared, "settler", async { panic!("out of ink") }).await;
    let error = worker.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
    assert_eq!(
        error.to_string(),
        "the worker stopped because its settler died: out of ink"
    );
    assert_eq!(client.workers().await.unwrap().len(), 0);
}

/// A name of its own, because no thread can be started for it.
struct Unstartable;

impl Task for Unstartable {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_worker_that_cannot_start_leaves_nothing_behind() {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    let _refused = Refused::new("dutiful-Unstartable");
    let worker = Worker::new(client.clone()).register(Nothing);
    let error = worker.register(Unstartable).start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(client.workers().await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_grace_without_end_is_no_trouble() {
    let client = Client::connect("sqlite::memory:").await.unwrap();
    client.migrate().await.unwrap();
    let hourly = Periodic::every(Duration::from_secs(3_600), Nothing).local();
    let worker = Worker::new(client.clone())
        .register(Nothing)
        .register(hourly)
        .shutdown_grace(Duration::MAX);
    let worker = worker.start().await.unwrap();
    worker.stopper().stop();
    worker.wait().await.unwrap();
}

#[test]
fn the_first_line_counts_what_was_registered() {
    let hourly = || Periodic::every(Duration::from_secs(3_600), Unstartable);
    let mut registry = Registry::default();
    Nothing.register(&mut registry);
    assert_eq!(
        headline(&registry),
        "🚀 Started 1 task (0 periodic, 1 database)"
    );
    // It brings a lane along, which is none of the database tasks that somebody registered.
    hourly().register(&mut registry);
    assert_eq!(
        headline(&registry),
        "🚀 Started 2 tasks (1 periodic, 1 database)"
    );
    hourly().local().register(&mut registry);
    assert_eq!(
        headline(&registry),
        "🚀 Started 3 tasks (2 periodic, 1 database)"
    );
}
