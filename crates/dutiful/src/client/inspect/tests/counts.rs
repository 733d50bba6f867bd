//! Counts and rates of real rows.

use super::*;

#[tokio::test]
async fn stats_count_states_rates_durations_and_the_queue() {
    let client = client().await;
    assert!(client.stats().await.unwrap().names.is_empty());
    for number in 0..4 {
        submit(&client, "A", number).await;
    }
    let claimed = claim_all(&client, "A").await;
    pass(&client, Duration::from_secs(4));
    assert!(succeed(&client, &claimed[0]).await);
    assert!(end(&client, &claimed[1], Event::Discarded).await);
    assert!(fail(&client, &claimed[2], HOUR).await);
    submit(&client, "A", 10).await;
    submit(&client, "A", 11).await;
    client
        .submit_json("B", json!(null))
        .delay(HOUR)
        .await
        .unwrap();
    pass(&client, Duration::from_secs(6));

    let stats = client.stats().await.unwrap();
    let [a, b] = &stats.names[..] else {
        panic!("{stats:?}")
    };
    let counts = [
        (State::Queued, 2),
        (State::Running, 1),
        (State::Retrying, 1),
        (State::Succeeded, 1),
        (State::Discarded, 1),
    ];
    assert_eq!((a.counts.clone(), a.total), (counts.into(), 6));
    assert_eq!((a.success_rate, a.retry_rate), (Some(0.5), Some(0.0)));
    let near = |time: Option<Duration>, seconds: u64| {
        let over = time.unwrap().checked_sub(Duration::from_secs(seconds));
        over.is_some_and(|over| over < Duration::from_secs(3))
    };
    assert!(near(a.average_duration, 4), "{a:?}");
    assert_eq!(a.queue_depth, 2);
    assert!(near(a.oldest_due, 6), "{a:?}");
    assert_eq!(
        (b.counts.clone(), b.queue_depth),
        ([(State::Scheduled, 1)].into(), 0)
    );
    assert_eq!(
        (b.success_rate, b.average_duration, b.oldest_due),
        (None, None, None)
    );
    assert!(
        serde_json::to_string(&stats)
            .unwrap()
            .contains("\"retrying\":1")
    );
}

#[tokio::test]
async fn a_lease_that_ran_out_counts_in_the_queue_again() {
    let client = client().await;
    let id = submit(&client, "A", 1).await;
    assert_eq!(claim_all(&client, "A").await.len(), 1);
    assert_eq!(client.stats().await.unwrap().names[0].queue_depth, 0);
    pass(&client, limits::LEASE);
    let stats = client.stats().await.unwrap();
    assert_eq!(stats.names[0].counts, [(State::Queued, 1)].into());
    assert_eq!(stats.names[0].queue_depth, 1);
    assert_eq!(client.get(id).await.unwrap().state, State::Queued);
}
