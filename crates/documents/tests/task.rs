//! The task: which files it reads, and how its failures end.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::time::Duration;

use dutiful::{Client, State, TaskInfo, Worker};
use dutiful_documents::{Document, TranscribeDocument, TranscribePayload, guides};
use tempfile::TempDir;

/// A folder with a root for documents, a database, and something outside of the root.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        std::fs::create_dir(place.at("root")).unwrap();
        std::fs::write(place.at("secret.txt"), "a secret").unwrap();
        place
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    /// Submits each path with one run allowed, and gives the tasks when all are over.
    async fn run(&self, paths: &[&str]) -> Vec<TaskInfo> {
        let url = format!("sqlite:{}", self.at("tasks.db").display());
        let client = Client::connect(&url).await.unwrap();
        client.migrate().await.unwrap();
        let task = TranscribeDocument::new(self.at("root"));
        let worker = Worker::new(client.clone())
            .register(task)
            .start()
            .await
            .unwrap();
        let mut tasks = Vec::new();
        for path in paths {
            let payload = TranscribePayload::file(*path);
            let submit = client.submit::<TranscribeDocument>(payload).max_retries(1);
            let id = submit.await.unwrap().id;
            tasks.push(client.wait(id, Duration::from_secs(60)).await.unwrap());
        }
        worker.shutdown().await;
        tasks
    }
}

fn message(task: &TaskInfo) -> &str {
    task.error_message.as_deref().unwrap_or_default()
}

#[tokio::test]
async fn every_guide_is_stored_as_a_document() {
    let place = Place::new();
    std::fs::create_dir(place.at("root/sub")).unwrap();
    let mut paths = Vec::new();
    for guide in guides::all() {
        std::fs::write(place.at("root/sub").join(guide.file_name), guide.bytes).unwrap();
        paths.push(format!("sub/{}", guide.file_name));
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    for task in place.run(&paths).await {
        assert_eq!(task.state, State::Succeeded, "{}", message(&task));
        let document: Document = serde_json::from_value(task.result_data.unwrap()).unwrap();
        assert!(document.title.is_some() && !document.pages.is_empty());
    }
}

#[tokio::test]
async fn a_document_that_cannot_be_read_ends_as_invalid_with_a_code_and_a_fix() {
    let place = Place::new();
    std::fs::write(place.at("root/bad.pdf"), "%PDF-1.7 and nothing more").unwrap();
    let tasks = place.run(&["bad.pdf"]).await;
    assert_eq!(tasks[0].state, State::Invalid);
    assert_eq!(tasks[0].retries, 0);
    assert!(
        message(&tasks[0]).starts_with("malformed: "),
        "{}",
        message(&tasks[0])
    );
}

#[tokio::test]
async fn a_missing_file_is_a_failure_that_is_charged_as_a_retry() {
    let tasks = Place::new().run(&["later.txt"]).await;
    assert_eq!(tasks[0].state, State::Failed);
    assert_eq!(tasks[0].retries, 1);
    assert!(
        message(&tasks[0]).starts_with("io: "),
        "{}",
        message(&tasks[0])
    );
}

#[tokio::test]
async fn paths_that_lead_out_of_the_root_end_as_invalid() {
    let place = Place::new();
    let secret = place.at("secret.txt").display().to_string();
    let paths = [
        "../secret.txt",
        "a/../../secret.txt",
        &secret,
        "",
        ".",
        "a\\b",
        "..\\secret.txt",
    ];
    for task in place.run(&paths).await {
        assert_eq!(task.state, State::Invalid, "{}", message(&task));
        assert!(
            message(&task).starts_with("path_not_allowed: "),
            "{}",
            message(&task)
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_may_stay_below_the_root_and_may_not_leave_it() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    std::fs::write(place.at("root/inside.txt"), "some text").unwrap();
    symlink(place.at("root/inside.txt"), place.at("root/good")).unwrap();
    symlink(place.at("secret.txt"), place.at("root/bad")).unwrap();
    symlink(Path::new("/"), place.at("root/all")).unwrap();
    let out = format!("all{}", place.at("secret.txt").display());
    let states = place.run(&["good", "bad", &out]).await;
    let states: Vec<State> = states.iter().map(|task| task.state).collect();
    assert_eq!(states, [State::Succeeded, State::Invalid, State::Invalid]);
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_regular_file_is_never_opened() {
    let place = Place::new();
    let _socket = std::os::unix::net::UnixListener::bind(place.at("root/socket")).unwrap();
    std::fs::create_dir(place.at("root/folder")).unwrap();
    for task in place.run(&["socket", "folder"]).await {
        assert_eq!(task.state, State::Invalid);
        assert!(
            message(&task).contains("is no regular file"),
            "{}",
            message(&task)
        );
    }
}

#[tokio::test]
async fn a_file_above_the_limit_is_refused_by_its_size_alone() {
    let place = Place::new();
    let file = std::fs::File::create(place.at("root/large.txt")).unwrap();
    file.set_len(1 << 40).unwrap();
    let tasks = place.run(&["large.txt"]).await;
    assert_eq!(tasks[0].state, State::Invalid);
    assert!(
        message(&tasks[0]).starts_with("input_too_large: "),
        "{}",
        message(&tasks[0])
    );
}
