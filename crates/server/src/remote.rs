//! The HTTP API from the other side: what commands ask a server for.
//!
//! What lives here: requests, and their answers as the library's types. What does not: what a command does with them.

mod address;
mod link;
mod refusal;
mod stream;

pub(crate) use stream::{Events, Heard};

use crate::failure::{Exit, Failure};
use address::Address;
use dutiful::{
    AttemptInfo, AuditPage, Explanation, Filter, LogLine, Page, PeriodicInfo, Stats, Submitted,
    TaskCount, TaskId, TaskInfo, Timestamp, WorkerInfo,
};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode, header};
use link::Link;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

const TOKEN_BYTES_MAX: u64 = 4 * 1024;

/// A server.
pub(crate) struct Remote {
    link: Link,
    token: Option<String>,
}

#[derive(Deserialize)]
struct Tasks {
    tasks: Vec<TaskInfo>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Attempts {
    attempts: Vec<AttemptInfo>,
}

#[derive(Deserialize)]
struct Logs {
    logs: Vec<LogLine>,
}

#[derive(Deserialize)]
struct Workers {
    workers: Vec<WorkerInfo>,
}

#[derive(Deserialize)]
struct Periodics {
    periodic: Vec<PeriodicInfo>,
}

#[derive(Deserialize)]
struct NextTicks {
    next: Vec<Timestamp>,
}

impl Remote {
    /// The server at this address. Nothing is sent yet.
    pub(crate) fn new(
        url: &str,
        token_file: Option<&Path>,
        authorities: Option<&Path>,
    ) -> Result<Remote, Failure> {
        let address = Address::read(url)?;
        let token = token_file.map(read_token).transpose()?;
        if token.is_some() && !address.is_private() {
            tracing::warn!("the token travels in plain sight to {address}: use https://");
        }
        Ok(Remote {
            link: Link::new(address, authorities)?,
            token,
        })
    }

    pub(crate) async fn submit(&self, submission: &Value) -> Result<Submitted, Failure> {
        self.send(Method::POST, "/tasks", Some(submission)).await
    }

    pub(crate) async fn get(&self, id: TaskId) -> Result<TaskInfo, Failure> {
        self.send(Method::GET, &format!("/tasks/{id}"), None).await
    }

    /// The task when it has ended, or as it is after this time, which is one minute at most.
    pub(crate) async fn wait(&self, id: TaskId, at_most: Duration) -> Result<TaskInfo, Failure> {
        // The server understands four digits of milliseconds, or whole seconds.
        let wait = match at_most.as_millis() {
            milliseconds @ 0..10_000 => format!("{milliseconds}ms"),
            _ => format!("{}s", at_most.as_secs().min(60)),
        };
        self.send(Method::GET, &format!("/tasks/{id}?wait={wait}"), None)
            .await
    }

    pub(crate) async fn attempts(&self, id: TaskId) -> Result<Vec<AttemptInfo>, Failure> {
        let path = format!("/tasks/{id}/attempts");
        let answer: Attempts = self.send(Method::GET, &path, None).await?;
        Ok(answer.attempts)
    }

    pub(crate) async fn logs(&self, id: TaskId) -> Result<Vec<LogLine>, Failure> {
        let path = format!("/tasks/{id}/logs");
        let answer: Logs = self.send(Method::GET, &path, None).await?;
        Ok(answer.logs)
    }

    pub(crate) async fn list(&self, filter: &Filter) -> Result<Page, Failure> {
        let path = format!("/tasks{}", query(&wishes(filter)));
        let answer: Tasks = self.send(Method::GET, &path, None).await?;
        Ok(Page {
            tasks: answer.tasks,
            next: answer.next_cursor,
        })
    }

    pub(crate) async fn count(&self, filter: &Filter) -> Result<TaskCount, Failure> {
        let mut wishes = wishes(filter);
        wishes.retain(|(name, _)| !["limit", "cursor"].contains(name));
        let path = format!("/tasks/count{}", query(&wishes));
        self.send(Method::GET, &path, None).await
    }

    pub(crate) async fn explain(&self, id: TaskId) -> Result<Explanation, Failure> {
        self.send(Method::GET, &format!("/tasks/{id}/explain"), None)
            .await
    }

    /// `retry`, `cancel` or `run-now`.
    pub(crate) async fn operate(&self, verb: &str, id: TaskId) -> Result<TaskInfo, Failure> {
        self.send(Method::POST, &format!("/tasks/{id}/{verb}"), None)
            .await
    }

    pub(crate) async fn duplicate(&self, id: TaskId) -> Result<Submitted, Failure> {
        self.send(Method::POST, &format!("/tasks/{id}/duplicate"), None)
            .await
    }

    pub(crate) async fn edit(&self, id: TaskId, edit: &Value) -> Result<TaskInfo, Failure> {
        self.send(Method::PATCH, &format!("/tasks/{id}"), Some(edit))
            .await
    }

    pub(crate) async fn delete(&self, id: TaskId) -> Result<(), Failure> {
        let path = format!("/tasks/{id}");
        self.ask(Method::DELETE, &path, None).await.map(drop)
    }

    pub(crate) async fn stats(&self, window: Duration) -> Result<Stats, Failure> {
        let path = format!("/stats?window={}", window.as_secs_f64());
        self.send(Method::GET, &path, None).await
    }

