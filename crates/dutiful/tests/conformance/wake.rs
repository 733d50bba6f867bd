//! Waking: a worker of another process hears of work long before it would look for it.

use crate::harness::engine::{Dialect, Engine};
use crate::harness::trial::cases;
use crate::harness::{Script, TestDb, until};
use dutiful::{Client, State, Worker, WorkerHandle};
use futures_util::future::poll_fn;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio_postgres::{AsyncMessage, NoTls};

cases![
    ;
    on Engine::hints: a_submission_of_another_process_wakes_a_worker_that_would_not_look;
    on Engine::hears_hints: many_submissions_send_few_hints;
    on Engine::notifies:
    a_worker_whose_listener_was_ended_listens_again,
    a_worker_that_may_not_listen_finds_the_work_by_polling,
];

/// An idle worker looks less and less often: at about 2.5 s, 5 s and 10 s, and then it takes longer still.
const IDLE: Duration = Duration::from_millis(5_500);
/// Far less than until its next look.
const SOON: Duration = Duration::from_millis(3_000);
const LONG: Duration = Duration::from_secs(60);

/// A worker that hardly ever looks.
async fn sleepy(client: Client) -> WorkerHandle {
    let mut script = Script::<0>::echo();
    script.poll_interval = Duration::from_secs(3_600);
    let worker = Worker::new(client).register(script);
    worker.shutdown_grace(Duration::ZERO).start().await.unwrap()
}

/// Lets the worker fall asleep, and expects it to run a task of somebody else soon.
async fn is_woken(db: &TestDb) {
    let other = db.client().await;
    tokio::time::sleep(IDLE).await;
    let began = Instant::now();
    let id = other.submit_json("Script", json!(1)).await.unwrap().id;
    let task = other.wait(id, LONG).await.unwrap();
    assert_eq!(task.state, State::Succeeded);
    let took = began.elapsed();
    assert!(took < SOON, "it ran {took:?} after it was submitted");
}

async fn a_submission_of_another_process_wakes_a_worker_that_would_not_look(db: TestDb) {
    let worker = sleepy(db.client().await).await;
    is_woken(&db).await;
    worker.shutdown().await;
}

/// How the listening sessions of this database are known.
const LISTENERS: &str = "FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE '%listener'";

async fn listeners(db: &TestDb) -> i64 {
    db.int(&format!(
        "SELECT COUNT(*) {LISTENERS} AND query LIKE 'LISTEN%' AND state = 'idle'"
    ))
    .await
}

async fn a_worker_whose_listener_was_ended_listens_again(db: TestDb) {
    let worker = sleepy(db.client().await).await;
    until("it listens", || async { listeners(&db).await == 1 }).await;
    let old = db.int(&format!("SELECT pid {LISTENERS}")).await;
    db.rows(&format!("SELECT pg_terminate_backend({old})"))
        .await;
    let is_new = format!("SELECT COUNT(*) {LISTENERS} AND pid <> {old} AND query LIKE 'LISTEN%'");
    until("it listens again", || async { db.int(&is_new).await == 1 }).await;
    is_woken(&db).await;
    worker.shutdown().await;
}

async fn a_worker_that_may_not_listen_finds_the_work_by_polling(db: TestDb) {
    let mark = if db.url().contains('?') { '&' } else { '?' };
    let url = format!("{}{mark}listen=off", db.url());
    let client = Client::builder(&url).table_prefix(db.prefix());
    let worker = Worker::new(client.connect().await.unwrap()).register(Script::<0>::echo());
    let worker = worker.start().await.unwrap();
    let other = db.client().await;
    for number in 0..3 {
        let submit = other.submit_json("Script", json!(number));
        let id = submit.await.unwrap().id;
        assert_eq!(other.wait(id, LONG).await.unwrap().state, State::Succeeded);
    }
    assert_eq!(listeners(&db).await, 0);
    worker.shutdown().await;
}

/// Counts the hints that another process gets.
async fn hints(db: &TestDb) -> Arc<AtomicU64> {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    if db.dialect() == Dialect::Postgres {
        let (client, mut connection) = tokio_postgres::connect(db.url(), NoTls).await.unwrap();
        tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
                let hint = matches!(message, AsyncMessage::Notification(_));
                counted.fetch_add(u64::from(hint), Ordering::SeqCst);
            }
        });
        let listen = format!("LISTEN \"{}tasks\"", db.prefix());
        client.batch_execute(&listen).await.unwrap();
        // As long as the trial goes on.
        tokio::spawn(async move {
            let _client = client;
            std::future::pending::<()>().await;
        });
        return count;
    }
    // A worker that only counts what it hears.
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (address, now) = (socket.local_addr().unwrap(), db.now_plus(0));
    let sql = format!(
        "INSERT INTO dutiful_workers
           (worker, host, process_id, task_names, hint_address, started_at, beat_at)
         VALUES ('counts', 'here', 1, '[]', '{address}', {now}, {now})"
    );
    assert_eq!(db.exec(&sql).await, 1);
    tokio::spawn(async move {
        let mut datagram = [0; 16];
        while socket.recv(&mut datagram).await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    count
}

async fn many_submissions_send_few_hints(db: TestDb) {
    const MANY: u64 = 200;
    let client = db.client().await;
    let hints = hints(&db).await;
    let began = Instant::now();
    let submits = (0..MANY).map(|number| client.submit_json("Script", json!(number)));
    let submits = submits.map(std::future::IntoFuture::into_future);
    for submitted in futures_util::future::join_all(submits).await {
        submitted.unwrap();
    }
    until("a hint comes", || async {
        hints.load(Ordering::SeqCst) > 0
    })
    .await;
    // At most one each 10 ms, and one at either end.
    let most = u64::try_from(began.elapsed().as_millis()).unwrap() / 10 + 2;
    let heard = hints.load(Ordering::SeqCst);
    assert!(heard <= most, "{heard} hints in {:?}", began.elapsed());
    assert!(heard < MANY, "{heard} hints for {MANY} submissions");
}
