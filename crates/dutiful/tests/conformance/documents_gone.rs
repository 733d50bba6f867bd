//! Documents that go: at once for readers, then piece by piece, and nothing that is still needed.

use crate::documents::{MODEL, add, added_and_live, make, publish, read};
use crate::harness::TestDb;
use crate::harness::trial::cases;
use dutiful::ErrorKind;
use dutiful::documents::Published;
use futures_util::future::join_all;

cases![
    a_document_that_is_deleted_leaves_nothing_behind,
    what_another_document_has_in_common_stays,
    a_content_that_is_added_while_it_is_swept_is_there,
];

/// Rows of the tables of documents, all but the collections.
async fn rows(db: &TestDb) -> Vec<i64> {
    let mut rows = Vec::new();
    for table in [
        "documents",
        "generations",
        "contents",
        "pages",
        "chunks",
        "vectors",
    ] {
        rows.push(db.count(table).await);
    }
    rows
}

async fn a_document_that_is_deleted_leaves_nothing_behind(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let added = added_and_live(&client, "a.md", b"one", &["pump", "valve"]).await;
    let id = added.document.id;
    let second = add(&client, "a.md", b"two").await.document.generation;
    make(&client, &second, &["pump"]).await;
    let version = documents.version("main").await.unwrap();
    documents.delete(id).await.unwrap();
    assert_ne!(documents.version("main").await.unwrap(), version);
    assert!(
        documents
            .with_words("main", "pump", 10)
            .await
            .unwrap()
            .is_empty()
    );
    let gone = documents.get(id).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    assert_eq!(
        documents.delete(id).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    // What still works on it comes to nothing.
    assert_eq!(publish(&client, second.id).await, Published::Gone);
    let clients = db.clients(2).await;
    let sweeps = clients
        .iter()
        .map(|client| async { client.documents().sweep().await.unwrap() });
    join_all(sweeps).await;
    assert_eq!(rows(&db).await, [0; 6]);
    assert_eq!(publish(&client, second.id).await, Published::Gone);
}

async fn what_another_document_has_in_common_stays(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let first = added_and_live(&client, "a.md", b"one", &["common", "own"]).await;
    let second = added_and_live(&client, "b.md", b"two", &["common"]).await;
    let task = |document, generation| read(&client, document, generation);
    let other = documents.add("other", "c.md", b"one", task).await.unwrap();
    documents.delete(first.document.id).await.unwrap();
    assert_eq!(documents.sweep().await.unwrap(), 1);
    assert_eq!(rows(&db).await, [2, 2, 2, 2, 1, 1]);
    let vectors = documents
        .vectors(second.document.generation.id, MODEL, None)
        .await;
    assert_eq!(vectors.unwrap().len(), 1);
    let bytes = documents.content(&other.document.generation).await.unwrap();
    assert_eq!(bytes, b"one");
}

async fn a_content_that_is_added_while_it_is_swept_is_there(db: TestDb) {
    let clients = db.clients(2).await;
    let (one, other) = (&clients[0], &clients[1]);
    for round in 0..20 {
        let first = add(one, &format!("{round}"), b"same").await;
        one.documents().delete(first.document.id).await.unwrap();
        let name = format!("again {round}");
        let documents = one.documents();
        let (_, added) = tokio::join!(documents.sweep(), add(other, &name, b"same"));
        let generation = &added.document.generation;
        let bytes = other.documents().content(generation).await.unwrap();
        assert_eq!(bytes, b"same", "round {round}");
        one.documents().delete(added.document.id).await.unwrap();
        one.documents().sweep().await.unwrap();
    }
    assert_eq!(rows(&db).await, [0; 6]);
}
