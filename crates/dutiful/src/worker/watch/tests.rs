use super::*;
use crate::worker::thread::refused::Refused;
use crate::worker::unstarted::until;
use crate::{Context, State, Task, TaskError, Worker};

/// The short lease makes the watch go round often.
struct Threadless;

impl Task for Threadless {
    type Payload = u32;
    type Output = ();

    async fn process(&self, _: u32, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }

    fn lease(&self) -> Duration {
        Duration::from_secs(1)
    }
}

#[tokio::test]
async fn a_lane_that_has_no_thread_claims_nothing_until_it_has_one() {
    let client = crate::testing::client().await.unwrap();
    let worker = Worker::new(client.clone()).register(Threadless);
    let worker = worker.start().await.unwrap();
    let lane = Arc::clone(&worker.shared.lanes[0]);
    let refused = Refused::new("dutiful-Threadless");
    lane_thread::leave_behind(&lane);
    // What comes before the watch has noticed is claimed, and goes back.
    let id = client.submit::<Threadless>(1).await.unwrap().id;
    until("nothing is claimed", || lane.wants() == 0).await;
    until("nothing is held", || worker.shared.inflight.is_empty()).await;
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
    drop(refused);
    let task = client.wait(id, Duration::from_secs(60)).await.unwrap();
    assert_eq!((task.state, task.retries), (State::Succeeded, 0));
    worker.shutdown().await;
}
