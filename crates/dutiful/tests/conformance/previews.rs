//! Previews of bulk operations: what they tell, and who may confirm them when.

use crate::harness::engine::Engine;
use crate::harness::trial::cases;
use crate::harness::{TestDb, within};
use crate::operations::{ADA, of_script, over_a_link, submit};
use dutiful::{BulkAction, ErrorKind, Filter, State};
use std::time::{Duration, Instant};

cases![
    a_preview_counts_and_shows_and_changes_nothing,
    a_preview_stops_counting_and_says_so,
    a_preview_is_good_once_for_its_asker_and_for_ten_minutes;
    on Engine::is_server:
    a_confirmation_whose_answer_was_lost_starts_one_operation,
];

async fn a_preview_counts_and_shows_and_changes_nothing(db: TestDb) {
    let client = db.client().await;
    submit(&client, "Script", 25).await;
    submit(&client, "Other", 3).await;
    let tasks = "SELECT * FROM dutiful_tasks ORDER BY id";
    let before = db.rows(tasks).await;
    let previewed = async |filter: Filter| {
        let preview = client
            .bulk_preview(BulkAction::Cancel, &filter, ADA)
            .await
            .unwrap();
        assert_eq!(preview.action, "cancel");
        (preview.count, preview.exact, preview.tasks.len())
    };
    assert_eq!(previewed(Filter::new()).await, (28, true, 10));
    assert_eq!(previewed(of_script()).await, (25, true, 10));
    assert_eq!(
        previewed(Filter::new().task_name("Other").state(State::Queued)).await,
        (3, true, 3)
    );
    assert_eq!(
        previewed(of_script().state(State::Failed)).await,
        (0, true, 0)
    );
    assert_eq!(previewed(of_script().text("7")).await, (2, true, 2));
    assert_eq!(db.rows(tasks).await, before);
    let page = client.list(&of_script().limit(10)).await.unwrap();
    let preview = client
        .bulk_preview(BulkAction::Cancel, &of_script(), ADA)
        .await
        .unwrap();
    assert_eq!(preview.tasks, page.tasks, "the newest ones");
    assert!(!format!("{preview:?}").contains(&preview.token));
    let refused = client
        .bulk_preview(BulkAction::Cancel, &Filter::new().text(""), ADA)
        .await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
}

async fn a_preview_stops_counting_and_says_so(db: TestDb) {
    let client = db.client().await;
    submit(&client, "Script", 10_001).await;
    for filter in [of_script(), of_script().state(State::Queued)] {
        let begun = Instant::now();
        let preview = client
            .bulk_preview(BulkAction::RunNow, &filter, ADA)
            .await
            .unwrap();
        assert!(!preview.exact && preview.count <= 10_000, "{preview:?}");
        // It also stops after three seconds, which are enough unless the machine does much else.
        assert!(
            preview.count == 10_000 || begun.elapsed() >= Duration::from_secs(3),
            "{preview:?}"
        );
    }
}

async fn a_preview_is_good_once_for_its_asker_and_for_ten_minutes(db: TestDb) {
    let client = db.client().await;
    submit(&client, "Script", 3).await;
    let preview = async || {
        let preview = client
            .bulk_preview(BulkAction::Cancel, &of_script(), ADA)
            .await;
        preview.unwrap().token
    };
    let kind = async |token: &str, by: &str| client.bulk(token, by).await.unwrap_err().kind();
    let token = preview().await;
    assert_eq!(kind(&token, "bob").await, ErrorKind::NotFound);
    for forged in ["", "preview_", &token[1..], &format!("{token}0")] {
        assert_eq!(kind(forged, ADA).await, ErrorKind::NotFound);
    }
    let (first, second) = tokio::join!(client.bulk(&token, ADA), client.bulk(&token, ADA));
    let (won, lost) = match (first, second) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won, lost),
        both => panic!("one of two confirmations stands: {both:?}"),
    };
    assert_eq!(lost.kind(), ErrorKind::Conflict);
    assert!(lost.to_string().contains(&won.id.to_string()), "{lost}");
    let again = client.bulk(&token, ADA).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);

    let keyed = async |token: &str, hash| client.bulk_once(token, ADA, "key", [hash; 32]).await;
    let token = preview().await;
    let (operation, replayed) = keyed(&token, 1).await.unwrap();
    assert!(!replayed);
    let (same, replayed) = keyed(&token, 1).await.unwrap();
    assert_eq!((same.id, replayed), (operation.id, true));
    assert_eq!(
        keyed(&token, 2).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );

    let token = preview().await;
    let minutes = async |minutes: u64| {
        let back = db.earlier("created_at", Duration::from_secs(minutes * 60));
        db.exec(&format!(
            "UPDATE dutiful_previews SET {back} WHERE operation_id IS NULL"
        ))
        .await
    };
    minutes(11).await;
    let late = client.bulk(&token, ADA).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
    assert!(late.to_string().contains("ten minutes"), "{late}");
    assert_eq!(
        client.operations(10, None).await.unwrap().operations.len(),
        2
    );
    // They are forgotten after a day.
    minutes(24 * 60).await;
    dutiful::testing::prune(&client, &[], dutiful::Retention::default())
        .await
        .unwrap();
    let none = "SELECT COUNT(*) FROM dutiful_previews WHERE operation_id IS NULL";
    assert_eq!(db.int(none).await, 0);
}

async fn a_confirmation_whose_answer_was_lost_starts_one_operation(db: TestDb) {
    let client = db.client().await;
    submit(&client, "Script", 3).await;
    let (linked, proxy) = over_a_link(&db).await;
    let preview = linked
        .bulk_preview(BulkAction::Cancel, &of_script(), ADA)
        .await
        .unwrap();
    proxy.lose("dutiful.previews.confirm", "COMMIT");
    let confirmed = within(
        "it is answered in the end",
        linked.bulk(&preview.token, ADA),
    )
    .await;
    assert!(proxy.has_cut(), "the answer was heard");
    let operations = client.operations(10, None).await.unwrap().operations;
    assert_eq!(operations.len(), 1);
    assert_eq!(operations[0].id, confirmed.unwrap().id);
}
