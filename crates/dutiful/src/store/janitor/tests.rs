//! What may go and what stays, on SQLite in memory and on the servers that the environment names.

use super::*;
use crate::store::claim::{Claimed, Request, claim};
use crate::store::notes;
use crate::store::settle::{Ending, Success, endings, successes};
use crate::store::workers::{Card, beat};
use crate::{Client, Context, DedupScope, Task, TaskError};
use dutiful_core::{Event, FailureKind, TaskId, limits};
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WORKER: &str = "w1";

/// Makes every row this many days older.
const AGE: Sql = Sql {
    sqlite: "UPDATE dutiful_tasks SET created_at = created_at - ?1 * 86400000000,
                                      finished_at = finished_at - ?1 * 86400000000",
    mysql: "UPDATE dutiful_tasks SET created_at = created_at - INTERVAL ? DAY,
                                     finished_at = finished_at - INTERVAL ? DAY",
    postgres: "UPDATE dutiful_tasks SET created_at = created_at - $1::bigint * interval '1 day',
                                        finished_at = finished_at - $1::bigint * interval '1 day'",
};

const AGE_WORKERS: Sql = Sql {
    sqlite: "UPDATE dutiful_workers SET beat_at = beat_at - 86400000001",
    mysql: "UPDATE dutiful_workers SET beat_at = beat_at - INTERVAL 25 HOUR",
    postgres: "UPDATE dutiful_workers SET beat_at = beat_at - interval '25 hours'",
};

const COUNT: Sql = Sql {
    sqlite: "SELECT (SELECT COUNT(*) FROM dutiful_attempts), (SELECT COUNT(*) FROM dutiful_logs)",
    mysql: "SELECT (SELECT COUNT(*) FROM dutiful_attempts), (SELECT COUNT(*) FROM dutiful_logs)",
    postgres: "SELECT (SELECT COUNT(*) FROM dutiful_attempts), (SELECT COUNT(*) FROM dutiful_logs)",
};

/// Empty databases for one test: SQLite, and each server that is named.
async fn databases(test: &str) -> Vec<Client> {
    let mut clients = vec![Client::connect("sqlite::memory:").await.unwrap()];
    for engine in ["MARIADB", "MYSQL", "POSTGRES"] {
        let Ok(url) = std::env::var(format!("DUTIFUL_TEST_{engine}_URL")) else {
            continue;
        };
        let builder = Client::builder(&url).table_prefix(&format!("per_{test}_"));
        let client = builder.connect().await.unwrap();
        client.migrator().down(0).await.unwrap();
        clients.push(client);
    }
    for client in &clients {
        client.migrate().await.unwrap();
    }
    clients
}

fn rule(names: &[&str]) -> Rule {
    Rule {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        succeeded: Some(7 * DAY),
        ended_otherwise: Some(30 * DAY),
    }
}

async fn submit(client: &Client, name: &str, number: usize, scope: DedupScope) -> TaskId {
    client
        .submit_json(name, json!(number))
        .max_retries(1)
        .dedup(scope)
        .await
        .unwrap()
        .id
}

async fn claim_all(client: &Client, name: &str) -> Vec<Claimed> {
    let request = Request {
        task_name: name.to_owned(),
        priority: 0,
        from: dutiful_core::Timestamp::from_micros(0),
        last_chance: false,
        limit: limits::CLAIM_BATCH_MAX,
        worker: WORKER.to_owned(),
        lease: limits::LEASE,
        crash_limit: 3,
    };
    claim(client.db(), &request, &|_, _| false)
        .await
        .unwrap()
        .claimed
}

async fn succeed(client: &Client, claimed: &[Claimed]) {
    let success = |claimed: &Claimed| Success {
        id: claimed.id,
        attempt: claimed.attempt,
        result: "null".to_owned(),
        frees_slot: false,
    };
    let all: Vec<Success> = claimed.iter().map(success).collect();
    assert_eq!(
        successes(client.db(), WORKER, &all).await.unwrap().len(),
        claimed.len()
    );
}

async fn fail(client: &Client, claimed: &[Claimed]) {
    let ending = |claimed: &Claimed| Ending {
        id: claimed.id,
        attempt: claimed.attempt,
        event: Event::Failed {
            kind: FailureKind::Failed,
            retry_in: DAY,
        },
        message: None,
    };
    let all: Vec<Ending> = claimed.iter().map(ending).collect();
    endings(client.db(), WORKER, &all).await.unwrap();
}

async fn log(client: &Client, claimed: &[Claimed]) {
    let lines = claimed
        .iter()
        .map(|task| (task.id, task.attempt, "a line".to_owned()))
        .collect();
    notes::lines(client.db(), WORKER, lines).await.unwrap();
}

async fn age(client: &Client, days: i64) {
    let mut params = vec![days.into()];
    if client.db().dialect() == crate::db::Dialect::Mysql {
        params.push(days.into());
    }
    client.db().write(&AGE, params).await.unwrap();
}

async fn sweep(client: &Client, rule: &Rule) -> usize {
    let (mut cursor, mut pruned) = (Some(i64::MIN), 0);
    while let Some(from) = cursor {
        let scanned = scan(client.db(), from, rule).await.unwrap();
        pruned += prune(client.db(), &scanned.expired, rule).await.unwrap();
        cursor = scanned.cursor;
    }
    pruned
}

async fn is_there(client: &Client, id: TaskId) -> bool {
    client.get(id).await.is_ok()
}

async fn attempts_and_logs(client: &Client) -> (i64, i64) {
    let rows = client.db().read(&COUNT, Vec::new()).await.unwrap();
    (rows[0].int(0).unwrap(), rows[0].int(1).unwrap())
}

