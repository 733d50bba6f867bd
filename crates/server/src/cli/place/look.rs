//! What is told of a queue as a whole: counts and figures, workers, task names, the audit; and what is done to a
//! worker or a task name.

use super::Place;
use crate::cli::{App, actor};
use crate::failure::Failure;
use dutiful::{
    AuditFilter, AuditPage, PausedName, Series, SeriesFilter, Stats, Step, Timestamp, WorkerInfo,
};
use std::time::Duration;

/// Which entries of the audit are wanted.
#[derive(Debug)]
pub(in crate::cli) struct AuditWishes {
    pub(in crate::cli) actor: Option<String>,
    pub(in crate::cli) target: Option<String>,
    pub(in crate::cli) limit: usize,
    pub(in crate::cli) after: Option<String>,
}

/// The task names of a place.
#[derive(Debug)]
pub(in crate::cli) struct TaskNames {
    /// Who knows those that are known.
    pub(in crate::cli) who: &'static str,
    pub(in crate::cli) known: Vec<String>,
    pub(in crate::cli) paused: Vec<PausedName>,
}

impl Place {
    pub(in crate::cli) async fn stats(&self, window: Duration) -> Result<Stats, Failure> {
        match self {
            Place::Database(client) => Ok(client.stats_over(window).await?),
            Place::Server(remote) => remote.stats(window).await,
        }
    }

    /// What ended in each span, from the one on in which this time lies.
    pub(in crate::cli) async fn stats_series(
        &self,
        step: Step,
        from: Option<Timestamp>,
        task_name: Option<String>,
    ) -> Result<Series, Failure> {
        match self {
            Place::Database(client) => {
                let mut filter = SeriesFilter::new(step);
                if let Some(from) = from {
                    filter = filter.from(from);
                }
                if let Some(name) = task_name {
                    filter = filter.task_name(name);
                }
                Ok(client.stats_series(&filter).await?)
            }
            Place::Server(remote) => {
                let step = Some(("step", step.to_string()));
                let from = from.map(|time| ("from", time.to_string()));
                let task_name = task_name.map(|name| ("task_name", name));
                let wishes = [step, from, task_name].into_iter().flatten();
                remote.stats_series(&wishes.collect::<Vec<_>>()).await
            }
        }
    }

    pub(in crate::cli) async fn workers(&self) -> Result<Vec<WorkerInfo>, Failure> {
        match self {
            Place::Database(client) => Ok(client.workers().await?),
            Place::Server(remote) => remote.workers().await,
        }
    }

    pub(in crate::cli) async fn drain_worker(&self, worker: &str) -> Result<WorkerInfo, Failure> {
        match self {
            Place::Database(client) => Ok(client.drain_worker(worker).await?),
            Place::Server(remote) => remote.drain_worker(worker).await,
        }
    }

    pub(in crate::cli) async fn task_names(&self, app: &App) -> Result<TaskNames, Failure> {
        match self {
            Place::Database(client) => Ok(TaskNames {
                who: "this binary",
                known: app.tasks.names().map(str::to_owned).collect(),
                paused: client.paused().await?,
            }),
            Place::Server(remote) => {
                let types = remote.task_types().await?;
                let names = types.task_types.iter();
                let names = names.filter_map(|one| one["task_name"].as_str());
                Ok(TaskNames {
                    who: "the server",
                    known: names.map(str::to_owned).collect(),
                    paused: types.paused,
                })
            }
        }
    }

    pub(in crate::cli) async fn pause(&self, task_name: &str) -> Result<(), Failure> {
        match self {
            Place::Database(client) => Ok(client.pause(task_name, &actor()).await.map(drop)?),
            Place::Server(remote) => remote.pause(task_name).await,
        }
    }

    pub(in crate::cli) async fn resume(&self, task_name: &str) -> Result<(), Failure> {
        match self {
            Place::Database(client) => Ok(client.resume(task_name).await?),
            Place::Server(remote) => remote.resume(task_name).await,
        }
    }

    pub(in crate::cli) async fn audit(&self, wishes: AuditWishes) -> Result<AuditPage, Failure> {
        let AuditWishes {
            actor,
            target,
            limit,
            after,
        } = wishes;
        match self {
            Place::Database(client) => {
                let mut filter = AuditFilter::new().limit(limit);
                if let Some(actor) = actor {
                    filter = filter.actor(actor);
                }
                if let Some(target) = target {
                    filter = filter.target(target);
                }
                if let Some(cursor) = after {
                    filter = filter.after(cursor);
                }
                Ok(client.audit_log(&filter).await?)
            }
            Place::Server(remote) => {
                let limit = Some(limit.to_string());
                let wishes = [
                    ("actor", actor),
                    ("target", target),
                    ("limit", limit),
                    ("cursor", after),
                ];
                let said = wishes.into_iter();
                let said = said.filter_map(|(name, value)| Some((name, value?)));
                remote.audit(&said.collect::<Vec<_>>()).await
            }
        }
    }
}
