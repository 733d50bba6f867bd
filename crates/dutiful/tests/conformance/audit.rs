//! The audit: what is in it, in which order, and for how long.

use crate::harness::engine::Engine;
use crate::harness::proxy::{Proxy, server_of};
use crate::harness::trial::cases;
use crate::harness::{TestDb, within};
use dutiful::{AuditFilter, Client, Retention, testing};
use std::time::Duration;

cases![
    entries_are_listed_newest_first_and_page_by_page,
    entries_are_found_by_who_did_what_to_what,
    long_texts_are_cut_and_odd_ones_are_kept,
    entries_go_after_ninety_days,
    ;
    on Engine::is_server:
    an_entry_whose_answer_was_lost_is_written_once,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn actions(client: &Client, filter: AuditFilter) -> Vec<String> {
    let page = client.audit_log(&filter).await.unwrap();
    page.entries.into_iter().map(|entry| entry.action).collect()
}

async fn entries_are_listed_newest_first_and_page_by_page(db: TestDb) {
    let client = db.client().await;
    assert!(actions(&client, AuditFilter::new()).await.is_empty());
    for number in 0..7 {
        client
            .audit("a", &number.to_string(), None, None)
            .await
            .unwrap();
    }
    let mut filter = AuditFilter::new().limit(3);
    let mut pages = Vec::new();
    loop {
        let page = client.audit_log(&filter).await.unwrap();
        pages.push(
            page.entries
                .iter()
                .map(|entry| entry.action.clone())
                .collect::<String>(),
        );
        let Some(next) = page.next else { break };
        // What comes meanwhile does not move the pages.
        client.audit("a", "later", None, None).await.unwrap();
        filter = AuditFilter::new().limit(3).after(next);
    }
    assert_eq!(pages, ["654", "321", "0"]);
    let page = client
        .audit_log(&AuditFilter::new().limit(200))
        .await
        .unwrap();
    assert_eq!((page.entries.len(), page.next), (9, None));
    assert!(
        page.entries
            .is_sorted_by(|newer, older| newer.id > older.id && newer.at >= older.at)
    );
}

async fn entries_are_found_by_who_did_what_to_what(db: TestDb) {
    let client = db.client().await;
    for (actor, action, target) in [
        ("ann", "cancel", Some("17")),
        ("bob", "retry", Some("17")),
        ("ann", "prune", None),
    ] {
        client
            .audit(actor, action, target, Some("by hand"))
            .await
            .unwrap();
    }
    let all = AuditFilter::new;
    assert_eq!(
        actions(&client, all().actor("ann")).await,
        ["prune", "cancel"]
    );
    assert_eq!(actions(&client, all().action("retry")).await, ["retry"]);
    assert_eq!(
        actions(&client, all().target("17")).await,
        ["retry", "cancel"]
    );
    assert_eq!(
        actions(&client, all().actor("ann").target("17")).await,
        ["cancel"]
    );
    assert!(actions(&client, all().actor("Ann")).await.is_empty());
    let page = client.audit_log(&all().action("prune")).await.unwrap();
    let entry = &page.entries[0];
    assert_eq!(
        (entry.actor.as_str(), entry.target.as_deref()),
        ("ann", None)
    );
    assert_eq!(entry.detail.as_deref(), Some("by hand"));
}

async fn long_texts_are_cut_and_odd_ones_are_kept(db: TestDb) {
    let client = db.client().await;
    let long = "é".repeat(20_000);
    client
        .audit(&long, &long, Some(&long), Some(&long))
        .await
        .unwrap();
    client
        .audit("", "\0'\n", Some("ключ 🗝"), Some(""))
        .await
        .unwrap();
    let page = client.audit_log(&AuditFilter::new()).await.unwrap();
    let (odd, cut) = (&page.entries[0], &page.entries[1]);
    assert_eq!(
        (odd.actor.as_str(), odd.action.as_str()),
        ("", "\u{FFFD}'\n")
    );
    assert_eq!(
        (odd.target.as_deref(), odd.detail.as_deref()),
        (Some("ключ 🗝"), Some(""))
    );
    let detail = cut.detail.as_deref().unwrap();
    for (text, bytes) in [
        (cut.actor.as_str(), 200),
        (cut.action.as_str(), 200),
        (detail, 8_192),
    ] {
        assert!(
            text.len() <= bytes && text.ends_with("(cut)"),
            "{}",
            text.len()
        );
    }
    // What was cut is found by the whole.
    assert_eq!(
        actions(&client, AuditFilter::new().target(long))
            .await
            .len(),
        1
    );
}

async fn entries_go_after_ninety_days(db: TestDb) {
    let client = db.client().await;
    // More than one statement removes.
    for old in 0..1_003 {
        client
            .audit("a", "old", Some(&old.to_string()), None)
            .await
            .unwrap();
    }
    let earlier = db.earlier("at", 90 * DAY);
    db.exec(&format!("UPDATE dutiful_audit SET {earlier}"))
        .await;
    client.audit("a", "young", None, None).await.unwrap();
    let earlier = db.earlier("at", 89 * DAY);
    db.exec(&format!(
        "UPDATE dutiful_audit SET {earlier} WHERE action = 'young'"
    ))
    .await;
    testing::prune(&client, &[], Retention::default())
        .await
        .unwrap();
    assert_eq!(actions(&client, AuditFilter::new()).await, ["young"]);
}

async fn an_entry_whose_answer_was_lost_is_written_once(db: TestDb) {
    const MARK: &str = "the answer to this is lost";
    let proxy = Proxy::start(server_of(db.url())).await;
    let client = Client::builder(&proxy.url(db.url())).table_prefix(db.prefix());
    let client = client.connect().await.unwrap();
    proxy.lose(MARK, MARK);
    let written = client.audit("a", MARK, Some("17"), None);
    within("it is answered in the end", written).await.unwrap();
    assert!(proxy.has_cut(), "the answer was heard");
    assert_eq!(actions(&client, AuditFilter::new()).await, [MARK]);
}
