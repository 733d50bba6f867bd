//! Processes that move and are killed at a moment that the trial chose. The process is this program again,
//! told so by its environment: it comes to the moment, says so, and stands still until it is killed.

use crate::fill::fill;
use crate::harness::engine::Dialect;
use crate::harness::raw::Raw;
use crate::harness::trial::runtime;
use crate::harness::wait::within;
use crate::pair::{Pair, pair_cases};
use crate::read::{assert_same, everything};
use dutiful::Client;
use dutiful::ErrorKind;
use dutiful::moves::{MoveStage, Mover};
use serde_json::json;
use std::env;
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pair_cases![
    a_mover_that_is_killed_while_it_copies_is_gone_on_with,
    a_mover_that_is_killed_in_the_cut_over_is_gone_on_with,
    a_mover_that_is_killed_while_it_compares_is_gone_on_with,
    a_mover_that_is_killed_in_the_cut_over_can_be_undone,
    a_mover_that_is_killed_anywhere_again_and_again_loses_nothing,
];

const VARIABLES: [&str; 5] = [
    "DUTIFUL_TEST_MOVE_FROM",
    "DUTIFUL_TEST_MOVE_FROM_PREFIX",
    "DUTIFUL_TEST_MOVE_TO",
    "DUTIFUL_TEST_MOVE_TO_PREFIX",
    "DUTIFUL_TEST_MOVE_STAND",
];
const HERE: &str = "here";
/// A process whose trial has died ends by itself.
const CHILD_MAX: Duration = Duration::from_secs(120);

/// Is there only in such a process: what the variables say.
pub(crate) fn child() -> Option<[String; 5]> {
    let all: Option<Vec<String>> = VARIABLES.iter().map(|name| env::var(name).ok()).collect();
    all?.try_into().ok()
}

/// The life of such a process. Where it is to stand is a stage, or `call N` for the Nth time that it tells how
/// far it is.
pub(crate) async fn move_until_killed(
    [from, from_prefix, to, to_prefix, stand]: [String; 5],
) -> ExitCode {
    let place = (to.clone(), to_prefix.clone());
    let (from, to) = (
        connect(&from, &from_prefix).await,
        connect(&to, &to_prefix).await,
    );
    let calls = AtomicU64::new(0);
    let mover = Mover::new(&from, &to)
        .grace(Duration::ZERO)
        .on_progress(move |step| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            if stand == "verifying" && step.stage == MoveStage::Away && step.rows == 0 {
                spoil(place.clone());
            }
            let is_there = match stand.strip_prefix("call ") {
                Some(number) => call == number.parse::<u64>().unwrap(),
                None => {
                    let begun = step.stage != MoveStage::Copying || step.rows > 0;
                    stand == step.stage.as_str() && begun
                }
            };
            if is_there {
                println!("{HERE}");
                std::thread::sleep(CHILD_MAX);
            }
        });
    mover.run().await.unwrap();
    println!("done");
    ExitCode::SUCCESS
}

async fn connect(url: &str, prefix: &str) -> Client {
    let builder = Client::builder(url).table_prefix(prefix);
    builder.connect().await.unwrap()
}

/// Takes a row out of the copy, so that there is something to write, and then to prove.
fn spoil((url, prefix): (String, String)) {
    let spoilt = std::thread::spawn(move || {
        runtime().block_on(async {
            let raw = match url.split_once(':').unwrap() {
                ("sqlite", file) => Raw::sqlite(file.into(), &prefix),
                ("postgres", _) => Raw::server(Dialect::Postgres, &url, &prefix).await,
                _ => Raw::server(Dialect::Mysql, &url, &prefix).await,
            };
            let sql = "DELETE FROM dutiful_away_logs WHERE id = 2";
            assert_eq!(raw.exec(sql).await, 1);
            raw.close().await;
        });
    });
    spoilt.join().unwrap();
}

/// A mover as another process; killed when it is dropped.
pub(crate) struct Killed(Option<Child>);

impl Drop for Killed {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.start_kill().unwrap();
        }
    }
}

/// Lets a process move until it stands there. `None` stands for one that came to the end before.
pub(crate) async fn at(pair: &Pair, stand: &str) -> Killed {
    let values = [
        pair.from.url(),
        pair.from.prefix(),
        pair.to.url(),
        pair.to.prefix(),
        stand,
    ];
    let mut command = Command::new(env::current_exe().unwrap());
    for (name, value) in VARIABLES.iter().zip(values) {
        command.env(name, value);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = within("a process stands there", said.next_line())
        .await
        .unwrap();
    match line.as_deref() {
        Some(HERE) => Killed(Some(child)),
        said => {
            assert_eq!(said, Some("done"));
            Killed(None)
        }
    }
}

async fn killed_and_gone_on_with(pair: Pair, stage: &str) {
    fill(&pair.from, 1_100).await;
    let before = everything(&pair.from, "").await;
    drop(at(&pair, stage).await);
    let (old, new) = pair.clients().await;
    if stage == "copying" {
        // Nothing has happened to anybody.
        old.submit_json("Meanwhile", json!(1)).await.unwrap();
    }
    let before = if stage == "copying" {
        everything(&pair.from, "").await
    } else {
        before
    };
    let report = pair.move_all().await.unwrap();
    assert!(report.resumed);
    assert_same(&before, &everything(&pair.to, "").await);
    assert_same(&before, &everything(&pair.from, "away_").await);
    new.submit_json("After", json!(1)).await.unwrap();
    let moved = old.submit_json("After", json!(1)).await.unwrap_err();
    assert_eq!(moved.kind(), ErrorKind::Moved);
}

async fn a_mover_that_is_killed_while_it_copies_is_gone_on_with(pair: Pair) {
    killed_and_gone_on_with(pair, "copying").await;
}

async fn a_mover_that_is_killed_in_the_cut_over_is_gone_on_with(pair: Pair) {
    killed_and_gone_on_with(pair, "away").await;
}

async fn a_mover_that_is_killed_while_it_compares_is_gone_on_with(pair: Pair) {
    killed_and_gone_on_with(pair, "verifying").await;
}

async fn a_mover_that_is_killed_in_the_cut_over_can_be_undone(pair: Pair) {
    fill(&pair.from, 500).await;
    let before = everything(&pair.from, "").await;
    drop(at(&pair, "verifying").await);
    let (old, new) = pair.clients().await;
    let waiting = tokio::spawn({
        let old = old.clone();
        async move { old.submit_json("Waits", json!(1)).await }
    });
    Mover::abort(&old, Some(&new)).await.unwrap();
    let id = within("the submission comes through", waiting)
        .await
        .unwrap()
        .unwrap()
        .id;
    assert_eq!(old.get(id).await.unwrap().task_name, "Waits");
    pair.from
        .exec(&format!("DELETE FROM dutiful_tasks WHERE id = {id}"))
        .await;
    assert_same(&before, &everything(&pair.from, "").await);
    assert_eq!(
        Mover::status(&new).await.unwrap(),
        None,
        "nothing is left at the new place"
    );
    // And it can be moved after all.
    pair.move_all().await.unwrap();
    assert_same(&before, &everything(&pair.to, "").await);
}

async fn a_mover_that_is_killed_anywhere_again_and_again_loses_nothing(pair: Pair) {
    fill(&pair.from, 1_100).await;
    let before = everything(&pair.from, "").await;
    for call in [3, 9, 26] {
        let killed = at(&pair, &format!("call {call}")).await;
        let done = killed.0.is_none();
        drop(killed);
        if done {
            break;
        }
    }
    pair.move_all().await.unwrap();
    assert_same(&before, &everything(&pair.to, "").await);
}
