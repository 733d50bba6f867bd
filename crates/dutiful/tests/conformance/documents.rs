//! Documents: stored once, seen when they are whole, gone without a trace.

use crate::harness::TestDb;
use crate::harness::trial::cases;
use dutiful::documents::{
    Added, DocumentId, Generation, GenerationId, NewText, NewVector, Published, Stage, StoredChunk,
    StoredPage,
};
use dutiful::{Client, ErrorKind, State, Submit};
use futures_util::future::join_all;
use serde_json::json;

cases![
    a_document_and_its_task_are_there_together_or_not_at_all,
    a_content_is_stored_once_whatever_its_name,
    a_large_document_comes_back_byte_for_byte,
    many_who_add_one_document_make_one,
    a_new_content_is_seen_when_it_is_whole_and_not_before,
    an_older_generation_never_takes_the_place_of_a_newer_one,
    what_fails_leaves_what_readers_see,
    pages_are_kept_one_by_one_and_end_up_in_their_places,
    chunks_that_are_written_again_take_the_place_of_the_old,
    texts_that_a_model_has_seen_are_not_embedded_again,
    words_find_what_readers_see_and_nothing_else,
    names_that_cannot_be_used_are_refused,
];

pub(super) const MODEL: &str = "test/model@1";

pub(super) fn read(client: &Client, document: DocumentId, generation: GenerationId) -> Submit<'_> {
    let payload = json!({ "document": document, "generation": generation });
    client.submit_json("Read", payload)
}

pub(super) async fn add(client: &Client, name: &str, bytes: &[u8]) -> Added {
    let documents = client.documents();
    let task = |document, generation| read(client, document, generation);
    documents.add("main", name, bytes, task).await.unwrap()
}

fn chunk(generation: GenerationId, number: u32, text: &str) -> StoredChunk {
    let mut hash = [0; 32];
    let bytes = text.as_bytes();
    hash[..bytes.len().min(32)].copy_from_slice(&bytes[..bytes.len().min(32)]);
    StoredChunk {
        id: 0,
        generation,
        number,
        start: u64::from(number) * 10,
        end: u64::from(number) * 10 + bytes.len() as u64,
        first_page: 1,
        last_page: 2,
        tokens: 3,
        content_hash: hash,
        heading_path: vec!["Größe".into(), "日本".into()],
        text: text.to_owned(),
    }
}

fn page(number: u32, text: &str, place: Option<(u64, u64)>) -> StoredPage {
    StoredPage {
        number,
        method: "ocr".into(),
        confidence: Some(0.875),
        place,
        warnings: vec!["größer geraten".into()],
        markdown: text.to_owned(),
    }
}

/// Makes a generation whole: two pages, these chunks, a vector for each of them.
pub(super) async fn make(client: &Client, generation: &Generation, texts: &[&str]) {
    let (documents, id) = (client.documents(), generation.id);
    let pages = [page(1, "one 🦀", Some((0, 8))), page(2, "", Some((8, 8)))];
    documents.put_pages(id, &pages).await.unwrap();
    let text = NewText {
        format: "markdown".into(),
        title: Some("Ein Títel".into()),
        language: Some("de".into()),
        facts: json!({ "author": "ö" }),
        pages: 2,
        bytes: 8,
    };
    assert!(documents.transcribed(id, &text).await.unwrap());
    let numbered = texts.iter().zip(0..);
    let chunks: Vec<_> = numbered.map(|(text, n)| chunk(id, n, text)).collect();
    let waits = documents.put_chunks(id, &chunks, Some(MODEL)).await;
    assert!(waits.unwrap());
    embed(client, id).await;
}

async fn embed(client: &Client, id: GenerationId) -> usize {
    let documents = client.documents();
    let unseen = documents.unseen(id, MODEL, 0, 1_000).await.unwrap();
    let vector = |hash| NewVector {
        content_hash: hash,
        vector: Ok(vec![0.5, -1.25, f32::MIN_POSITIVE]),
    };
    let vectors: Vec<_> = unseen.iter().map(|c| vector(c.content_hash)).collect();
    documents.put_vectors(MODEL, &vectors).await.unwrap();
    vectors.len()
}

pub(super) async fn publish(client: &Client, generation: GenerationId) -> Published {
    client.documents().publish(generation).await.unwrap()
}

pub(super) async fn added_and_live(
    client: &Client,
    name: &str,
    bytes: &[u8],
    texts: &[&str],
) -> Added {
    let added = add(client, name, bytes).await;
    make(client, &added.document.generation, texts).await;
    let id = added.document.generation.id;
    assert_eq!(publish(client, id).await, Published::Live);
    added
}

