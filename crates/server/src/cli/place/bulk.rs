//! Bulk operations, on a database or a server.

use super::Place;
use crate::cli::actor;
use crate::failure::Failure;
use crate::remote::{Operations, Preview};
use dutiful::{BulkAction, BulkOperations, Filter, Operation, TaskId, Worker, WorkerHandle};
use std::time::Duration;

impl Place {
    pub(in crate::cli) async fn bulk_preview(
        &self,
        action: BulkAction,
        filter: &Filter,
    ) -> Result<Preview, Failure> {
        match self {
            Place::Database(client) => {
                let preview = client.bulk_preview(action, filter, &actor()).await?;
                Ok(preview.into())
            }
            Place::Server(remote) => remote.bulk_preview(action, filter).await,
        }
    }

    /// Starts what was previewed.
    pub(in crate::cli) async fn bulk(&self, token: &str) -> Result<Operation, Failure> {
        match self {
            Place::Database(client) => Ok(client.bulk(token, &actor()).await?),
            Place::Server(remote) => remote.bulk(token).await,
        }
    }

    pub(in crate::cli) async fn operations(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Operations, Failure> {
        match self {
            Place::Database(client) => Ok(client.operations(limit, after).await?.into()),
            Place::Server(remote) => remote.operations(limit, after).await,
        }
    }

    /// What carries operations out beside whatever else does, on a database, where nothing else may. A server does so
    /// itself.
    pub(in crate::cli) async fn carry_out_operations(
        &self,
    ) -> Result<Option<WorkerHandle>, Failure> {
        let Place::Database(client) = self else {
            return Ok(None);
        };
        let worker = Worker::new(client.clone()).register(BulkOperations);
        Ok(Some(worker.shutdown_grace(Duration::ZERO).start().await?))
    }

    pub(in crate::cli) async fn operation(&self, id: TaskId) -> Result<Operation, Failure> {
        match self {
            Place::Database(client) => Ok(client.operation(id).await?),
            Place::Server(remote) => remote.operation(id).await,
        }
    }

    pub(in crate::cli) async fn stop_operation(&self, id: TaskId) -> Result<Operation, Failure> {
        match self {
            Place::Database(client) => Ok(client.stop_operation(id).await?),
            Place::Server(remote) => remote.stop_operation(id).await,
        }
    }
}
