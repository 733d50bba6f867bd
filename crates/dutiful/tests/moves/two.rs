//! Two movers at once, and one that was held up.

use crate::fill::fill;
use crate::harness::wait::within;
use crate::pair::{Pair, pair_cases};
use crate::read::{assert_same, everything};
use dutiful::ErrorKind;
use dutiful::moves::{MoveStage, Mover};
use std::sync::mpsc;
use std::time::Duration;

pair_cases![
    of_movers_at_once_one_moves,
    a_mover_that_was_held_up_changes_nothing_any_more,
];

async fn of_movers_at_once_one_moves(pair: Pair) {
    fill(&pair.from, 1_500).await;
    let before = everything(&pair.from, "").await;
    let (one, two, three) = (pair.mover().await, pair.mover().await, pair.mover().await);
    let (one, two, three) = within("all end", async {
        tokio::join!(one.run(), two.run(), three.run())
    })
    .await;
    let mut moved = 0;
    for done in [one, two, three] {
        match done {
            // Whoever came behind found it done.
            Ok(report) => moved += usize::from(!report.tables.is_empty()),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
        }
    }
    assert_eq!(moved, 1);
    assert_same(&before, &everything(&pair.to, "").await);
}

/// A process that stood still for longer than its hold, in the middle of the comparison.
async fn a_mover_that_was_held_up_changes_nothing_any_more(pair: Pair) {
    fill(&pair.from, 1_500).await;
    let before = everything(&pair.from, "").await;
    let (go_on, held) = mpsc::channel::<()>();
    let (stands, standing) = tokio::sync::oneshot::channel();
    let (from, to) = pair.clients().await;
    let held = std::sync::Mutex::new((held, Some(stands)));
    let slow = Mover::new(&from, &to)
        .grace(Duration::ZERO)
        .on_progress(move |step| {
            if step.stage == MoveStage::Copying && step.rows > 0 {
                let mut held = held.lock().unwrap();
                if let Some(stands) = held.1.take() {
                    stands.send(()).unwrap();
                    let _ = held.0.recv();
                }
            }
        });
    let slow = std::thread::spawn(move || crate::harness::trial::runtime().block_on(slow.run()));
    within("it stands still", standing).await.unwrap();
    let report = pair.move_all().await.unwrap();
    assert!(report.resumed);
    drop(go_on);
    let lost = tokio::task::spawn_blocking(|| slow.join().unwrap())
        .await
        .unwrap();
    let lost = lost.unwrap_err().to_string();
    assert!(lost.contains("taken the move over"), "{lost}");
    assert_same(&before, &everything(&pair.to, "").await);
    assert_eq!(pair.stage().await.as_deref(), Some("moved"));
}
