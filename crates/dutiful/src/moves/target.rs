//! Making the new place ready: tables, the row of the move, nothing of anybody else's; and opening it.

use super::place::Place;
use super::plan::{self, Target, conflict};
use crate::client::Client;
use crate::store::moves::table::ALL;
use crate::store::moves::{self, Begin, Hold, Seen};
use crate::{Error, ErrorKind, Result};

/// Whether the tables would have to be made. Refuses tables of another version than this program's.
pub(super) async fn needs_tables(client: &Client) -> Result<bool> {
    let status = client.migrator().status().await.map_err(about_target)?;
    if status.found == 0 {
        return Ok(true);
    }
    client.migrator().check().await.map_err(about_target)?;
    Ok(false)
}

/// The row of the target; none where there are no tables.
pub(super) async fn seen(client: &Client, place: &Place) -> Result<Option<Seen>> {
    if needs_tables(client).await? {
        return Ok(None);
    }
    moves::show(&place.usual)
        .await
        .map_err(|error| about_target(error.into()))
}

/// Makes the place ready for the rows of a move, and takes hold of it; `true` when it has been opened by
/// this move already.
pub(super) async fn prepare(
    client: &Client,
    place: &Place,
    from: &str,
    move_id: &str,
    hold: &Hold,
) -> Result<bool> {
    if needs_tables(client).await? {
        client.migrate().await.map_err(about_target)?;
    }
    let mut seen = show(place).await?;
    let mut found = plan::target(seen.as_ref(), from, move_id)?;
    if found == Target::Remains {
        clear(client, place).await?;
        client.migrate().await.map_err(about_target)?;
        seen = None;
        found = Target::Begin;
    }
    match found {
        Target::Open => return Ok(true),
        Target::Resume => {
            if !moves::take_over(&place.own, move_id, hold)
                .await
                .map_err(target_error)?
            {
                return Err(conflict("another move has begun there meanwhile"));
            }
        }
        Target::Begin | Target::Remains => {
            refuse_rows(&moves::counts(&place.usual).await.map_err(target_error)?)?;
            let begin = Begin {
                move_id: move_id.to_owned(),
                role: "target",
                stage: "filling",
                other: from.to_owned(),
                hold: hold.clone(),
            };
            let began = moves::begin(&place.own, &begin, seen.as_ref()).await;
            if !began.map_err(target_error)? {
                return Err(conflict("another move has begun there meanwhile"));
            }
        }
    }
    place
        .take_away("filling", false, hold)
        .await
        .map_err(target_error)?;
    if found == Target::Begin {
        // Somebody may have submitted there in the last moment.
        let counts = moves::counts(&place.away).await.map_err(target_error)?;
        if let Err(refused) = refuse_rows(&counts) {
            place
                .put_back("aborted", hold)
                .await
                .map_err(target_error)?;
            moves::release(&place.own, hold)
                .await
                .map_err(target_error)?;
            return Err(refused);
        }
    }
    Ok(false)
}

/// Lets everybody in. Done once more it changes nothing.
pub(super) async fn open(place: &Place, hold: &Hold) -> Result<()> {
    place.put_back("open", hold).await.map_err(target_error)?;
    moves::release(&place.own, hold).await.map_err(target_error)
}

/// Removes all that a move has written: the place is as if Dutiful had never been there.
pub(super) async fn clear(client: &Client, place: &Place) -> Result<()> {
    if place.there().await.map_err(target_error)?.away.is_empty() {
        client.migrator().down(0).await.map_err(about_target)?;
        return Ok(());
    }
    place.drop_away().await.map_err(target_error)
}

pub(super) async fn show(place: &Place) -> Result<Option<Seen>> {
    moves::show(&place.own).await.map_err(target_error)
}

pub(super) fn refuse_rows(counts: &[u64]) -> Result<()> {
    let full = ALL
        .iter()
        .zip(counts)
        .find(|(table, rows)| **rows > table.born_with);
    match full {
        None => Ok(()),
        Some((table, rows)) => Err(conflict(format!(
            "the database to move to is in use: its table {} has {rows} rows; take one without tasks, \
             periodics and tokens of Dutiful, or another table prefix",
            table.name
        ))),
    }
}

pub(super) fn target_error(error: crate::db::DbError) -> Error {
    about_target(Error::from(error))
}

fn about_target(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Conflict => error,
        _ => error.context("the database to move to"),
    }
}
