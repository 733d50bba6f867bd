//! Looking at a table that is larger than one look: lists and counts by every filter stay bounded, and find what
//! there is.

use crate::harness::engine::Dialect;
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb};
use dutiful::{Client, Filter, State, Status, TaskId, Timestamp, testing};
use serde_json::json;
use std::time::Duration;

cases![
    what_is_rare_is_found_among_many_at_once,
    a_search_without_an_index_goes_on_from_page_to_page_to_the_end,
    a_range_of_creation_is_found_without_looking_through_what_lies_before_it,
    counts_end_at_ten_thousand_and_say_so,
    counts_take_every_filter,
    a_filled_table_has_tasks_of_every_name_and_state,
];

/// More than one call looks at.
const MANY: i64 = 12_500;

/// So many successes of another name, created one a second up to now, the oldest first.
async fn fill(db: &TestDb, status: &str) {
    let (names, now) = (
        "task_name, task_payload, status, due_at, created_at, finished_at",
        db.now_plus(0),
    );
    let due = if status == "not_started" {
        now.as_str()
    } else {
        "NULL"
    };
    let ended = |time: &str| {
        if status == "not_started" {
            "NULL".to_owned()
        } else {
            time.to_owned()
        }
    };
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            let time = format!("{now} - ({MANY} - i) * 1000000");
            format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY})
                 INSERT INTO dutiful_tasks ({names})
                 SELECT 'Other', '\"' || i || '\"', '{status}', {due}, {time}, {} FROM n",
                ended(&time)
            )
        }
        Dialect::Mysql => {
            let time = format!("{now} - INTERVAL ({MANY} - i) SECOND");
            let ones = vec!["1"; usize::try_from(MANY).unwrap()].join(",");
            format!(
                "INSERT INTO dutiful_tasks ({names})
                 SELECT 'Other', CONCAT('\"', i, '\"'), '{status}', {due}, {time}, {}
                 FROM JSON_TABLE('[{ones}]', '$[*]' COLUMNS (i FOR ORDINALITY)) AS n ORDER BY i",
                ended(&time)
            )
        }
        Dialect::Postgres => {
            let time = format!("{now} - ({MANY} - i) * interval '1 second'");
            format!(
                "INSERT INTO dutiful_tasks ({names})
                 SELECT 'Other', '\"' || i || '\"', '{status}', {due}, {time}, {}
                 FROM generate_series(1, {MANY}) AS n (i)",
                ended(&time)
            )
        }
    };
    assert_eq!(db.exec(&sql).await, u64::try_from(MANY).unwrap());
}

async fn ids(client: &Client, filter: Filter) -> Vec<TaskId> {
    let page = client.list(&filter).await.unwrap();
    page.tasks.iter().map(|task| task.id).collect()
}

/// Follows pages to the end; what was found, and how many pages that took.
async fn follow(client: &Client, filter: Filter) -> (Vec<TaskId>, usize) {
    let (mut filter, mut found, mut pages) = (filter, Vec::new(), 0);
    loop {
        let page = client.list(&filter).await.unwrap();
        pages += 1;
        found.extend(page.tasks.iter().map(|task| task.id));
        let Some(next) = page.next else {
            return (found, pages);
        };
        filter = filter.after(next);
    }
}

async fn what_is_rare_is_found_among_many_at_once(db: TestDb) {
    let client = db.client().await;
    let submit = async |name: &str, number: i64| {
        client
            .submit_json(name, json!([name, number]))
            .await
            .unwrap()
            .id
    };
    let cancelled = submit("Script", 1).await;
    client.cancel(cancelled).await.unwrap();
    let held = client
        .submit_json("Script", json!("held"))
        .held()
        .await
        .unwrap()
        .id;
    let queued = submit("Third", 2).await;
    let hour = Duration::from_secs(3_600);
    let later = client
        .submit_json("Third", json!(3))
        .delay(hour)
        .await
        .unwrap()
        .id;
    fill(&db, "success").await;
    let filter = Filter::new;
    for (what, filter, found) in [
        ("a name", filter().task_name("Third"), vec![later, queued]),
        ("an error", filter().status(Status::Error), vec![cancelled]),
        (
            "a bad end",
            filter().state(State::Cancelled),
            vec![cancelled],
        ),
        ("what is held", filter().state(State::Held), vec![held]),
        (
            "what is queued",
            filter().state(State::Queued),
            vec![queued],
        ),
        (
            "what is scheduled",
            filter().state(State::Scheduled),
            vec![later],
        ),
        (
            "what waits",
            filter().states(&[State::Scheduled, State::Queued]),
            vec![later, queued],
        ),
        ("what runs", filter().state(State::Running), vec![]),
        (
            "another name's errors",
            filter().state(State::Cancelled).task_name("Third"),
            vec![],
        ),
    ] {
        let page = client.list(&filter).await.unwrap();
        let ids: Vec<TaskId> = page.tasks.iter().map(|task| task.id).collect();
        assert_eq!((ids, page.next), (found, None), "{what}");
    }
    ends_of_a_short_time_long_ago(&client, cancelled).await;
}

