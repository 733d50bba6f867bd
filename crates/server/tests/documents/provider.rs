//! Providers that say no: for a while, to one text, or for good.

use crate::embedder::{Answer, Words};
use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use crate::live::{add, live, until, worker};
use dutiful::{Filter, State};
use std::time::{Duration, Instant};

cases![
    who_asks_to_be_left_alone_is_left_alone_by_all,
    a_text_that_is_refused_is_refused_alone,
    a_worker_without_the_model_leaves_the_batch_to_others,
];

const HOLD: Duration = Duration::from_secs(3);

fn text(number: usize) -> String {
    format!("# Manual {number}\n\nThe pump number {number} brings water from the ocean.\n")
}

async fn who_asks_to_be_left_alone_is_left_alone_by_all(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    words.answer("pump", Answer::Hold(HOLD));
    let workers = [
        worker(&db, Some(words.clone())).await,
        worker(&db, Some(words.clone())).await,
    ];
    let mut ids = vec![add(&client, "first.md", &text(0)).await];
    let said = until(|| async {
        let asked = words.asked.lock().unwrap();
        asked.first().map(|(at, _)| *at)
    })
    .await;
    for number in 1..6 {
        ids.push(add(&client, &format!("{number}.md"), &text(number)).await);
    }
    for id in ids {
        live(&client, id).await;
    }
    assert!(said.elapsed() >= HOLD);
    // What was asked before the answer was known may come at the same time; nothing comes until the time is over.
    let asked = words.asked.lock().unwrap().clone();
    let slack = Duration::from_millis(500);
    let after = |at: &Instant| at.duration_since(said);
    let between = asked
        .iter()
        .filter(|(at, _)| after(at) > slack && after(at) < HOLD - slack);
    assert_eq!(between.count(), 0, "{asked:?}");
    // Nothing was charged for it.
    let batches = client
        .list(&Filter::new().task_name("EmbedChunks"))
        .await
        .unwrap();
    assert!(batches.tasks.iter().all(|task| task.retries == 0));
    assert!(
        batches
            .tasks
            .iter()
            .all(|task| task.state == State::Succeeded)
    );
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn a_text_that_is_refused_is_refused_alone(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    words.answer("valve", Answer::Refuse);
    let worker = worker(&db, Some(words.clone())).await;
    let sections = ["The pump runs.", "The valve is open.", "A cat sleeps."];
    let text = sections.map(|s| format!("# Of it\n\n{s}\n")).join("\n");
    let id = add(&client, "manual.md", &text).await;
    let document = live(&client, id).await;
    let generation = document.generation;
    let model = generation.model.unwrap();
    let counts = client
        .documents()
        .vector_counts(generation.id, &model)
        .await
        .unwrap();
    assert_eq!((counts.there, counts.refused), (2, 1));
    assert!(counts.why.unwrap().contains("400"));
    let found = client
        .documents()
        .with_words("main", "valve", 5)
        .await
        .unwrap();
    assert_eq!(found.len(), 1, "it is found by its words");
    worker.shutdown().await;
}

async fn a_worker_without_the_model_leaves_the_batch_to_others(db: TestDb) {
    let client = db.client().await;
    let (ours, other) = (Words::new("1"), Words::new("2"));
    let first = worker(&db, Some(ours.clone())).await;
    ours.answer("pump", Answer::Hold(Duration::from_secs(1)));
    let id = add(&client, "first.md", &text(0)).await;
    until(|| async { (ours.count() > 0).then_some(()) }).await;
    first.shutdown().await;
    let second = worker(&db, Some(other.clone())).await;
    let snoozed = until(|| async {
        let filter = Filter::new().task_name("EmbedChunks");
        let batches = client.list(&filter).await.unwrap();
        batches.tasks.into_iter().find(|task| task.attempt > 1)
    });
    let batch = snoozed.await;
    assert_eq!((batch.retries, other.count()), (0, 0));
    let third = worker(&db, Some(ours.clone())).await;
    client.run_now(batch.id).await.unwrap();
    live(&client, id).await;
    second.shutdown().await;
    third.shutdown().await;
}