async fn a_document_and_its_task_are_there_together_or_not_at_all(db: TestDb) {
    let client = db.client().await;
    let added = add(&client, "a.md", b"# A").await;
    let generation = &added.document.generation;
    assert_eq!((added.is_new, generation.stage), (true, Stage::Waiting));
    assert_eq!((generation.bytes, added.document.live), (3, None));
    let task = client.get(generation.task.unwrap()).await.unwrap();
    assert_eq!(task.state, State::Queued);
    let payload = json!({ "document": added.document.id, "generation": generation.id });
    assert_eq!(task.task_payload, payload);
    // A task that cannot be submitted takes its document along.
    let documents = client.documents();
    let none = |_, _| client.submit_json("not a name", json!(1));
    documents
        .add("main", "b.md", b"# B", none)
        .await
        .unwrap_err();
    assert_eq!(documents.find("main", "b.md").await.unwrap(), None);
    assert_eq!(db.count("generations").await, 1);
}

async fn a_content_is_stored_once_whatever_its_name(db: TestDb) {
    let client = db.client().await;
    let first = add(&client, "a.md", b"same").await;
    let again = add(&client, "a.md", b"same").await;
    let copy = add(&client, "copy.md", b"same").await;
    assert!(!again.is_new && !copy.is_new);
    assert_eq!(copy.document, first.document);
    assert_eq!(db.count("contents").await, 1);
    assert_eq!(db.count("tasks").await, 1);
    // Another collection has documents of its own, of the same bytes.
    let documents = client.documents();
    let task = |document, generation| read(&client, document, generation);
    let other = documents.add("other", "a.md", b"same", task).await.unwrap();
    assert!(other.is_new);
    assert_eq!(db.count("contents").await, 1);
    assert_eq!(documents.collections().await.unwrap(), ["main", "other"]);
    let names = documents.list("main", "", 10).await.unwrap();
    assert_eq!(names, [first.document]);
}

async fn a_large_document_comes_back_byte_for_byte(db: TestDb) {
    let client = db.client().await;
    let bytes: Vec<u8> = (0..3_000_001_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let added = add(&client, "large", &bytes).await;
    let generation = &added.document.generation;
    let read = client.documents().content(generation).await.unwrap();
    assert!(read == bytes);
    assert_eq!(db.count("contents").await, 12);
}

async fn many_who_add_one_document_make_one(db: TestDb) {
    let clients = db.clients(8).await;
    let added = join_all(clients.iter().map(|c| add(c, "a.md", b"# A"))).await;
    assert_eq!(added.iter().filter(|added| added.is_new).count(), 1);
    assert_eq!(db.count("documents").await, 1);
    assert_eq!(db.count("generations").await, 1);
    assert_eq!(db.count("tasks").await, 1);
    // Of other contents each becomes a generation, and the highest is the newest.
    let contents: Vec<String> = (0..8).map(|n| format!("# {n}")).collect();
    let both = clients.iter().zip(&contents);
    join_all(both.map(|(client, text)| add(client, "a.md", text.as_bytes()))).await;
    assert_eq!(db.count("generations").await, 9);
    let newest = db.int("SELECT latest FROM dutiful_documents").await;
    let highest = db.int("SELECT MAX(id) FROM dutiful_generations").await;
    assert_eq!(newest, highest);
}

async fn a_new_content_is_seen_when_it_is_whole_and_not_before(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let first = added_and_live(&client, "a.md", b"one", &["old pump"]).await;
    let id = first.document.generation.id;
    assert_eq!(documents.seen("main", None).await.unwrap(), [id]);
    let version = documents.version("main").await.unwrap();
    let second = add(&client, "a.md", b"two").await;
    assert_eq!(second.document.id, first.document.id);
    let new = second.document.generation.id;
    make(&client, &second.document.generation, &["new pump"]).await;
    // All of it is there, and readers see the old one, whole.
    assert_eq!(documents.version("main").await.unwrap(), version);
    assert_eq!(documents.seen("main", None).await.unwrap(), [id]);
    let found = documents.with_words("main", "pump", 10).await.unwrap();
    let found = documents.chunks_by_id(&found).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].text, "old pump");
    assert_eq!(publish(&client, new).await, Published::Live);
    assert_eq!(publish(&client, new).await, Published::Live);
    assert_ne!(documents.version("main").await.unwrap(), version);
    assert_eq!(documents.seen("main", None).await.unwrap(), [new]);
    let old = documents.generation(id).await.unwrap();
    assert_eq!(old.stage, Stage::Replaced);
    let document = documents.get(first.document.id).await.unwrap();
    let generation = &document.generation;
    assert_eq!((document.live, generation.stage), (Some(new), Stage::Live));
    assert_eq!(generation.title.as_deref(), Some("Ein Títel"));
    assert_eq!(generation.facts, json!({ "author": "ö" }));
    assert_eq!((generation.pages, generation.chunks), (Some(2), Some(1)));
}

