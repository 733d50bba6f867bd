//! What is added is found, what changes is embedded anew and nothing else, what fails leaves what was there.

use crate::embedder::{Answer, Words};
use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use dutiful::documents::{DocumentId, NewText, Stage, StoredChunk, StoredDocument, StoredPage};
use dutiful::{Client, Filter, State, Worker, WorkerHandle};
use dutiful_documents::search::{Found, Searcher};
use dutiful_documents::tasks::{
    self, ChunkDocument, ChunkPayload, Config, PublishDocument, PublishPayload, TranscribePayload,
};
use dutiful_documents::{ChunkOptions, TranscribeDocument, guides};
use std::sync::Arc;
use std::time::{Duration, Instant};

cases![
    guides_in_all_formats_are_found_by_their_words,
    a_question_is_answered_by_meaning_and_by_words,
    a_new_version_embeds_only_what_is_new,
    a_document_that_cannot_be_read_says_why_and_leaves_the_old_one,
    a_batch_that_comes_to_nothing_leaves_the_old_one,
    vectors_that_are_gone_before_the_end_are_made_again,
    a_document_whose_task_may_not_fail_again_has_failed,
    several_workers_make_many_documents_whole,
    another_model_has_vectors_of_its_own,
];

pub(crate) const LONG: Duration = Duration::from_secs(120);

/// Looks until there is something.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < LONG, "waited for {LONG:?} in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn worker(db: &TestDb, embedder: Option<Arc<Words>>) -> WorkerHandle {
    let config = Config {
        embedder: embedder.map(|embedder| embedder as _),
        chunking: ChunkOptions {
            max_tokens: 64,
            overlap_tokens: 0,
            min_tokens: 0,
            ..ChunkOptions::default()
        },
        ..Config::default()
    };
    let worker = Worker::new(db.client().await).register(tasks::tasks(config));
    worker.shutdown_grace(Duration::ZERO).start().await.unwrap()
}

pub(crate) async fn add(client: &Client, name: &str, text: &str) -> DocumentId {
    let added = tasks::add(client, "main", name, text.as_bytes()).await;
    added.unwrap().document.id
}

/// The document, once its newest generation is live or has failed.
pub(crate) async fn ended(client: &Client, id: DocumentId) -> StoredDocument {
    until(|| async {
        let document = client.documents().get(id).await.unwrap();
        let over = matches!(document.generation.stage, Stage::Live | Stage::Failed);
        over.then_some(document)
    })
    .await
}

pub(crate) async fn live(client: &Client, id: DocumentId) -> StoredDocument {
    let document = ended(client, id).await;
    let generation = &document.generation;
    assert_eq!(generation.stage, Stage::Live, "{:?}", generation.error);
    document
}

async fn search(searcher: &Searcher, question: &str) -> Vec<Found> {
    searcher.search("main", question, 5).await.unwrap()
}

const TEXT: &str = "# Manual\n\n## Water\n\nThe pump brings water from the ocean.\n\n## Money\n\nPay the invoice \
    before the holiday.\n\n## Pets\n\nA cat sleeps on the valve.\n";

async fn guides_in_all_formats_are_found_by_their_words(db: TestDb) {
    let client = db.client().await;
    let worker = worker(&db, None).await;
    let mut ids = Vec::new();
    for guide in guides::all() {
        let added = tasks::add(&client, "main", guide.file_name, guide.bytes).await;
        ids.push(added.unwrap().document.id);
    }
    for id in ids {
        let document = live(&client, id).await;
        assert!(document.generation.pages.unwrap() >= 1, "{}", document.name);
        assert!(
            document.generation.chunks.unwrap() >= 1,
            "{}",
            document.name
        );
    }
    let searcher = Searcher::new(client.clone(), None);
    let found = search(&searcher, "What does a worker look for?").await;
    assert_eq!(found.len(), 5);
    let documents = client.documents();
    for found in found {
        let generation = found.chunk.generation;
        let pages = documents.pages(generation, 1, 100).await.unwrap();
        let text = text_of(&pages);
        let (start, end) = (found.chunk.start, found.chunk.end);
        let place = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
        assert_eq!(&text[place], found.chunk.text, "{}", found.name);
        assert!(found.chunk.first_page >= 1);
        assert!(found.chunk.last_page as usize <= pages.len());
        assert_eq!(found.cosine, None);
    }
    worker.shutdown().await;
}

/// The text that places of chunks are in.
fn text_of(pages: &[dutiful::documents::StoredPage]) -> String {
    let mut text = String::new();
    for page in pages {
        let start = usize::try_from(page.place.unwrap().0).unwrap();
        text.extend(std::iter::repeat_n('\n', start - text.len()));
        text.push_str(&page.markdown);
    }
    text
}