#[tokio::test]
async fn expired_tasks_go_with_all_that_belongs_to_them_and_others_stay() {
    for client in databases("expired").await {
        let good = submit(&client, "Good", 1, DedupScope::None).await;
        let bad = submit(&client, "Bad", 1, DedupScope::None).await;
        let claimed = [
            claim_all(&client, "Good").await,
            claim_all(&client, "Bad").await,
        ]
        .concat();
        log(&client, &claimed).await;
        succeed(&client, &claimed[..1]).await;
        fail(&client, &claimed[1..]).await;
        let waiting = submit(&client, "Good", 2, DedupScope::None).await;
        let rule = rule(&["Good", "Bad"]);
        assert_eq!(sweep(&client, &rule).await, 0, "nothing has expired yet");

        age(&client, 7).await;
        assert_eq!(sweep(&client, &rule).await, 1);
        assert!(!is_there(&client, good).await && is_there(&client, bad).await);
        assert_eq!(
            attempts_and_logs(&client).await,
            (1, 1),
            "those of the failed task"
        );

        age(&client, 23).await;
        assert_eq!(sweep(&client, &rule).await, 1);
        assert!(!is_there(&client, bad).await && is_there(&client, waiting).await);
        assert_eq!(attempts_and_logs(&client).await, (0, 0));
    }
}

#[tokio::test]
async fn tasks_of_unknown_names_and_those_kept_for_ever_stay() {
    for client in databases("names").await {
        for name in ["Known", "Unknown"] {
            submit(&client, name, 1, DedupScope::None).await;
            succeed(&client, &claim_all(&client, name).await).await;
        }
        age(&client, 4_000).await;
        let known = rule(&["Known"]);
        let for_ever = Rule {
            succeeded: None,
            ..known.clone()
        };
        assert_eq!(sweep(&client, &for_ever).await, 0);
        assert_eq!(sweep(&client, &known).await, 1);
        assert_eq!(
            client.list(&crate::Filter::new()).await.unwrap().tasks[0].task_name,
            "Unknown"
        );
    }
}

#[tokio::test]
async fn a_slot_that_is_still_held_keeps_its_row() {
    for client in databases("slots").await {
        let scopes = [
            DedupScope::Always,
            DedupScope::Window(100 * DAY),
            DedupScope::Window(DAY),
            DedupScope::UntilSuccess,
        ];
        let mut ids = Vec::new();
        for (number, scope) in scopes.into_iter().enumerate() {
            ids.push(submit(&client, "A", number, scope).await);
        }
        succeed(&client, &claim_all(&client, "A").await).await;
        age(&client, 40).await;
        // The window's end is a time of its own, which has not been moved.
        assert_eq!(sweep(&client, &rule(&["A"])).await, 1);
        assert!(is_there(&client, ids[0]).await && is_there(&client, ids[1]).await);
        assert!(is_there(&client, ids[2]).await && !is_there(&client, ids[3]).await);
        assert!(
            client
                .submit_json("A", json!(0))
                .dedup(DedupScope::Always)
                .await
                .unwrap()
                .id
                == ids[0]
        );
    }
}

#[tokio::test]
async fn a_task_that_was_retried_after_the_look_is_not_removed() {
    for client in databases("retried").await {
        let id = submit(&client, "A", 1, DedupScope::None).await;
        fail(&client, &claim_all(&client, "A").await).await;
        age(&client, 40).await;
        let rule = rule(&["A"]);
        let seen = scan(client.db(), 0, &rule).await.unwrap();
        assert_eq!(seen.expired, [id.0]);
        client.retry(id).await.unwrap();
        assert_eq!(prune(client.db(), &seen.expired, &rule).await.unwrap(), 0);
        assert!(is_there(&client, id).await);
    }
}

struct Many;

impl Task for Many {
    type Payload = usize;
    type Output = ();

    async fn process(&self, _: usize, _: &Context) -> Result<(), TaskError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_pass_goes_on_behind_rows_that_stay_and_ends_at_rows_that_are_too_young() {
    for client in databases("pass").await {
        client
            .submit_many::<Many>(0..SCAN_ROWS + 10)
            .delay(DAY)
            .await
            .unwrap();
        for number in 0..150 {
            submit(&client, "A", number, DedupScope::None).await;
        }
        succeed(&client, &claim_all(&client, "A").await).await;
        age(&client, 8).await;
        let rule = rule(&["A", "Many"]);
        let first = scan(client.db(), i64::MIN, &rule).await.unwrap();
        assert!(first.expired.is_empty());
        let behind = first.cursor.unwrap();
        let second = scan(client.db(), behind, &rule).await.unwrap();
        assert_eq!((second.expired.len(), second.cursor), (150, None));
        assert_eq!(
            prune(client.db(), &second.expired, &rule).await.unwrap(),
            150
        );
        age(&client, -8).await;
        assert_eq!(
            scan(client.db(), i64::MIN, &rule).await.unwrap().cursor,
            None,
            "all are young"
        );
    }
}

#[tokio::test]
async fn rows_of_workers_go_after_a_day_without_a_beat() {
    for client in databases("workers").await {
        let card = |worker: &str| Card {
            worker: worker.to_owned(),
            host: "h".to_owned(),
            process_id: 1,
            task_names: "[]".to_owned(),
            hint_address: None,
        };
        beat(client.db(), &card("gone")).await.unwrap();
        assert_eq!(prune_workers(client.db()).await.unwrap(), 0);
        client.db().write(&AGE_WORKERS, Vec::new()).await.unwrap();
        beat(client.db(), &card("alive")).await.unwrap();
        assert_eq!(prune_workers(client.db()).await.unwrap(), 1);
        let left = client.workers().await.unwrap();
        assert_eq!(
            left.iter()
                .map(|worker| worker.worker.as_str())
                .collect::<Vec<_>>(),
            ["alive"]
        );
    }
}