async fn an_older_generation_never_takes_the_place_of_a_newer_one(db: TestDb) {
    let client = db.client().await;
    let first = add(&client, "a.md", b"one").await.document.generation;
    let second = add(&client, "a.md", b"two").await.document.generation;
    make(&client, &second, &["new"]).await;
    make(&client, &first, &["old"]).await;
    let others = db.clients(2).await;
    let both = [(0, second.id), (1, first.id)];
    join_all(both.map(|(at, id)| publish(&others[at], id))).await;
    let seen = client.documents().seen("main", None).await.unwrap();
    assert_eq!(seen, [second.id]);
    assert_eq!(publish(&client, first.id).await, Published::Overtaken);
}

async fn what_fails_leaves_what_readers_see(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let first = added_and_live(&client, "a.md", b"one", &["pump"]).await;
    let second = add(&client, "a.md", b"two").await.document.generation;
    documents.failed(second.id, "größer kaputt").await.unwrap();
    let document = documents.get(first.document.id).await.unwrap();
    assert_eq!(document.live, Some(first.document.generation.id));
    assert_eq!(document.generation.stage, Stage::Failed);
    assert_eq!(document.generation.error.as_deref(), Some("größer kaputt"));
    // What readers see does not fail any more.
    let live = first.document.generation.id;
    documents.failed(live, "late").await.unwrap();
    assert_eq!(documents.generation(live).await.unwrap().stage, Stage::Live);
    // Added again it is tried again.
    let again = add(&client, "a.md", b"two").await;
    assert!(again.is_new);
    assert!(again.document.generation.id > second.id);
}

async fn pages_are_kept_one_by_one_and_end_up_in_their_places(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let id = add(&client, "a.pdf", b"%PDF").await.document.generation.id;
    for number in [2, 3, 2] {
        let kept = [page(number, "kept 🦀", None)];
        documents.put_pages(id, &kept).await.unwrap();
    }
    assert_eq!(documents.pages_done(id).await.unwrap(), 2);
    assert_eq!(
        documents.pages(id, 3, 10).await.unwrap(),
        [page(3, "kept 🦀", None)]
    );
    // Large pages go in several statements.
    let large = "é".repeat(400_000);
    let pages: Vec<_> = (1..=3).map(|n| page(n, &large, Some((0, 9)))).collect();
    documents.put_pages(id, &pages).await.unwrap();
    assert!(documents.pages(id, 1, 10).await.unwrap() == pages);
    let text = NewText {
        format: "pdf".into(),
        pages: 2,
        ..NewText::default()
    };
    assert!(documents.transcribed(id, &text).await.unwrap());
    assert_eq!(documents.pages_done(id).await.unwrap(), 2);
}

async fn chunks_that_are_written_again_take_the_place_of_the_old(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let generation = add(&client, "a.md", b"x").await.document.generation;
    make(&client, &generation, &["alpha", "beta", "gamma"]).await;
    let id = generation.id;
    let new = [chunk(id, 0, "delta"), chunk(id, 1, "beta")];
    assert!(documents.put_chunks(id, &new, Some(MODEL)).await.unwrap());
    let mut stored = documents.chunks(id, 0, 10).await.unwrap();
    assert!(stored.iter().all(|chunk| chunk.id > 0));
    stored.iter_mut().for_each(|chunk| chunk.id = 0);
    assert_eq!(stored, new);
    assert_eq!(documents.chunks(id, 1, 10).await.unwrap().len(), 1);
    assert_eq!(publish(&client, id).await, Published::Live);
    for (word, found) in [("alpha", 0), ("delta", 1), ("beta", 1), ("gamma", 0)] {
        let ids = documents.with_words("main", word, 10).await.unwrap();
        assert_eq!(ids.len(), found, "{word}");
    }
    // Readers see it: nothing changes it any more.
    let late = documents.put_chunks(id, &[], Some(MODEL)).await;
    assert!(!late.unwrap());
}

