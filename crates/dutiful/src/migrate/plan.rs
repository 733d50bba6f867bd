//! What is to be done, from what this program carries and what the database records. Pure.

use super::files::{self, File};
use super::{Direction, Migration};
use crate::db::{DbError, DbResult, Dialect, Row};
use crate::{Error, ErrorKind, Result};
use dutiful_core::Timestamp;
use std::ops::Range;

/// Where a run is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// All migrations applied.
    Up,
    /// None newer than this version applied.
    Down(u32),
}

/// A row of `dutiful_migrations`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) version: u32,
    pub(super) name: String,
    pub(super) checksum: String,
    pub(super) applied_at: Option<Timestamp>,
    /// Set while a run works on it, and left behind by one that was cut off.
    pub(super) under_way: Option<Direction>,
    pub(super) statements_done: usize,
}

impl Recorded {
    pub(super) fn read(row: &Row) -> DbResult<Recorded> {
        let under_way = match row.opt_text(4)? {
            None => None,
            Some("up") => Some(Direction::Up),
            Some("down") => Some(Direction::Down),
            Some(_) => return Err(DbError::decode(4, "`up` or `down` was expected")),
        };
        let number = |index| -> DbResult<u32> {
            u32::try_from(row.int(index)?)
                .map_err(|_| DbError::decode(index, "a small number was expected"))
        };
        Ok(Recorded {
            version: number(0)?,
            name: row.text(1)?.to_owned(),
            checksum: row.text(2)?.to_owned(),
            applied_at: row.opt_time(3)?,
            under_way,
            statements_done: number(5)? as usize,
        })
    }
}

/// One migration to apply or to roll back.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) file: &'static File,
    pub(super) direction: Direction,
    pub(super) begin: Begin,
    /// Statements that may already have taken effect, so that "it exists" or "it is gone" is no failure.
    pub(super) repeated: Range<usize>,
}

/// What is recorded before the first statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// A row of its own.
    New,
    /// The row turns to this direction and begins at its first statement. So many were done before.
    Turn { statements_done: usize },
    /// Nothing: the run goes on behind the statements that are done.
    Resume { statements_done: usize },
}

impl Step {
    pub(super) fn migration(&self) -> Migration {
        Migration {
            version: self.file.version,
            name: self.file.name.to_owned(),
        }
    }

    pub(super) fn first_statement(&self) -> usize {
        match self.begin {
            Begin::New | Begin::Turn { .. } => 0,
            Begin::Resume { statements_done } => statements_done,
        }
    }

    fn new(file: &'static File) -> Step {
        Step {
            file,
            direction: Direction::Up,
            begin: Begin::New,
            repeated: 0..0,
        }
    }

    /// A step for a migration that has a row. What was cut off in the same direction is taken up where
    /// it was; what was cut off in the other one, or by another text, begins anew over its remains.
    fn over(row: &Recorded, file: &'static File, direction: Direction, same_text: bool) -> Step {
        let statements_done = row.statements_done;
        let (begin, repeated) = match row.under_way {
            Some(was) if was == direction && same_text => (
                Begin::Resume { statements_done },
                statements_done..statements_done + 1,
            ),
            Some(_) => (Begin::Turn { statements_done }, 0..usize::MAX),
            None => (Begin::Turn { statements_done }, 0..0),
        };
        Step {
            file,
            direction,
            begin,
            repeated,
        }
    }
}

/// The steps to `goal`, in order. Nothing is planned over a schema that this program does not know.
pub(super) fn steps(
    files: &'static [File],
    dialect: Dialect,
    recorded: &[Recorded],
    goal: Goal,
) -> Result<Vec<Step>> {
    verify(files, dialect, recorded)?;
    let row = |file: &File| recorded.iter().find(|row| row.version == file.version);
    Ok(match goal {
        Goal::Up => files
            .iter()
            .filter_map(|file| match row(file) {
                None => Some(Step::new(file)),
                Some(row) if row.under_way.is_none() => None,
                Some(row) => {
                    let same_text = row.checksum == file.checksum(dialect);
                    Some(Step::over(row, file, Direction::Up, same_text))
                }
            })
            .collect(),
        Goal::Down(to) => files
            .iter()
            .rev()
            .filter(|file| file.version > to)
            .filter_map(|file| {
                let row = row(file)?;
                let same_text = row.checksum == file.checksum(dialect);
                Some(Step::over(row, file, Direction::Down, same_text))
            })
            .collect(),
    })
}

