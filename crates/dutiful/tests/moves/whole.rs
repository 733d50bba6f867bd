//! Everything comes across, in every direction.

use crate::fill::{fill, tasks};
use crate::pair::{Pair, pair_cases};
use crate::read::{assert_same, everything};
use dutiful::moves::{MoveStage, Mover};
use dutiful::{AuditFilter, ErrorKind, Filter, State, Timestamp};
use serde_json::json;

pair_cases![everything_comes_across_to_the_last_byte];

async fn everything_comes_across_to_the_last_byte(pair: Pair) {
    let tasks = tasks();
    fill(&pair.from, tasks).await;
    let before = everything(&pair.from, "").await;
    let last = pair.from.int("SELECT MAX(id) FROM dutiful_tasks").await;
    let (old, new) = pair.clients().await;
    let outlook = pair.mover().await.outlook().await.unwrap();
    assert!(outlook.makes_tables && !outlook.resumes);
    let report = pair.move_all().await.unwrap();
    let (rows, away) = (
        report.tables.iter().map(|table| table.rows).sum::<u64>(),
        report.cut_over,
    );
    println!(
        "{} rows, the queue was away for {away:?} of {:?}",
        rows, report.took
    );
    assert_same(&before, &everything(&pair.from, "away_").await);
    assert_same(&before, &everything(&pair.to, "").await);
    for ((name, rows), table) in before.iter().zip(&report.tables) {
        assert_eq!((table.table, table.rows), (*name, rows.len() as u64));
        assert_eq!(table.digest.len(), 64);
    }
    assert_eq!(
        report
            .tables
            .iter()
            .map(|table| (table.table, table.rows))
            .collect::<Vec<_>>(),
        outlook.tables
    );
    // Ids go on behind the highest that was ever given, that of a task that is gone among them.
    assert!(last > tasks + 7, "{last}");
    let next = new.submit_json("Next", json!(1)).await.unwrap().id;
    assert!(next.0 > last, "{next} after {last}");
    assert_eq!(new.get(next).await.unwrap().state, State::Queued);
    // Slots are held as before: the same payload merges where it did.
    let merged = new.submit_json("Once", json!(1)).await.unwrap();
    assert_eq!(merged.outcome, dutiful::Outcome::Merged);
    assert!(
        new.submit_once("request-3", [3; 32], Vec::new())
            .await
            .unwrap()
            .replayed
    );
    let gone = old.submit_json("Next", json!(1)).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Moved, "{gone}");
    assert!(!gone.is_transient());
    assert!(gone.to_string().contains("DUTIFUL_DATABASE_URL"), "{gone}");
    // Also where people look, by whichever statement.
    let ended = Filter::new().finished_before(Timestamp::MAX);
    let looks = [
        old.list(&ended).await.map(drop),
        old.count(&ended).await.map(drop),
        old.stats().await.map(drop),
        old.audit_log(&AuditFilter::new()).await.map(drop),
        old.explain(next).await.map(drop),
    ];
    for look in looks {
        let gone = look.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::Moved, "{gone}");
    }
    for client in [old, new] {
        let status = Mover::status(&client).await.unwrap().unwrap();
        assert_eq!((status.stage, status.holder), (MoveStage::Moved, None));
        assert_eq!(status.move_id, report.move_id);
    }
}
