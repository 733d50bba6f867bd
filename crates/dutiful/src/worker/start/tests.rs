use crate::{Client, Context, Task, TaskError, Worker};

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
