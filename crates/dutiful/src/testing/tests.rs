use super::*;
use crate::{Context, Dedup, Overlap, Periodic, TaskError};

/// Submits the next smaller number until there is none.
struct Countdown;

impl Task for Countdown {
    type Payload = u32;
    type Output = ();

    async fn process(&self, number: u32, cx: &Context) -> Result<(), TaskError> {
        if number > 0 {
            cx.submit::<Countdown>(number - 1).await?;
        }
        Ok(())
    }

    fn dedup() -> Dedup<u32> {
        Dedup::none()
    }
}

#[tokio::test]
async fn draining_ends_with_the_last_follow_up() {
    let client = client().await.unwrap();
    client.submit::<Countdown>(300).await.unwrap();
    let done = drain(Worker::new(client.clone()).register(Countdown)).await;
    assert_eq!(done.unwrap().succeeded, 301);
}

#[tokio::test]
async fn what_is_held_is_unfinished_and_what_is_due_later_is_not() {
    let client = client().await.unwrap();
    let names = ["Countdown".to_owned()];
    let left = || unfinished::count(client.db(), "me", &names);
    let hour = Duration::from_secs(3_600);
    client.submit::<Countdown>(0).delay(hour).await.unwrap();
    client.submit::<Countdown>(0).held().await.unwrap();
    assert_eq!(left().await.unwrap(), 0);
    client.advance(hour);
    assert_eq!(left().await.unwrap(), 1);
    let request = crate::store::claim::Request {
        task_name: "Countdown".to_owned(),
        priority: 0,
        from: dutiful_core::Timestamp::from_micros(0),
        last_chance: false,
        limit: 1,
        worker: "me".to_owned(),
        lease: hour,
        crash_limit: 3,
    };
    let claimed = crate::store::claim::claim(client.db(), &request, &|_, _| false);
    assert_eq!(claimed.await.unwrap().claimed.len(), 1);
    assert_eq!(left().await.unwrap(), 1);
    let others = unfinished::count(client.db(), "another", &names).await;
    assert_eq!(others.unwrap(), 0);
}

#[tokio::test]
async fn periodics_follow_the_clock_that_is_moved_by_hand() {
    const DAY: Duration = Duration::from_secs(86_400);
    let client = client().await.unwrap();
    let daily = Periodic::every_with(DAY, Countdown, 0).overlap(Overlap::Allow);
    let worker = Worker::new(client.clone()).register(daily);
    let worker = worker.start().await.unwrap();
    within("it is defined", async || {
        !client.periodic().await.unwrap().is_empty()
    })
    .await;
    for day in 1..=3 {
        client.advance(DAY);
        within("it ticks", async || {
            client.submitted::<Countdown>().await.unwrap().len() == day
        })
        .await;
    }
    worker.shutdown().await;
}

/// Looks until it is so, for half the time after which a scheduler looks by itself.
async fn within(what: &str, is_so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(5), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn assertions_look_at_all_tasks() {
    let client = client().await.unwrap();
    let numbers = client.submit_many::<Countdown>(0..450).await;
    assert_eq!(numbers.unwrap().len(), 450);
    let numbers = client.submitted::<Countdown>().await.unwrap();
    assert_eq!((numbers.len(), numbers[0], numbers[449]), (450, 449, 0));
    client
        .assert_submitted::<Countdown>(|number| *number == 0)
        .await;
}

#[tokio::test]
#[should_panic(expected = "a task `Countdown` with a fitting payload was submitted")]
async fn a_refutation_looks_at_the_oldest_too() {
    let client = client().await.unwrap();
    client.submit_many::<Countdown>(0..201).await.unwrap();
    client
        .refute_submitted::<Countdown>(|number| *number == 0)
        .await;
}