async fn a_question_is_answered_by_meaning_and_by_words(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    let worker = worker(&db, Some(words.clone())).await;
    let id = add(&client, "manual.md", TEXT).await;
    let document = live(&client, id).await;
    assert_eq!(document.generation.title.as_deref(), Some("Manual"));
    let searcher = Searcher::new(client.clone(), Some(words));
    let found = search(&searcher, "ocean").await;
    assert_eq!(found[0].chunk.heading_path, ["Manual", "Water"]);
    assert!(found[0].cosine.unwrap() > 0.6);
    assert_eq!(found[0].title.as_deref(), Some("Manual"));
    assert_eq!(
        (found[0].document, found[0].name.as_str()),
        (id.0, "manual.md")
    );
    // By its words alone.
    let found = search(&searcher, "sleeps").await;
    assert_eq!(found[0].chunk.heading_path, ["Manual", "Pets"]);
    // What is deleted is found no more, by searchers that have it in memory too.
    client.documents().delete(id).await.unwrap();
    assert_eq!(search(&searcher, "ocean").await, []);
    assert!(searcher.search("main", " ", 5).await.is_err());
    assert_eq!(searcher.search("other", "ocean", 5).await.unwrap(), []);
    worker.shutdown().await;
}

async fn a_new_version_embeds_only_what_is_new(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    let worker = worker(&db, Some(words.clone())).await;
    let id = add(&client, "manual.md", TEXT).await;
    let first = live(&client, id).await;
    let searcher = Searcher::new(client.clone(), Some(words.clone()));
    search(&searcher, "pump").await;
    let asked = words.count();
    assert_eq!(
        add(&client, "manual.md", &TEXT.replace("A cat", "The old cat")).await,
        id
    );
    let second = live(&client, id).await;
    assert!(second.live > first.live);
    assert_eq!(words.count(), asked + 1, "one chunk is another");
    let found = search(&searcher, "the old cat").await;
    assert!(found[0].chunk.text.contains("The old cat"));
    assert_eq!(
        found
            .iter()
            .filter(|f| f.chunk.text.contains("cat"))
            .count(),
        1
    );
    // Nothing of the old one is left.
    until(|| async { (db.count("generations").await == 1).then_some(()) }).await;
    assert_eq!(db.count("vectors").await, db.count("chunks").await);
    worker.shutdown().await;
}

async fn a_document_that_cannot_be_read_says_why_and_leaves_the_old_one(db: TestDb) {
    let client = db.client().await;
    let worker = worker(&db, None).await;
    let id = add(&client, "manual.md", TEXT).await;
    let first = live(&client, id).await;
    assert_eq!(
        add(&client, "manual.md", "%PDF-1.7 and nothing else").await,
        id
    );
    let document = ended(&client, id).await;
    assert_eq!(document.generation.stage, Stage::Failed);
    assert!(document.generation.error.unwrap().contains("malformed"));
    assert_eq!(document.live, first.live);
    let task = client
        .wait(document.generation.task.unwrap(), LONG)
        .await
        .unwrap();
    assert_eq!(task.state, State::Invalid);
    let searcher = Searcher::new(client.clone(), None);
    assert_eq!(search(&searcher, "invoice").await.len(), 1);
    worker.shutdown().await;
}

async fn a_batch_that_comes_to_nothing_leaves_the_old_one(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    let worker = worker(&db, Some(words.clone())).await;
    let id = add(&client, "manual.md", TEXT).await;
    let first = live(&client, id).await;
    words.answer("holiday", Answer::Hopeless);
    add(&client, "manual.md", &TEXT.replace("Pay", "Forget")).await;
    let document = ended(&client, id).await;
    assert_eq!(document.generation.stage, Stage::Failed);
    assert!(document.generation.error.unwrap().contains("401"));
    assert_eq!(document.live, first.live);
    let searcher = Searcher::new(client.clone(), Some(words));
    let found = search(&searcher, "invoice").await;
    assert!(found[0].chunk.text.contains("Pay the invoice"));
    worker.shutdown().await;
}

async fn vectors_that_are_gone_before_the_end_are_made_again(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    let model = tasks::model_name(&*words);
    let hold = format!("embed:{model}");
    client.hold(&hold, LONG, "a trial").await.unwrap();
    let worker = worker(&db, Some(words)).await;
    let id = add(&client, "manual.md", TEXT).await;
    let batches = Filter::new().task_name("EmbedChunks");
    let batch = until(|| async {
        let tasks = client.list(&batches).await.unwrap().tasks;
        tasks
            .into_iter()
            .find(|task| task.last_run_at.is_some() && task.state != State::Running)
    })
    .await;
    client.release_hold(&hold).await.unwrap();
    // The document's batches have ended, and what they made is not there.
    let gone = format!("DELETE FROM dutiful_tasks WHERE id = {}", batch.id);
    assert_eq!(db.exec(&gone).await, 1);
    let document = live(&client, id).await;
    let generation = document.generation;
    let counts = client
        .documents()
        .vector_counts(generation.id, &model)
        .await
        .unwrap();
    assert_eq!(Some(counts.there), generation.chunks);
    worker.shutdown().await;
}

