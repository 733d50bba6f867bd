//! Names that are held for a time, for all processes.

use crate::harness::TestDb;
use crate::harness::trial::cases;
use dutiful::ErrorKind;
use std::time::Duration;

cases![a_hold_is_seen_by_all_and_a_longer_one_stays,];

async fn a_hold_is_seen_by_all_and_a_longer_one_stays(db: TestDb) {
    let clients = db.clients(2).await;
    let (one, other) = (&clients[0], &clients[1]);
    assert_eq!(one.held("api").await.unwrap(), None);
    one.hold("api", Duration::from_secs(60), "first")
        .await
        .unwrap();
    other
        .hold("api", Duration::from_secs(5), "second")
        .await
        .unwrap();
    let hold = other.held("api").await.unwrap().unwrap();
    assert_eq!(hold.reason, "first");
    assert!(hold.remaining > Duration::from_secs(50), "{hold:?}");
    assert_eq!(one.held("other").await.unwrap(), None);
    let again = other.hold("api", Duration::from_secs(600), "third").await;
    again.unwrap();
    assert_eq!(one.held("api").await.unwrap().unwrap().reason, "third");
    one.release_hold("api").await.unwrap();
    assert_eq!(other.held("api").await.unwrap(), None);
    one.hold("api", Duration::from_millis(1), "short")
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(
        one.held("api").await.unwrap(),
        None,
        "it has ended by itself"
    );
    let refused = one.hold("", Duration::from_secs(1), "").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Config);
}