async fn texts_that_a_model_has_seen_are_not_embedded_again(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let first = added_and_live(&client, "a.md", b"one", &["same", "old"]).await;
    let second = add(&client, "a.md", b"two").await.document.generation;
    let chunks = [chunk(second.id, 0, "new"), chunk(second.id, 1, "same")];
    let text = NewText {
        pages: 1,
        ..NewText::default()
    };
    documents.transcribed(second.id, &text).await.unwrap();
    documents
        .put_chunks(second.id, &chunks, Some(MODEL))
        .await
        .unwrap();
    let unseen = documents.unseen(second.id, MODEL, 0, 10).await.unwrap();
    assert_eq!((unseen.len(), unseen[0].text.as_str()), (1, "new"));
    let other = documents.unseen(second.id, "other", 1, 10).await.unwrap();
    assert_eq!(other.len(), 1, "another model has seen nothing");
    // What a model refuses is not asked for again, until it takes it.
    let refused = |vector| NewVector {
        content_hash: chunks[0].content_hash,
        vector,
    };
    let error = Err("too long".to_owned());
    documents
        .put_vectors(MODEL, &[refused(error.clone())])
        .await
        .unwrap();
    assert_eq!(documents.unseen(second.id, MODEL, 0, 10).await.unwrap(), []);
    let counts = documents.vector_counts(second.id, MODEL).await.unwrap();
    assert_eq!((counts.there, counts.refused), (1, 1));
    assert_eq!(counts.why.as_deref(), Some("too long"));
    documents
        .put_vectors(MODEL, &[refused(Ok(vec![1.0]))])
        .await
        .unwrap();
    documents
        .put_vectors(MODEL, &[refused(error)])
        .await
        .unwrap();
    let vectors = documents.vectors(second.id, MODEL, None).await.unwrap();
    let told: Vec<_> = vectors
        .iter()
        .map(|v| (v.number, v.vector.clone()))
        .collect();
    let kept = vec![0.5, -1.25, f32::MIN_POSITIVE];
    assert_eq!(told, [(0, vec![1.0]), (1, kept)]);
    let behind = documents.vectors(second.id, MODEL, Some(0)).await.unwrap();
    assert_eq!(behind.len(), 1);
    drop(first);
}

async fn words_find_what_readers_see_and_nothing_else(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let texts = [
        "The pump stops when the valve is closed",
        "A valve, another valve and a third valve",
        "Größere Ventile für Straßen",
        "nothing of interest",
    ];
    added_and_live(&client, "a.md", b"one", &texts).await;
    let found = async |question: &str| -> Vec<u32> {
        let ids = documents.with_words("main", question, 10).await.unwrap();
        let chunks = documents.chunks_by_id(&ids).await.unwrap();
        chunks.iter().map(|chunk| chunk.number).collect()
    };
    assert_eq!(found("valve").await, [1, 0], "the best first");
    assert_eq!(found("Which PUMP is it?").await, [0]);
    assert_eq!(found("größere").await, [2]);
    assert!(found("?!").await.is_empty());
    for hostile in [
        "\"",
        "' OR 1=1 --",
        "pump* AND (",
        "a:b",
        "NEAR(",
        "\\",
        "☃ %",
    ] {
        documents.with_words("main", hostile, 10).await.unwrap();
    }
    assert!(
        documents
            .with_words("other", "pump", 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn names_that_cannot_be_used_are_refused(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let task = |document, generation| read(&client, document, generation);
    let long = "n".repeat(501);
    for (collection, name, bytes, kind) in [
        ("", "a", "x", ErrorKind::Config),
        ("no name", "a", "x", ErrorKind::Config),
        ("main", "", "x", ErrorKind::Config),
        ("main", &long, "x", ErrorKind::Config),
        ("main", "a\0b", "x", ErrorKind::Config),
        ("main", "a", "", ErrorKind::InvalidPayload),
    ] {
        let refused = documents
            .add(collection, name, bytes.as_bytes(), task)
            .await;
        assert_eq!(refused.unwrap_err().kind(), kind, "{collection} {name}");
    }
    assert_eq!(db.count("contents").await, 0);
    let name = "größer/日本 🦀 .pdf ";
    let added = add(&client, name, b"x").await;
    assert_eq!(added.document.name, name);
    let other = documents.find("main", name.trim_end()).await.unwrap();
    assert_eq!(other, None, "a space at the end is part of the name");
    assert!(documents.find("main", name).await.unwrap().is_some());
}
