//! Pages of tasks, and what a filter lets through.

use super::*;

async fn ids(client: &Client, filter: Filter) -> Vec<i64> {
    let page = client.list(&filter).await.unwrap();
    page.tasks.iter().map(|task| task.id.0).collect()
}

#[tokio::test]
async fn pages_show_every_task_once_newest_first_and_end() {
    let client = client().await;
    for number in 0..7 {
        submit(&client, "A", number).await;
    }
    let mut filter = Filter::new().limit(3);
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let page = client.list(&filter).await.unwrap();
        pages += 1;
        seen.extend(page.tasks.iter().map(|task| task.id.0));
        let Some(next) = page.next else { break };
        filter = filter.after(next);
    }
    assert_eq!((seen, pages), (vec![7, 6, 5, 4, 3, 2, 1], 3));
    let exact = client.list(&Filter::new().limit(7)).await.unwrap();
    assert_eq!((exact.tasks.len(), exact.next), (7, None));
}

#[tokio::test]
async fn filters_narrow_by_name_status_text_and_time() {
    let client = client().await;
    let start = client.stats().await.unwrap().now;
    submit(&client, "A", 1).await;
    let percent = client
        .submit_json("B", json!("50% of a_b\\c"))
        .await
        .unwrap()
        .id
        .0;
    client.submit_json("B", json!("50 of aXb")).await.unwrap();
    let claimed = claim_all(&client, "A").await.remove(0);
    assert!(fail(&client, &claimed, HOUR).await);

    assert_eq!(ids(&client, Filter::new().task_name("B")).await, [3, 2]);
    assert_eq!(ids(&client, Filter::new().status(Status::Error)).await, [1]);
    assert_eq!(ids(&client, Filter::new().text("0%")).await, [percent]);
    assert_eq!(ids(&client, Filter::new().text("a_b")).await, [percent]);
    assert_eq!(ids(&client, Filter::new().text("it broke")).await, [1]);
    assert_eq!(
        ids(&client, Filter::new().text("IT BROKE")).await,
        [0_i64; 0]
    );
    assert_eq!(
        ids(&client, Filter::new().created_after(start)).await,
        [3, 2, 1]
    );
    assert_eq!(
        ids(&client, Filter::new().created_before(start)).await,
        [0_i64; 0]
    );
    assert_eq!(
        ids(&client, Filter::new().finished_after(start)).await,
        [0_i64; 0]
    );

    let claimed = claim_all(&client, "B").await;
    assert!(succeed(&client, &claimed[0]).await);
    assert_eq!(ids(&client, Filter::new().finished_after(start)).await, [2]);
    assert_eq!(
        ids(&client, Filter::new().finished_before(start)).await,
        [0_i64; 0]
    );
}

#[tokio::test]
async fn a_rare_state_is_found_below_thousands_of_others() {
    let client = client().await;
    let rare = submit(&client, "Rare", 0).await.0;
    let claimed = claim_all(&client, "Rare").await.remove(0);
    assert!(end(&client, &claimed, Event::Discarded).await);
    let held = client
        .submit_json("A", json!("held"))
        .held()
        .await
        .unwrap()
        .id
        .0;
    for number in 0..1_300 {
        submit(&client, "A", number).await;
    }
    assert_eq!(
        ids(&client, Filter::new().state(State::Discarded)).await,
        [rare]
    );
    assert_eq!(
        ids(
            &client,
            Filter::new().states(&[State::Held, State::Discarded])
        )
        .await,
        [held, rare]
    );
    // These have nothing in common that a column tells, so that every row is looked at.
    let both = Filter::new().states(&[State::Held, State::Running]);
    assert_eq!(ids(&client, both).await, [held]);
    assert_eq!(
        ids(&client, Filter::new().state(State::Queued).limit(200))
            .await
            .len(),
        200
    );
}

#[tokio::test]
async fn a_search_for_a_rare_state_stops_after_ten_thousand_rows_and_points_on() {
    const FILL: Sql = Sql {
        sqlite: "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10001)
                 INSERT INTO dutiful_tasks (task_name, task_payload) SELECT 'A', '{}' FROM n",
        mysql: "",
        postgres: "",
    };
    let client = client().await;
    let held = client
        .submit_json("A", json!("held"))
        .held()
        .await
        .unwrap()
        .id
        .0;
    client.db().write(&FILL, Vec::new()).await.unwrap();
    let mut filter = Filter::new().states(&[State::Held, State::Running]);
    let first = client.list(&filter).await.unwrap();
    assert!(first.tasks.is_empty());
    let mut next = first.next;
    // A slow machine looks at fewer in the time that a call has.
    while let Some(cursor) = next {
        filter = filter.after(cursor);
        let page = client.list(&filter).await.unwrap();
        next = page.next;
        if let Some(task) = page.tasks.first() {
            assert_eq!((task.id.0, page.tasks.len(), next), (held, 1, None));
            return;
        }
    }
    panic!("it was never found");
}

#[tokio::test]
async fn large_tasks_make_a_page_end_early_and_none_is_left_out() {
    let client = client().await;
    let large = "x".repeat(1_000_000);
    for number in 0..30 {
        client
            .submit_json("A", json!({ "number": number, "text": large }))
            .await
            .unwrap();
    }
    let page = client.list(&Filter::new()).await.unwrap();
    assert_eq!(page.tasks.len(), 25);
    let rest = client
        .list(&Filter::new().after(page.next.unwrap()))
        .await
        .unwrap();
    assert_eq!(
        (rest.tasks[0].id.0, rest.tasks.len(), rest.next),
        (5, 5, None)
    );
}

#[tokio::test]
async fn a_row_that_means_nothing_is_shown_as_quarantined_and_stops_no_page() {
    const SPOIL: Sql = Sql {
        sqlite: "UPDATE dutiful_tasks SET status = 'error', error_kind = 'odd', task_payload = '{' WHERE id = ?1",
        mysql: "",
        postgres: "",
    };
    let client = client().await;
    submit(&client, "A", 1).await;
    let odd = submit(&client, "A", 2).await;
    submit(&client, "A", 3).await;
    write(&client, &SPOIL, vec![odd.0.into()]).await;
    assert_eq!(ids(&client, Filter::new()).await, [3, 2, 1]);
    assert_eq!(
        ids(&client, Filter::new().state(State::Quarantined)).await,
        [odd.0]
    );
    assert_eq!(
        ids(&client, Filter::new().state(State::Queued)).await,
        [3, 1]
    );
    let task = client.get(odd).await.unwrap();
    assert_eq!(
        (task.state, task.task_payload),
        (State::Quarantined, json!("{"))
    );
    assert_eq!(task.error_kind.as_deref(), Some("odd"));
    assert_eq!(
        client.stats().await.unwrap().names[0].counts[&State::Quarantined],
        1
    );
    assert_eq!(
        client.cancel(odd).await.unwrap_err().kind(),
        ErrorKind::Decode
    );
}
