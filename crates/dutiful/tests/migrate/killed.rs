//! Processes that migrate and are killed at a moment that nobody chose. The process is this program again,
//! told so by its environment.

use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use crate::harness::wait::within;
use crate::tables::tables;
use dutiful::Client;
use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

cases!(
    what_a_killed_process_left_is_finished_by_up,
    what_a_killed_process_left_is_finished_by_down,
);

const URL: &str = "DUTIFUL_TEST_MIGRATE_URL";
const PREFIX: &str = "DUTIFUL_TEST_MIGRATE_PREFIX";
const READY: &str = "ready";
/// A process whose test has died ends by itself.
const CHILD_MAX: Duration = Duration::from_secs(20);

/// Where a process that is to be killed migrates.
pub(crate) struct Place {
    url: String,
    prefix: String,
}

/// Is there only in such a process.
pub(crate) fn place_of_child() -> Option<Place> {
    let (url, prefix) = (env::var(URL).ok()?, env::var(PREFIX).ok()?);
    Some(Place { url, prefix })
}

/// The life of such a process: up and down, again and again.
pub(crate) async fn migrate_until_killed(place: Place) -> ExitCode {
    let builder = Client::builder(&place.url).table_prefix(&place.prefix);
    let migrator = builder.connect().await.unwrap().migrator();
    println!("{READY}");
    let began = Instant::now();
    while began.elapsed() < CHILD_MAX {
        migrator.up().await.unwrap();
        migrator.down(0).await.unwrap();
    }
    ExitCode::FAILURE
}

async fn what_a_killed_process_left_is_finished_by_up(db: TestDb) {
    let before = Before::see(&db).await;
    let killed = kill_one(&db, before.took).await;
    let migrator = db.client().await.migrator();
    migrator.up().await.unwrap();
    migrator.check().await.unwrap();
    assert_eq!(tables(&db).await, before.whole, "{killed}");
}

async fn what_a_killed_process_left_is_finished_by_down(db: TestDb) {
    let before = Before::see(&db).await;
    let killed = kill_one(&db, before.took).await;
    let migrator = db.client().await.migrator();
    migrator.down(0).await.unwrap();
    assert_eq!(tables(&db).await, before.empty, "{killed}");
    migrator.up().await.unwrap();
    migrator.check().await.unwrap();
    assert_eq!(tables(&db).await, before.whole, "{killed}");
}

/// What undisturbed runs make.
struct Before {
    whole: Vec<String>,
    empty: Vec<String>,
    /// How long one run up and one run down took.
    took: Duration,
}

impl Before {
    async fn see(db: &TestDb) -> Before {
        let migrator = db.client().await.migrator();
        let began = Instant::now();
        migrator.up().await.unwrap();
        let up = began.elapsed();
        let whole = tables(db).await;
        let began = Instant::now();
        migrator.down(0).await.unwrap();
        let took = up + began.elapsed();
        let empty = tables(db).await;
        Before { whole, empty, took }
    }
}

/// Kills a process somewhere in its first runs, and tells when.
async fn kill_one(db: &TestDb, took: Duration) -> String {
    let mut child = start(db);
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("the process has connected", said.next_line()).await;
    assert_eq!(line.unwrap().as_deref(), Some(READY));
    let moment = took.mul_f64(random());
    tokio::time::sleep(moment).await;
    child.start_kill().unwrap();
    let status = within("the process has died", child.wait()).await.unwrap();
    assert_eq!(status.code(), None, "the process ended by itself: {status}");
    format!("killed after {moment:?}")
}

fn start(db: &TestDb) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(URL, db.url()).env(PREFIX, db.prefix());
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command.spawn().unwrap()
}

/// From 0 to 1.
fn random() -> f64 {
    let bits = RandomState::new().hash_one(0) >> 32;
    bits as f64 / f64::from(u32::MAX)
}
