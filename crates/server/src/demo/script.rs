//! What the demo submits, and what it expects to become of it.

use super::documents::Documents;
use super::tasks::{BrokenTask, FlakyTask, PanickingTask, Reason, SlowTask};
use super::verdict::{Expectation, Expected};
use crate::example_task::{ExamplePayload, ExampleTask};
use crate::failure::Failure;
use dutiful::{Client, Filter, Submitted, Task, TaskId};
use dutiful_documents::{TranscribeDocument, TranscribePayload};
use std::time::Duration;

/// Long enough for the second submission to find the first one waiting.
const DUPLICATE_DELAY: Duration = Duration::from_secs(1);
/// A count that is no number, as another program might write it.
const INVALID_PAYLOAD: &str = r#"{"message": "hello", "count": "many"}"#;
const INVALID_COUNT: &str = "many";

/// Submits everything.
pub(super) async fn submit(
    client: &Client,
    documents: &Documents,
) -> Result<Vec<Expectation>, Failure> {
    let mut expected = vec![good(client).await?, duplicate(client).await?];
    expected.push(one::<FlakyTask>(client, Expected::SucceedsOnRetry).await?);
    expected.push(one::<BrokenTask>(client, Expected::FailsForGood).await?);
    expected.push(one::<SlowTask>(client, Expected::TimesOut).await?);
    expected.push(one::<PanickingTask>(client, Expected::Panics).await?);
    expected.push(invalid(client).await?);
    expected.push(Expectation::new(
        super::tick_name(),
        Expected::Ticks,
        Vec::new(),
    ));
    expected.push(transcribe(client, documents).await?);
    Ok(expected)
}

async fn good(client: &Client) -> Result<Expectation, Failure> {
    let words = [
        ("hello ", 3),
        ("ab", 1_000),
        ("Grüße 🌍 ", 2),
        ("once", 1),
        ("-", 80),
    ];
    let payloads = words.map(|(message, count)| ExamplePayload {
        message: message.to_owned(),
        count,
    });
    let submitted = client.submit_many::<ExampleTask>(payloads).await?;
    Ok(Expectation::new(
        ExampleTask::name(),
        Expected::RepeatsMessage,
        ids(&submitted),
    ))
}

/// The same payload twice, while the first one still waits.
async fn duplicate(client: &Client) -> Result<Expectation, Failure> {
    let payload = || ExamplePayload {
        message: "twice".to_owned(),
        count: 2,
    };
    let first = client
        .submit::<ExampleTask>(payload())
        .delay(DUPLICATE_DELAY)
        .await?;
    let second = client.submit::<ExampleTask>(payload()).await?;
    let expected = Expected::Merges { second };
    Ok(Expectation::new(
        ExampleTask::name(),
        expected,
        vec![first.id],
    ))
}

async fn one<T: Task<Payload = Reason>>(
    client: &Client,
    expected: Expected,
) -> Result<Expectation, Failure> {
    let reason = Reason {
        reason: "shown by the demo".to_owned(),
    };
    let submitted = client.submit::<T>(reason).await?;
    Ok(Expectation::new(T::name(), expected, vec![submitted.id]))
}

/// What a program without the library could do: plain SQL, and a payload that nobody checked.
async fn invalid(client: &Client) -> Result<Expectation, Failure> {
    let name = ExampleTask::name();
    dutiful::testing::insert_plain(client, name, INVALID_PAYLOAD).await?;
    let found = client
        .list(&Filter::new().task_name(name).text(INVALID_COUNT))
        .await?
        .tasks;
    let ids = found.iter().map(|task| task.id).collect();
    Ok(Expectation::new(name, Expected::IsInvalid, ids))
}

async fn transcribe(client: &Client, documents: &Documents) -> Result<Expectation, Failure> {
    let payloads = documents
        .files
        .iter()
        .map(|path| TranscribePayload::file(path.as_str()));
    let submitted = client.submit_many::<TranscribeDocument>(payloads).await?;
    let files = documents.files.clone();
    let expected = Expected::Transcribes {
        files,
        all: documents.own,
    };
    Ok(Expectation::new(
        TranscribeDocument::name(),
        expected,
        ids(&submitted),
    ))
}

fn ids(submitted: &[Submitted]) -> Vec<TaskId> {
    submitted.iter().map(|one| one.id).collect()
}
