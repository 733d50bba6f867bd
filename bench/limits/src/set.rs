//! Settings that a team may think of: of the server, as far as it takes them while it runs, or of the table
//! of tasks.

use anyhow::{Result, bail};
use serde_json::json;

use crate::{my, pg, sq};

/// Where a setting is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On PostgreSQL only for this database, so that it goes with it.
    Server,
    Table,
}

pub(crate) async fn run(url: &str, place: &str, name: &str, value: &str) -> Result<()> {
    let place = match place {
        "server" => Place::Server,
        "table" => Place::Table,
        _ => bail!("no place is called {place}: there are server and table"),
    };
    if sq::file(url).is_some() {
        bail!("Dutiful sets everything of SQLite itself");
    }
    if url.starts_with("mysql:") {
        my::set(url, place, name, value).await?;
    } else {
        pg::set(url, place, name, value).await?;
    }
    println!("{}", json!({ "set": name, "value": value }));
    Ok(())
}