    pub(crate) async fn workers(&self) -> Result<Vec<WorkerInfo>, Failure> {
        let answer: Workers = self.send(Method::GET, "/workers", None).await?;
        Ok(answer.workers)
    }

    pub(crate) async fn periodic(&self) -> Result<Vec<PeriodicInfo>, Failure> {
        let answer: Periodics = self.send(Method::GET, "/periodic", None).await?;
        Ok(answer.periodic)
    }

    pub(crate) async fn periodic_next(
        &self,
        name: &str,
        count: usize,
    ) -> Result<Vec<Timestamp>, Failure> {
        let path = format!("/periodic/{}/next?count={count}", escaped(name));
        let answer: NextTicks = self.send(Method::GET, &path, None).await?;
        Ok(answer.next)
    }

    /// The types that the server knows, as it describes them.
    pub(crate) async fn types(&self) -> Result<Vec<Value>, Failure> {
        let mut answer: Value = self.send(Method::GET, "/task-types", None).await?;
        match answer["task_types"].take() {
            Value::Array(types) => Ok(types),
            _ => Err(self.link.broken("it lists no task types")),
        }
    }

    /// A page of the audit, by the parameters of the route.
    pub(crate) async fn audit(&self, wishes: &[(&str, String)]) -> Result<AuditPage, Failure> {
        let path = format!("/audit{}", query(wishes));
        self.send(Method::GET, &path, None).await
    }

    /// The description of the API, as the server gives it.
    pub(crate) async fn openapi(&self) -> Result<Value, Failure> {
        self.send(Method::GET, "/openapi.json", None).await
    }

    /// What happens from now on, or after an event.
    pub(crate) async fn events(&self, wishes: &[(&str, String)]) -> Result<Events, Failure> {
        let request = self.request(Method::GET, &format!("/events{}", query(wishes)), None)?;
        // A stream keeps its connection to itself.
        let link = self.link.another();
        let answer = link.begin(request).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(Events::new(link, answer.into_body()));
        }
        let (status, body) = link.rest(answer).await?;
        Err(refusal::read(status, &body))
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let answer = self.ask(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| {
            let cause = format!("the server's answer cannot be read: {error}");
            Failure::new(Exit::Failure, "server", cause)
                .fix("it may be of another version than this program")
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Bytes, Failure> {
        let request = self.request(method, path, body)?;
        let (status, body) = self.link.ask(request).await?;
        match status.is_success() {
            true => Ok(body),
            false => Err(refusal::read(status, &body)),
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Request<Full<Bytes>>, Failure> {
        let address = &self.link.address;
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", address.base))
            .header(header::HOST, address.authority())
            .header(
                header::ACCEPT,
                "application/json, text/event-stream, application/problem+json",
            );
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Bytes::from(value.to_string())
            }
            None => Bytes::new(),
        };
        request
            .body(Full::new(body))
            .map_err(|error| Failure::usage(format!("this cannot be asked of a server: {error}")))
    }
}

/// A filter as the parameters of `GET /tasks`, but for its cursor by their own names.
fn wishes(filter: &Filter) -> Vec<(&'static str, String)> {
    let said = serde_json::to_value(filter).unwrap_or_default();
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(words) if words.is_empty() => None,
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            Some(words.join(","))
        }
        other => Some(other.to_string()),
    };
    let names = [
        ("task_name", "task_name"),
        ("states", "state"),
        ("status", "status"),
        ("text", "text"),
        ("created_after", "created_after"),
        ("created_before", "created_before"),
        ("finished_after", "finished_after"),
        ("finished_before", "finished_before"),
        ("limit", "limit"),
        ("after", "cursor"),
    ];
    let named = names.into_iter();
    named
        .filter_map(|(own, name)| Some((name, text(&said[own])?)))
        .collect()
}

/// `?a=b&c=d`, everything written so that it stands for itself.
fn query(wishes: &[(&str, String)]) -> String {
    let mut out = String::new();
    for (name, value) in wishes {
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.push_str(&escaped(value));
    }
    out
}

/// A text as a part of an address that stands for itself.
fn escaped(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b',' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn read_token(path: &Path) -> Result<String, Failure> {
    let wrong = |why: String| {
        Failure::usage(format!("the token in {}: {why}", path.display()))
            .fix("name a file that `dutiful token create NAME > FILE` has written")
    };
    let mut text = String::new();
    let file = File::open(path).map_err(|error| wrong(error.to_string()))?;
    warn_if_open(path);
    file.take(TOKEN_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
    match token.is_empty() || !is_visible {
        true => Err(wrong("the file holds none".to_owned())),
        false => Ok(token.to_owned()),
    }
}

/// Whoever can read the file can do what its owner may.
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let is_open = |facts: std::fs::Metadata| facts.permissions().mode() & 0o007 != 0;
    if std::fs::metadata(path).is_ok_and(is_open) {
        let path = path.display();
        tracing::warn!("everybody on this machine may read {path}: chmod o= {path}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dutiful::State;

    #[test]
    fn a_filter_is_asked_for_by_the_names_of_the_route() {
        let filter = Filter::new()
            .task_name("A")
            .states(&[State::Failed, State::Queued])
            .text("a&b=ü %")
            .limit(7)
            .after("b9");
        assert_eq!(
            query(&wishes(&filter)),
            "?task_name=A&state=failed,queued&text=a%26b%3D%C3%BC%20%25&limit=7&cursor=b9"
        );
        assert_eq!(query(&wishes(&Filter::new())), "");
    }
}
