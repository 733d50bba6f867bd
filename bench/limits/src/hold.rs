//! A connection that holds an old snapshot open, as a report or a forgotten session does, until stdin is
//! closed.

use anyhow::Result;

use crate::{my, pg, sq, talk};

pub(crate) async fn run(url: &str) -> Result<()> {
    if let Some(file) = sq::file(url) {
        let _held = sq::hold(file)?;
        return talk::ready_until_closed().await;
    }
    if url.starts_with("mysql:") {
        let _held = my::hold(url).await?;
        return talk::ready_until_closed().await;
    }
    let _held = pg::hold(url).await?;
    talk::ready_until_closed().await
}