/// Refuses records that are not of this program: newer, of another text, or with a gap.
pub(super) fn verify(
    files: &'static [File],
    dialect: Dialect,
    recorded: &[Recorded],
) -> Result<()> {
    let known = files::newest(files);
    let newest = recorded.iter().map(|row| row.version).max().unwrap_or(0);
    if newest > known {
        return Err(schema(format!(
            "the tables were made by a newer version of Dutiful (schema {newest}, this program knows \
             {known}): upgrade this program"
        )));
    }
    for file in files.iter().filter(|file| file.version <= newest) {
        let Some(row) = recorded.iter().find(|row| row.version == file.version) else {
            return Err(schema(format!(
                "{} is not recorded as applied, but version {newest} is: the table of migrations was \
                 changed by hand; put its row back",
                named(file)
            )));
        };
        if row.under_way.is_none() && row.checksum != file.checksum(dialect) {
            return Err(schema(format!(
                "{} was applied with another text than this program carries (checksum {}, here {}): \
                 use the program that applied it, or one released after it",
                named(file),
                short(&row.checksum),
                short(&file.checksum(dialect)),
            )));
        }
    }
    Ok(())
}

/// Refuses every schema but the one that this program needs.
pub(super) fn check(files: &'static [File], dialect: Dialect, recorded: &[Recorded]) -> Result<()> {
    verify(files, dialect, recorded)?;
    if let Some(row) = recorded.iter().find(|row| row.under_way.is_some()) {
        let (doing, command) = match row.under_way {
            Some(Direction::Down) => ("rolled back", "`dutiful migrate up` or `down`"),
            _ => ("applied", "`dutiful migrate up`"),
        };
        return Err(schema(format!(
            "migration {} ({}) is being {doing}, or was cut off in that: wait for it, or run {command} to \
             finish it",
            row.version, row.name
        )));
    }
    let known = files::newest(files);
    match recorded.iter().map(|row| row.version).max() {
        None => Err(schema(
            "the tables are missing: run `dutiful migrate up`".to_owned(),
        )),
        Some(version) if version < known => Err(schema(format!(
            "the schema is version {version}, this program needs {known}: run `dutiful migrate up`"
        ))),
        Some(_) => Ok(()),
    }
}

fn schema(text: String) -> Error {
    Error::new(ErrorKind::Schema, text)
}

fn named(file: &File) -> String {
    format!("migration {} ({})", file.version, file.name)
}

/// Enough of a checksum to tell two apart.
fn short(checksum: &str) -> String {
    checksum.chars().take(12).collect()
}

#[cfg(test)]
mod tests {
    use super::super::files::Texts;
    use super::*;

    const NOTHING: Texts = Texts { up: "", down: "" };
    static THREE: &[File] = &[
        file(1, "SELECT 1;\n"),
        file(2, "SELECT 2;\n"),
        file(3, "SELECT 3;\n"),
    ];

    const fn file(version: u32, up: &'static str) -> File {
        File {
            version,
            name: "step",
            sqlite: Texts { up, down: "" },
            mysql: NOTHING,
            postgres: NOTHING,
        }
    }

    fn row(version: u32, under_way: Option<Direction>, statements_done: usize) -> Recorded {
        let checksum = match THREE.iter().find(|file| file.version == version) {
            Some(file) => file.checksum(Dialect::Sqlite),
            None => "unknown".to_owned(),
        };
        let applied_at = under_way.is_none().then(|| Timestamp::from_micros(0));
        let name = "step".to_owned();
        Recorded {
            version,
            name,
            checksum,
            applied_at,
            under_way,
            statements_done,
        }
    }

    fn done(version: u32) -> Recorded {
        row(version, None, 1)
    }

    /// Version, direction, first statement of each step.
    fn planned(recorded: &[Recorded], goal: Goal) -> Vec<(u32, Direction, usize)> {
        let steps = steps(THREE, Dialect::Sqlite, recorded, goal).unwrap();
        steps
            .iter()
            .map(|step| (step.file.version, step.direction, step.first_statement()))
            .collect()
    }

