use super::*;
use crate::worker::unstarted::{self, Log};
use crate::{Task, TaskError};

struct Nothing;

impl Task for Nothing {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

#[tokio::test]
async fn notes_that_cannot_be_written_are_told_of_once() {
    let (shared, _reports) = unstarted::worker(Arc::new(Nothing)).await;
    let line = || Gathered {
        lines: vec![(1, 1, "a line".to_owned())],
        ..Gathered::default()
    };
    let (log, _listening) = Log::listen();
    shared.client.migrator().down(0).await.unwrap();
    let before = log.lines().len();
    for _ in 0..3 {
        line().write(&shared).await;
    }
    let told = log.lines().split_off(before);
    assert_eq!(
        told,
        ["WARN cannot write progress and log lines; trying again until it works"]
    );
    shared.client.migrate().await.unwrap();
    let before = log.lines().len();
    for _ in 0..3 {
        line().write(&shared).await;
    }
    let told = log.lines().split_off(before);
    assert_eq!(told, ["INFO can write progress and log lines again"]);
}
