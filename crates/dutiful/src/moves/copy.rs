//! One pass over both places: what differs is written into the new one.
//!
//! Both places are read in the order of the keys and laid side by side, so a pass needs to know nothing of
//! the one before: it copies an empty place, goes on where a run was cut off, and finds what has changed,
//! all in the same way. A pass that finds nothing to write has compared every row: it is the proof.

use super::stream::Stream;
use crate::db::{Db, DbError, DbErrorKind, DbResult, Value};
use crate::store::moves::table::{self, Table, Values, compare};
use crate::store::moves::{self, Hold};
use crate::store::{retry, session::OwnTx};
use dutiful_core::limits::{MOVE_BYTES_MAX, MOVE_ROWS};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;

/// What one pass found in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TablePass {
    pub(super) table: &'static str,
    pub(super) rows: u64,
    /// Rows written and rows taken out at the new place.
    pub(super) written: u64,
    pub(super) removed: u64,
    /// Of all rows of each place as they were read, before anything was written.
    pub(super) source_digest: String,
    pub(super) target_digest: String,
}

impl TablePass {
    /// Whether both places held the same, row by row.
    pub(super) fn is_clean(&self) -> bool {
        self.written == 0 && self.removed == 0 && self.source_digest == self.target_digest
    }
}

/// Why a pass ended before its end.
#[derive(Debug)]
pub(super) enum Broken {
    Source(DbError),
    Target(DbError),
    /// Somebody asked for it.
    Stopped,
}

/// What is to be written next.
#[derive(Default)]
struct Changes {
    gone: Vec<Vec<Value>>,
    new: Vec<Values>,
    bytes: usize,
}

impl Changes {
    fn is_full(&self) -> bool {
        self.new.len().max(self.gone.len()) >= MOVE_ROWS || self.bytes >= MOVE_BYTES_MAX
    }

    fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty()
    }
}

/// Where a pass reads, where it writes, and under which hold.
pub(super) struct Pass<'p> {
    pub(super) source: &'p Db,
    pub(super) target: &'p Db,
    pub(super) hold: &'p Hold,
    /// Told of each page how many more rows were looked at; `false` ends the pass.
    pub(super) looked: &'p (dyn Fn(u64) -> bool + Send + Sync),
}

impl Pass<'_> {
    /// Makes one table of the target like that of the source.
    pub(super) async fn table(&self, table: &'static Table) -> Result<TablePass, Broken> {
        let mut source = Stream::new(self.source, table);
        let mut target = Stream::new(self.target, table);
        let (mut of_source, mut of_target) = (Sha256::new(), Sha256::new());
        let mut pass = TablePass {
            table: table.name,
            rows: 0,
            written: 0,
            removed: 0,
            source_digest: String::new(),
            target_digest: String::new(),
        };
        let mut changes = Changes::default();
        let mut looked = 0;
        loop {
            if source.next().is_none() || target.next().is_none() {
                let (a, b) = tokio::join!(source.fill(), target.fill());
                a.map_err(Broken::Source)?;
                b.map_err(Broken::Target)?;
                if !(self.looked)(std::mem::take(&mut looked)) {
                    return Err(Broken::Stopped);
                }
            }
            let order = match (source.next(), target.next()) {
                (None, None) => break,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => compare(&a[..table.key], &b[..table.key]),
            };
            let there = if order.is_le() { source.take() } else { None };
            let here = if order.is_ge() { target.take() } else { None };
            if let Some(row) = &there {
                table::canonical(row, |bytes| of_source.update(bytes));
                pass.rows += 1;
                looked += 1;
            }
            if let Some(row) = &here {
                table::canonical(row, |bytes| of_target.update(bytes));
            }
            if there != here {
                note(table, there, here, &mut changes, &mut pass);
                if changes.is_full() {
                    self.write(table, std::mem::take(&mut changes)).await?;
                }
            }
        }
        self.write(table, changes).await?;
        (self.looked)(looked);
        pass.source_digest = hex(&of_source.finalize());
        pass.target_digest = hex(&of_target.finalize());
        Ok(pass)
    }

    async fn write(&self, table: &'static Table, changes: Changes) -> Result<(), Broken> {
        if changes.is_empty() {
            return Ok(());
        }
        match self.write_at_once(table, &changes).await {
            Ok(()) => Ok(()),
            Err(error) if is_about_a_row(&error) && changes.new.len() > 1 => {
                self.write_one_by_one(table, changes).await
            }
            Err(error) => Err(Broken::Target(error)),
        }
    }

    /// In one transaction, in which nobody can take the move over.
    async fn write_at_once(&self, table: &'static Table, changes: &Changes) -> DbResult<()> {
        let write = |make_room: bool| async move {
            let mut tx = OwnTx::begin(self.target).await?;
            moves::hold(&mut tx, self.hold).await?;
            table
                .replace(&mut tx, &changes.gone, &changes.new, make_room)
                .await?;
            tx.commit().await
        };
        match retry::repeat(|| write(false)).await {
            // A slot that has changed hands, or rows that were written although the answer was lost.
            Err(error) if error.kind == DbErrorKind::Duplicate => {
                retry::repeat(|| write(true)).await
            }
            done => done,
        }
    }

    /// Finds the row that the target does not take, so that it can be named.
    async fn write_one_by_one(
        &self,
        table: &'static Table,
        changes: Changes,
    ) -> Result<(), Broken> {
        let gone = Changes {
            gone: changes.gone,
            ..Changes::default()
        };
        self.write_at_once(table, &gone)
            .await
            .map_err(Broken::Target)?;
        for row in changes.new {
            let key: Vec<String> = row[..table.key].iter().map(table::shown).collect();
            let one = Changes {
                new: vec![row],
                ..Changes::default()
            };
            self.write_at_once(table, &one).await.map_err(|mut error| {
                let (key, name) = (key.join(", "), table.name);
                error.message = format!(
                    "it does not take the row {key} of {name}: {}; change or remove that row at the old \
                     place, then run the move again",
                    error.message
                );
                Broken::Target(error)
            })?;
        }
        Ok(())
    }
}

/// Notes what has to be done so that the new place holds `there` and not `here`.
fn note(
    table: &'static Table,
    there: Option<Values>,
    here: Option<Values>,
    changes: &mut Changes,
    pass: &mut TablePass,
) {
    if let Some(row) = here {
        changes.gone.push(row[..table.key].to_vec());
        if there.is_none() {
            pass.removed += 1;
        }
    }
    if let Some(row) = there {
        changes.bytes += table::size(&row);
        changes.new.push(row);
        pass.written += 1;
    }
}

/// Whether one of many rows may be the cause.
fn is_about_a_row(error: &DbError) -> bool {
    matches!(error.kind, DbErrorKind::Other | DbErrorKind::Duplicate) && !moves::is_lost(error)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
