//! Giving a move up, removing what one has left, and looking where one is.

use super::place::Place;
use super::plan::conflict;
use super::report::MoveStatus;
use super::{ASK_EVERY, Mover, WAIT_MAX, about_source, cut::source_error, hold, show, target};
use crate::Result;
use crate::client::Client;
use crate::db::DbErrorKind;
use crate::store::moves::{self, Seen};
use std::time::Instant;

impl Mover {
    /// Gives a move up that has not come to its end: the tables come back at the old place, and what has
    /// been written at the new one is removed, with all tables of Dutiful there. Without `to` that is left,
    /// and the next move to the same place removes it.
    ///
    /// # Errors
    /// `conflict` when there is nothing to give up, when the move has come to its end, or when another
    /// process is at it; whatever the databases say.
    pub async fn abort(from: &Client, to: Option<&Client>) -> Result<()> {
        from.migrator().check().await.map_err(about_source)?;
        let place = Place::open(from).await.map_err(about_source)?;
        let hold = hold::new();
        let deadline = Instant::now() + WAIT_MAX;
        let move_id = loop {
            let seen = show(&place).await?;
            let move_id = under_way(seen.as_ref())?;
            if moves::take(&place.own, &move_id, &hold)
                .await
                .map_err(source_error)?
            {
                break move_id;
            }
            if Instant::now() >= deadline {
                return Err(conflict(
                    "another process is at this move: stop it, and run this again",
                ));
            }
            tokio::time::sleep(ASK_EVERY).await;
        };
        place
            .put_back("aborted", &hold)
            .await
            .map_err(source_error)?;
        moves::release(&place.own, &hold)
            .await
            .map_err(source_error)?;
        let Some(to) = to else {
            return Ok(());
        };
        let there = Place::open(to).await?;
        let seen = target::seen(to, &there).await?;
        match seen {
            Some(seen) if seen.move_id == move_id && seen.role == "target" => {
                target::clear(to, &there).await
            }
            _ => Ok(()),
        }
    }

    /// Removes the tables that a move has left at the old place, with everything in them. Programs that
    /// still look there are no longer told where the queue is.
    ///
    /// # Errors
    /// `conflict` when no queue was moved away from there; whatever the database says.
    pub async fn remove_old(from: &Client) -> Result<()> {
        let place = Place::open(from).await?;
        match show(&place).await? {
            Some(seen) if seen.role == "source" && seen.stage == "moved" => {
                target::clear(from, &place).await
            }
            _ => Err(conflict("no queue was moved away from this database")),
        }
    }

    /// The move that a database takes part in, or took part in last.
    ///
    /// # Errors
    /// Whatever the database says.
    pub async fn status(client: &Client) -> Result<Option<MoveStatus>> {
        let seen = match moves::show(client.db()).await {
            Err(error) if error.kind == DbErrorKind::SchemaMissing => None,
            seen => seen?,
        };
        Ok(seen.map(MoveStatus::of))
    }
}

/// Which move can be given up.
fn under_way(seen: Option<&Seen>) -> Result<String> {
    let nothing = || conflict("no move is under way from this database");
    let seen = seen.ok_or_else(nothing)?;
    match (seen.role.as_str(), seen.stage.as_str()) {
        ("source", "moved") => Err(conflict(format!(
            "this move has come to its end: the queue is at {}",
            seen.other
        ))),
        // Aborted once more it does no harm: tables that are still away come back.
        ("source", _) => Ok(seen.move_id.clone()),
        _ => Err(nothing()),
    }
}
