//! What a database has of the schema, for people and scripts.

use super::files::{self, File};
use super::plan::Recorded;
use crate::db::Dialect;
use dutiful_core::Timestamp;
use serde::Serialize;

/// Where a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MigrationState {
    /// Known to this program, not in the database.
    Pending,
    /// In the database, whole.
    Applied,
    /// Being applied by a run that works now or was cut off; `up` finishes it.
    Applying,
    /// Being rolled back by a run that works now or was cut off; `down` finishes it, `up` turns it round.
    RollingBack,
    /// In the database, not known to this program, which is too old.
    Unknown,
}

/// One migration, as known here and as recorded there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigrationStatus {
    /// Its number, from 1.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: MigrationState,
    /// When it was applied, by the database's clock.
    pub applied_at: Option<Timestamp>,
    /// Whether it was applied with the text that this program carries; `None` when there is nothing to
    /// compare.
    pub checksum_ok: Option<bool>,
}

/// The schema of a database beside the one that this program needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SchemaStatus {
    /// The version that this program needs.
    pub needed: u32,
    /// The newest version recorded in the database; 0 for none.
    pub found: u32,
    /// Every migration known here or recorded there, oldest first.
    pub migrations: Vec<MigrationStatus>,
}

impl SchemaStatus {
    /// Whether this program can work with the database.
    pub fn is_current(&self) -> bool {
        self.migrations.iter().all(|migration| {
            migration.state == MigrationState::Applied && migration.checksum_ok == Some(true)
        })
    }

    pub(super) fn of(files: &[File], dialect: Dialect, recorded: &[Recorded]) -> SchemaStatus {
        let needed = files::newest(files);
        let found = recorded.iter().map(|row| row.version).max().unwrap_or(0);
        let known = files.iter().map(|file| {
            let row = recorded.iter().find(|row| row.version == file.version);
            of_known(file, dialect, row)
        });
        let unknown = recorded
            .iter()
            .filter(|row| row.version > needed)
            .map(of_unknown);
        SchemaStatus {
            needed,
            found,
            migrations: known.chain(unknown).collect(),
        }
    }
}

fn of_known(file: &File, dialect: Dialect, row: Option<&Recorded>) -> MigrationStatus {
    let state = match row.map(|row| row.under_way) {
        None => MigrationState::Pending,
        Some(None) => MigrationState::Applied,
        Some(Some(super::Direction::Up)) => MigrationState::Applying,
        Some(Some(super::Direction::Down)) => MigrationState::RollingBack,
    };
    MigrationStatus {
        version: file.version,
        name: file.name.to_owned(),
        state,
        applied_at: row.and_then(|row| row.applied_at),
        checksum_ok: row.map(|row| row.checksum == file.checksum(dialect)),
    }
}

fn of_unknown(row: &Recorded) -> MigrationStatus {
    MigrationStatus {
        version: row.version,
        name: row.name.clone(),
        state: MigrationState::Unknown,
        applied_at: row.applied_at,
        checksum_ok: None,
    }
}