fn page_without_place() -> StoredPage {
    StoredPage {
        number: 1,
        method: "text".to_owned(),
        confidence: None,
        place: None,
        warnings: Vec::new(),
        markdown: "No place is told for it.".to_owned(),
    }
}

/// Each of its tasks, at a generation that lacks what the task needs.
async fn a_document_whose_task_may_not_fail_again_has_failed(db: TestDb) {
    let client = db.client().await;
    let documents = client.documents();
    let mut generations = Vec::new();
    for number in 0..3 {
        let name = format!("{number}.md");
        let added = tasks::add(&client, "main", &name, name.as_bytes()).await;
        generations.push(added.unwrap().document.generation);
    }
    db.exec("DELETE FROM dutiful_tasks").await;
    db.exec("DELETE FROM dutiful_contents").await;
    let [read, cut, show] = [0, 1, 2].map(|index| generations[index].id);
    let one_page = NewText {
        pages: 1,
        ..NewText::default()
    };
    let pages = [page_without_place()];
    documents.put_pages(cut, &pages).await.unwrap();
    documents.transcribed(cut, &one_page).await.unwrap();
    documents.transcribed(show, &one_page).await.unwrap();
    let chunk = StoredChunk {
        id: 0,
        generation: show,
        number: 0,
        start: 0,
        end: 4,
        first_page: 1,
        last_page: 1,
        tokens: 1,
        content_hash: [7; 32],
        heading_path: Vec::new(),
        text: "text".to_owned(),
    };
    assert!(
        documents
            .put_chunks(show, &[chunk], Some("none"))
            .await
            .unwrap()
    );
    let worker = worker(&db, None).await;
    let payload = TranscribePayload::stored(read);
    let reads = client.submit::<TranscribeDocument>(payload).max_retries(0);
    let payload = ChunkPayload { generation: cut.0 };
    let cuts = client.submit::<ChunkDocument>(payload).max_retries(0);
    let payload = PublishPayload {
        generation: show.0,
        round: u32::MAX,
    };
    let shows = client.submit::<PublishDocument>(payload).max_retries(0);
    for (generation, submit, why) in [
        (&generations[0], reads, "the bytes of generation"),
        (&generations[1], cuts, "page 1 is not where it should be"),
        (&generations[2], shows, "1 chunks have no vector yet"),
    ] {
        let task = client.wait(submit.await.unwrap().id, LONG).await.unwrap();
        assert_eq!(task.state, State::Failed);
        let document = ended(&client, generation.document).await;
        assert_eq!(document.generation.stage, Stage::Failed);
        let error = document.generation.error.unwrap();
        assert!(error.contains(why), "{error}");
        assert_eq!(Some(error), task.error_message);
    }
    worker.shutdown().await;
}

async fn several_workers_make_many_documents_whole(db: TestDb) {
    let client = db.client().await;
    let words = Words::new("1");
    let mut workers = Vec::new();
    for _ in 0..3 {
        workers.push(worker(&db, Some(words.clone())).await);
    }
    let mut ids = Vec::new();
    for number in 0..12 {
        let text = TEXT.replace("Manual", &format!("Manual {number}"));
        ids.push(add(&client, &format!("{number}.md"), &text).await);
    }
    for id in ids {
        live(&client, id).await;
    }
    // A text that all of them have was embedded once, or by those that began it at the same time.
    assert_eq!(db.count("documents").await, 12);
    let texts = db
        .int("SELECT COUNT(DISTINCT content_hash) FROM dutiful_chunks")
        .await;
    assert_eq!(db.count("vectors").await, texts);
    let searcher = Searcher::new(client.clone(), Some(words));
    let found = searcher.search("main", "cat", 50).await.unwrap();
    let cats = found.iter().take(12);
    assert!(cats.clone().count() == 12 && cats.clone().all(|f| f.chunk.text.contains("cat")));
    for worker in workers {
        worker.shutdown().await;
    }
}

async fn another_model_has_vectors_of_its_own(db: TestDb) {
    let client = db.client().await;
    let (old, new) = (Words::new("1"), Words::new("2"));
    let worker = worker(&db, Some(old.clone())).await;
    let id = add(&client, "manual.md", TEXT).await;
    live(&client, id).await;
    let searcher = Searcher::new(client.clone(), Some(new.clone()));
    let found = search(&searcher, "invoice").await;
    assert!(
        found.iter().all(|found| found.cosine.is_none()),
        "words alone"
    );
    assert_eq!(new.count(), 0, "no question is embedded for nothing");
    worker.shutdown().await;
}