/// Around an end that is known.
async fn ends_of_a_short_time_long_ago(client: &Client, ended: TaskId) {
    let ended = client.get(ended).await.unwrap().finished_at.unwrap();
    let early = Timestamp::from_micros(ended.as_micros() - 12_400_000_000);
    let short = Filter::new().finished_before(early).limit(200);
    let (found, pages) = follow(client, short).await;
    assert!(
        found.len() > 50 && found.len() < 150 && pages == 1,
        "{} on {pages}",
        found.len()
    );
}

async fn a_search_without_an_index_goes_on_from_page_to_page_to_the_end(db: TestDb) {
    let client = db.client().await;
    let needle = client
        .submit_json("Script", json!("a needle"))
        .await
        .unwrap()
        .id;
    fill(&db, "success").await;
    let (found, pages) = follow(&client, Filter::new().text("a needle")).await;
    assert_eq!(found, [needle]);
    assert!(pages > 1, "one call looks at 10,000 rows at most");
    let (found, _) = follow(&client, Filter::new().status(Status::NotStarted)).await;
    assert_eq!(found, [needle]);
    let narrowed = Filter::new().text("a needle").task_name("Script");
    assert_eq!(follow(&client, narrowed).await, (vec![needle], 1));
}

async fn a_range_of_creation_is_found_without_looking_through_what_lies_before_it(db: TestDb) {
    let client = db.client().await;
    fill(&db, "success").await;
    let newest = client.list(&Filter::new().limit(1)).await.unwrap();
    let now = newest.tasks[0].created_at;
    let ago = |seconds: i64| Timestamp::from_micros(now.as_micros() - seconds * 1_000_000);
    let range = |from, before| {
        Filter::new()
            .created_after(ago(from))
            .created_before(ago(before))
            .limit(200)
    };
    // At the end of more rows than one call looks at, in the middle, and at the beginning.
    for (from, before) in [(12_300, 12_200), (6_100, 6_000), (100, 0)] {
        let (found, _) = follow(&client, range(from, before)).await;
        assert!(found.len().abs_diff(100) <= 1, "{from}: {}", found.len());
        // The first look finds some of them: none is spent on what lies before.
        let first = ids(&client, range(from, before)).await;
        assert!(!first.is_empty(), "{from}");
    }
    let (one, _) = follow(&client, range(12_300, 12_200).limit(1)).await;
    let second = client.get(one[0]).await.unwrap().created_at;
    assert!(
        second >= ago(12_300) && second < ago(12_200),
        "the latest of the range comes first"
    );
}

async fn counts_end_at_ten_thousand_and_say_so(db: TestDb) {
    let client = db.client().await;
    fill(&db, "not_started").await;
    for filter in [
        Filter::new(),
        Filter::new().task_name("Other"),
        Filter::new().state(State::Queued),
    ] {
        let count = client.count(&filter).await.unwrap();
        assert!(
            count.capped && count.count <= 10_000,
            "{filter:?}: {count:?}"
        );
    }
    let all = client.count(&Filter::new()).await.unwrap();
    assert_eq!(all.count, 10_000);
    let none = client
        .count(&Filter::new().task_name("Third"))
        .await
        .unwrap();
    assert_eq!((none.count, none.capped), (0, false));
    let stats = client.stats().await.unwrap();
    let other = &stats.names[0];
    assert!(stats.capped && other.capped, "{other:?}");
    assert_eq!(
        (other.queue_depth, other.counts[&State::Queued]),
        (10_000, 10_000)
    );
}

async fn counts_take_every_filter(db: TestDb) {
    let client = db.client().await;
    let payloads = (0..30).map(|number| json!(number));
    let many = client.submit_many::<Script>(payloads).await.unwrap();
    for task in &many[..10] {
        client.cancel(task.id).await.unwrap();
    }
    let begun = client.get(many[0].id).await.unwrap().created_at;
    for (filter, count) in [
        (Filter::new(), 30),
        (Filter::new().task_name("Script"), 30),
        (Filter::new().task_name("Other"), 0),
        (Filter::new().state(State::Cancelled), 10),
        (Filter::new().states(&[State::Cancelled, State::Queued]), 30),
        (Filter::new().status(Status::NotStarted), 20),
        (Filter::new().text("2"), 12),
        (Filter::new().created_after(begun), 30),
        (Filter::new().created_before(begun), 0),
        (Filter::new().finished_after(begun), 10),
        (Filter::new().finished_before(begun), 0),
        (Filter::new().limit(1), 30),
    ] {
        let counted = client.count(&filter).await.unwrap();
        assert_eq!(
            (counted.count, counted.capped),
            (count, false),
            "{filter:?}"
        );
    }
}

/// What looks are measured on.
async fn a_filled_table_has_tasks_of_every_name_and_state(db: TestDb) {
    const TASKS: u64 = 21_000;
    let client = db.client().await;
    testing::fill(&client, TASKS, |_| ()).await.unwrap();
    client.keep_figures().await.unwrap();
    let stats = client.stats().await.unwrap();
    assert_eq!((stats.names.len(), stats.capped), (21, false));
    let total: u64 = stats.names.iter().map(|name| name.total).sum();
    assert_eq!(total, TASKS);
    for &state in State::ALL {
        let of = |name: &dutiful::NameCounts| name.counts.get(&state).copied().unwrap_or(0);
        let tasks: u64 = stats.names.iter().map(of).sum();
        assert_eq!(tasks > 0, state != State::Running, "{state}: {tasks}");
    }
}
