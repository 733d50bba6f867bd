//! The tables that a bench works in: made before, dropped after, never those of anybody's tasks.

use super::POOL_SIZE;
use crate::failure::{Exit, Failure};
use crate::settings::Settings;
use dutiful::Client;

/// What the names of the scratch tables begin with.
const PREFIX: &str = "dutiful_bench_";

/// A client on scratch tables.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) client: Client,
}

impl Scratch {
    /// Makes the tables; refuses when they are there already.
    pub(super) async fn make(settings: &Settings) -> Result<Scratch, Failure> {
        let client = Client::builder(&settings.database_url)
            .table_prefix(PREFIX)
            .pool_size(POOL_SIZE)
            .connect()
            .await?;
        if client.migrator().status().await?.found > 0 {
            return Err(in_use());
        }
        client.migrate().await?;
        Ok(Scratch { client })
    }

    pub(super) async fn drop_tables(&self) -> Result<(), Failure> {
        self.client.migrator().down(0).await?;
        Ok(())
    }
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