    #[test]
    fn up_applies_what_is_missing_oldest_first() {
        use Direction::Up;
        assert_eq!(planned(&[], Goal::Up), [(1, Up, 0), (2, Up, 0), (3, Up, 0)]);
        assert_eq!(planned(&[done(1)], Goal::Up), [(2, Up, 0), (3, Up, 0)]);
        assert_eq!(planned(&[done(1), done(2), done(3)], Goal::Up), []);
    }

    #[test]
    fn down_rolls_back_newest_first_and_leaves_the_version_named() {
        use Direction::Down;
        let all = [done(1), done(2), done(3)];
        assert_eq!(planned(&all, Goal::Down(1)), [(3, Down, 0), (2, Down, 0)]);
        assert_eq!(
            planned(&all[..2], Goal::Down(0)),
            [(2, Down, 0), (1, Down, 0)]
        );
        assert_eq!(planned(&all, Goal::Down(3)), []);
        assert_eq!(planned(&[], Goal::Down(0)), []);
    }

    #[test]
    fn a_run_that_was_cut_off_is_taken_up_behind_its_last_statement() {
        let recorded = [done(1), row(2, Some(Direction::Up), 4)];
        let plan = steps(THREE, Dialect::Sqlite, &recorded, Goal::Up).unwrap();
        assert_eq!(plan[0].begin, Begin::Resume { statements_done: 4 });
        assert_eq!(plan[0].repeated, 4..5);
        assert_eq!(plan[1].begin, Begin::New);
        assert!(plan[1].repeated.is_empty());
    }

    #[test]
    fn a_run_that_was_cut_off_can_be_turned_round() {
        for (was, goal) in [(Direction::Up, Goal::Down(1)), (Direction::Down, Goal::Up)] {
            let recorded = [done(1), row(2, Some(was), 4)];
            let plan = steps(THREE, Dialect::Sqlite, &recorded, goal).unwrap();
            assert_eq!(plan[0].begin, Begin::Turn { statements_done: 4 });
            assert!(plan[0].repeated.contains(&100));
        }
    }

    #[test]
    fn a_run_that_was_cut_off_with_another_text_begins_anew() {
        let mut cut = row(1, Some(Direction::Up), 4);
        cut.checksum = "other".to_owned();
        let plan = steps(THREE, Dialect::Sqlite, &[cut], Goal::Up).unwrap();
        assert_eq!(plan[0].begin, Begin::Turn { statements_done: 4 });
        assert!(plan[0].repeated.contains(&0));
    }

    #[test]
    fn a_newer_schema_is_left_alone_and_the_sentence_names_both_versions() {
        let newer = [done(1), done(2), done(3), row(7, None, 0)];
        for goal in [Goal::Up, Goal::Down(0)] {
            let error = steps(THREE, Dialect::Sqlite, &newer, goal).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Schema);
            let text = error.to_string();
            assert!(text.contains("schema 7, this program knows 3"), "{text}");
            assert!(text.contains("upgrade this program"), "{text}");
        }
    }

    #[test]
    fn another_text_under_an_applied_version_is_refused_by_its_name() {
        let mut changed = done(2);
        changed.checksum = "0123456789abcdef".to_owned();
        let error = check(THREE, Dialect::Sqlite, &[done(1), changed, done(3)]).unwrap_err();
        assert!(error.to_string().contains("migration 2 (step)"), "{error}");
    }

    #[test]
    fn a_gap_in_the_records_is_refused() {
        let error = steps(THREE, Dialect::Sqlite, &[done(2)], Goal::Up).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("migration 1 (step) is not recorded"),
            "{error}"
        );
    }

    #[test]
    fn only_the_schema_that_the_program_needs_passes_the_check() {
        let said = |rows: &[Recorded]| check(THREE, Dialect::Sqlite, rows).unwrap_err().to_string();
        assert!(check(THREE, Dialect::Sqlite, &[done(1), done(2), done(3)]).is_ok());
        assert_eq!(
            said(&[]),
            "the tables are missing: run `dutiful migrate up`"
        );
        assert!(
            said(&[done(1)]).contains("version 1, this program needs 3: run `dutiful migrate up`")
        );
        let cut = [done(1), done(2), row(3, Some(Direction::Down), 0)];
        assert!(said(&cut).contains("being rolled back"));
    }
}
