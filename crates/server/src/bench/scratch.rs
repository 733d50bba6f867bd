//! The tables that a bench works in: made before, dropped after, never those of anybody's tasks.

use super::POOL_SIZE;
use crate::failure::{Exit, Failure};
use crate::settings::Settings;
use dutiful::Client;

/// What the names of the scratch tables begin with.
pub(super) const PREFIX: &str = "dutiful_bench_";

/// A client on scratch tables.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) client: Client,
    /// The tables were there before, and stay.
    existing: bool,
}

impl Scratch {
    /// Makes the tables; refuses when they are there already, unless they are to be.
    pub(super) async fn make(settings: &Settings, existing: bool) -> Result<Scratch, Failure> {
        let client = Client::builder(&settings.database_url)
            .table_prefix(PREFIX)
            .pool_size(POOL_SIZE)
            .connect()
            .await?;
        let scratch = Scratch { client, existing };
        let found = scratch.client.migrator().status().await?.found > 0;
        match (found, existing) {
            (true, false) => Err(in_use()),
            (false, true) => Err(missing()),
            _ => Ok(scratch),
        }
    }

    /// Empty tables for the next measurement, unless there are rows that are to stay.
    pub(super) async fn clear(&self) -> Result<(), Failure> {
        if !self.existing {
            self.drop_tables().await?;
            self.client.migrate().await?;
        }
        Ok(())
    }

    pub(super) async fn drop_tables(&self) -> Result<(), Failure> {
        if !self.existing {
            self.client.migrator().down(0).await?;
        }
        Ok(())
    }
}

fn missing() -> Failure {
    Failure::new(
        Exit::Conflict,
        "bench_tables_missing",
        format!("there are no tables that begin with `{PREFIX}`"),
    )
    .fix(format!(
        "make them with `dutiful --table-prefix {PREFIX} migrate up`, or leave --on-existing out"
    ))
}

fn in_use() -> Failure {
    Failure::new(
        Exit::Conflict,
        "bench_tables_in_use",
        format!("there are tables that begin with `{PREFIX}` already"),
    )
    .fix(format!(
        "wait for the other bench, or drop what a killed one left with \
         `dutiful --table-prefix {PREFIX} migrate down --to 0`"
    ))
}
