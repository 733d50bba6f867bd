//! Task types whose every run is in the hand of the test.

use dutiful::{Context, RetryPolicy, Task, TaskError, TaskId, TaskResult, Threads};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

use super::wait::within;

/// The names of the scripted types.
pub(crate) const NAMES: [&str; 3] = ["Script", "Other", "Third"];
/// Raw changes wake nobody on some engines, so scripted types look often.
const POLL: Duration = Duration::from_millis(20);

type Handler = dyn Fn(Value, Context) -> LocalBoxFuture<'static, TaskResult<Value>> + Send + Sync;

/// A task type, named by its number, that does what the test says. Its settings are fields.
#[derive(Clone)]
pub(crate) struct Script<const N: usize = 0> {
    handler: Arc<Handler>,
    pub(crate) timeout: Duration,
    pub(crate) lease: Duration,
    pub(crate) batch_size: usize,
    pub(crate) crash_limit: u32,
    pub(crate) poll_interval: Duration,
    pub(crate) retry_policy: RetryPolicy,
    pub(crate) threads: Threads,
}

impl<const N: usize> Script<N> {
    /// A type whose handler is this function. Failed runs are due again at once.
    pub(crate) fn new<F, R>(handler: F) -> Script<N>
    where
        F: Fn(Value, Context) -> R + Send + Sync + 'static,
        R: Future<Output = TaskResult<Value>> + 'static,
    {
        Script {
            handler: Arc::new(move |payload, cx| Box::pin(handler(payload, cx))),
            timeout: Duration::from_secs(300),
            lease: Duration::from_secs(30),
            batch_size: 16,
            crash_limit: 3,
            poll_interval: POLL,
            retry_policy: RetryPolicy::Cooldown(Duration::ZERO),
            threads: Threads::Shared,
        }
    }

    /// A type whose every run ends like this at once.
    pub(crate) fn ends(
        answer: impl Fn() -> TaskResult<Value> + Send + Sync + 'static,
    ) -> Script<N> {
        Script::new(move |_, _| {
            let answer = answer();
            async move { answer }
        })
    }

    /// A type whose runs succeed with their payload as result.
    pub(crate) fn echo() -> Script<N> {
        Script::new(|payload, _| async move { Ok(payload) })
    }
}

impl<const N: usize> Task for Script<N> {
    type Payload = Value;
    type Output = Value;

    async fn process(&self, payload: Value, cx: &Context) -> TaskResult<Value> {
        (self.handler)(payload, cx.clone()).await
    }

    fn name() -> &'static str {
        NAMES[N]
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn lease(&self) -> Duration {
        self.lease
    }

    fn batch_size(&self) -> usize {
        self.batch_size
    }

    fn crash_limit(&self) -> u32 {
        self.crash_limit
    }

    fn poll_interval(&self) -> Duration {
        self.poll_interval
    }

    fn retry_policy(&self) -> RetryPolicy {
        self.retry_policy.clone()
    }

    fn threads(&self) -> Threads {
        self.threads
    }
}

/// A run that waits for the test to say how it ends. Let go of, it fails.
pub(crate) struct Started {
    pub(crate) payload: Value,
    pub(crate) cx: Context,
    /// `None` stands for a panic.
    answer: oneshot::Sender<Option<TaskResult<Value>>>,
}

impl Started {
    pub(crate) fn id(&self) -> TaskId {
        self.cx.id()
    }

    /// Ends the run.
    pub(crate) fn end(self, answer: TaskResult<Value>) {
        // The handler may have been dropped, which the test finds out by other means.
        let _ = self.answer.send(Some(answer));
    }

    /// Ends the run with a panic.
    #[allow(dead_code, reason = "the histories of the model end runs in all ways")]
    pub(crate) fn panic(self) {
        let _ = self.answer.send(None);
    }

    /// Whether nobody waits for the answer any more: the handler was dropped.
    pub(crate) fn is_gone(&self) -> bool {
        self.answer.is_closed()
    }

    pub(crate) fn succeed(self, result: impl Into<Value>) {
        self.end(Ok(result.into()));
    }

    pub(crate) fn fail(self, why: &str) {
        self.end(Err(TaskError::failed(why)));
    }
}

/// Where a test meets the runs of a gated type.
pub(crate) struct Gate {
    runs: mpsc::UnboundedReceiver<Started>,
    kept: Vec<Started>,
}

impl Gate {
    /// The next run that begins.
    pub(crate) async fn next(&mut self) -> Started {
        within("a run begins", self.runs.recv()).await.unwrap()
    }

    /// Lets a run go on until it is told to end.
    pub(crate) fn keep(&mut self, run: Started) {
        self.kept.push(run);
    }

    /// The runs that have begun and that nobody has met yet.
    pub(crate) fn waiting(&self) -> usize {
        self.runs.len()
    }
}

/// A type whose runs wait for the test, and end by themselves when they are told to.
pub(crate) fn gated<const N: usize>() -> (Script<N>, Gate) {
    meeting(|told, answer| async move {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = told.cancelled() => Err(TaskError::failed("told to end")),
        }
    })
}

/// A type whose runs wait for the test, whatever they are told.
pub(crate) fn stubborn<const N: usize>() -> (Script<N>, Gate) {
    meeting(|_, answer| answer)
}

fn meeting<const N: usize, F>(
    wait: impl Fn(Context, LocalBoxFuture<'static, TaskResult<Value>>) -> F
    + Copy
    + Send
    + Sync
    + 'static,
) -> (Script<N>, Gate)
where
    F: Future<Output = TaskResult<Value>> + 'static,
{
    let (begun, runs) = mpsc::unbounded_channel();
    let script = Script::new(move |payload, cx: Context| {
        let (answer, answered) = oneshot::channel();
        let told = cx.clone();
        // Nobody listens once the test has ended.
        let _ = begun.send(Started {
            payload,
            cx,
            answer,
        });
        let let_go = || Err(TaskError::failed("the test let go of the run"));
        wait(
            told,
            Box::pin(async move {
                let answer = answered.await.unwrap_or_else(|_| Some(let_go()));
                answer.unwrap_or_else(|| panic!("the test told the run to panic"))
            }),
        )
    });
    (
        script,
        Gate {
            runs,
            kept: Vec::new(),
        },
    )
}
