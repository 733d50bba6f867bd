use super::own_thread::THREAD_PAUSE;
use super::*;
use crate::worker::thread::refused::Refused;
use crate::worker::unstarted::{self, Log};
use crate::{State, Task, TaskError, Worker};
use std::sync::atomic::AtomicUsize;

/// Counts its runs.
#[derive(Clone, Default)]
struct Counts {
    runs: Arc<AtomicUsize>,
}

impl Task for Counts {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test]
async fn an_attempt_that_was_lost_while_it_was_queued_does_not_begin() {
    let task = Counts::default();
    let (shared, mut reports) = unstarted::worker(Arc::new(task.clone())).await;
    let lane = Arc::clone(&shared.lanes[0]);
    let lost = unstarted::claimed(&shared, 1, "null");
    shared.inflight.lost(1, 1);
    run(Arc::clone(&shared), Arc::clone(&lane), 0, lost).await;
    let report = reports.try_recv().unwrap();
    assert!(matches!(report.ended, Ended::Released), "{report:?}");
    let held = unstarted::claimed(&shared, 2, "null");
    run(shared, lane, 0, held).await;
    assert_eq!(reports.try_recv().unwrap().id, 2);
    assert_eq!(task.runs.load(Ordering::SeqCst), 1, "only the second ran");
}

#[tokio::test]
async fn an_attempt_that_was_given_back_while_it_was_queued_does_not_begin() {
    let task = Counts::default();
    let (shared, mut reports) = unstarted::worker(Arc::new(task.clone())).await;
    let lane = Arc::clone(&shared.lanes[0]);
    let job = unstarted::claimed(&shared, 1, "null");
    assert_eq!(shared.release_unstarted(0, Duration::from_secs(60)), 0);
    assert_eq!(shared.release_unstarted(0, Duration::ZERO), 1);
    assert_eq!(shared.release_unstarted(0, Duration::ZERO), 0);
    run(shared, lane, 0, job).await;
    assert!(matches!(reports.try_recv().unwrap().ended, Ended::Released));
    assert!(reports.try_recv().is_err(), "one report");
    assert_eq!(task.runs.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_lines_of_a_handler_have_their_task_at_the_usual_level() {
    let (shared, _reports) = unstarted::worker(Arc::new(Counts::default())).await;
    let job = unstarted::claimed(&shared, 1, "null");
    let (log, _listening) = Log::listen();
    let lane = Arc::clone(&shared.lanes[0]);
    run(shared, lane, 0, job).await;
    assert_eq!(log.lines(), ["span task"]);
}

/// Wants a thread of its own.
struct Threaded;

impl Task for Threaded {
    type Payload = ();
    type Output = ();

    async fn process(&self, (): (), _: &Context) -> Result<(), TaskError> {
        Ok(())
    }

    fn threads(&self) -> Threads {
        Threads::Own
    }
}

#[tokio::test]
async fn a_task_does_not_pay_for_a_thread_that_cannot_be_started() {
    let client = crate::testing::client().await.unwrap();
    let worker = Worker::new(client.clone()).register(Threaded);
    let worker = worker.start().await.unwrap();
    let refused = Refused::new("dutiful-Threaded");
    let id = client.submit::<Threaded>(()).await.unwrap().id;
    unstarted::until("it is put off", || worker.counts().failed == 1).await;
    let task = client.get(id).await.unwrap();
    assert_eq!((task.state, task.retries), (State::Scheduled, 0));
    drop(refused);
    client.advance(THREAD_PAUSE);
    let minute = Duration::from_secs(60);
    let task = client.wait(id, minute).await.unwrap();
    assert_eq!((task.state, task.attempt), (State::Succeeded, 2));
    worker.shutdown().await;
}
