//! What a server has counted since it began: read before and after, the difference tells what was asked of
//! it and what it wrote.

use anyhow::Result;
use serde_json::Value;

use crate::{my, pg, sq};

pub(crate) async fn read(url: &str) -> Result<Value> {
    if let Some(file) = sq::file(url) {
        return sq::counters(file);
    }
    if url.starts_with("mysql:") {
        return my::counters(url).await;
    }
    pg::counters(url).await
}
