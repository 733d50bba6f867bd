//! Runs cut off at every statement, where each statement commits by itself. What such a run leaves is made
//! by another driver: the tables that its statements made, its record, and its lock.

use crate::harness::database::TestDb;
use crate::harness::trial::cases;
use crate::printed::{self, Printed};
use crate::tables::tables;
use dutiful::ErrorKind;
use dutiful::migrate::{Direction, Migrator};

cases!(
    run_up_cut_at_every_statement_is_finished_by_up,
    run_up_cut_at_every_statement_is_turned_round_by_down,
    run_down_cut_at_every_statement_is_finished_by_down,
    run_down_cut_at_every_statement_is_turned_round_by_up,
);

/// Where a run ended.
#[derive(Debug, Clone, Copy)]
struct Cut {
    /// In which migration, by its place in the direction.
    migration: usize,
    /// Statements of it that took effect.
    done: usize,
    /// Statements of it that are recorded: all of them, or the last one not yet.
    recorded: usize,
}

fn cuts(migrations: &[Printed]) -> Vec<Cut> {
    let mut all = Vec::new();
    for (migration, printed) in migrations.iter().enumerate() {
        for done in 0..=printed.statements.len() {
            for recorded in done.saturating_sub(1)..=done {
                all.push(Cut {
                    migration,
                    done,
                    recorded,
                });
            }
        }
    }
    all
}

async fn run_up_cut_at_every_statement_is_finished_by_up(db: TestDb) {
    finish_all(&db, Direction::Up, Direction::Up).await;
}

async fn run_up_cut_at_every_statement_is_turned_round_by_down(db: TestDb) {
    finish_all(&db, Direction::Up, Direction::Down).await;
}

async fn run_down_cut_at_every_statement_is_finished_by_down(db: TestDb) {
    finish_all(&db, Direction::Down, Direction::Down).await;
}

async fn run_down_cut_at_every_statement_is_turned_round_by_up(db: TestDb) {
    finish_all(&db, Direction::Down, Direction::Up).await;
}

/// Cuts a run in one direction everywhere, and each time lets a run in the other or the same one end it. Runs down
/// go no further than they must, so that the statements of all cuts together stay few.
async fn finish_all(db: &TestDb, direction: Direction, finish: Direction) {
    let migrator = db.client().await.migrator();
    migrator.up().await.unwrap();
    let whole = tables(db).await;
    let records = records(db).await;
    let up = printed::migrations(db, Direction::Up);
    let printed = printed::migrations(db, direction);
    assert_eq!(printed.len(), records.len());
    let below = below_each(db, &migrator, &up).await;
    for cut in cuts(&printed) {
        // How many migrations are there beside the one that is cut.
        let others = match direction {
            Direction::Up => cut.migration,
            Direction::Down => records.len() - 1 - cut.migration,
        };
        go_to(db, &migrator, &up, others, direction).await;
        cut_off(db, direction, &printed, &records, cut).await;
        let said = migrator.check().await.unwrap_err();
        assert_eq!(said.kind(), ErrorKind::Schema, "{said}");
        assert!(said.to_string().contains("was cut off"), "{said}");

        let expected = match finish {
            Direction::Up => {
                migrator.up().await.unwrap();
                &whole
            }
            Direction::Down => {
                let to = u32::try_from(others).unwrap();
                migrator.down(to).await.unwrap();
                &below[others]
            }
        };
        assert_eq!(
            &tables(db).await,
            expected,
            "{direction} {cut:?}, ended by {finish}"
        );
        assert_eq!(migrator.check().await.is_ok(), finish == Direction::Up);
    }
}

/// The tables with so many migrations, from none to all but one. Leaves none.
async fn below_each(db: &TestDb, migrator: &Migrator, up: &[Printed]) -> Vec<Vec<String>> {
    let mut below = Vec::new();
    for others in (0..up.len()).rev() {
        migrator.down(u32::try_from(others).unwrap()).await.unwrap();
        below.insert(0, tables(db).await);
    }
    below
}

/// Goes to where a run in that direction begins with the migration behind so many others.
async fn go_to(
    db: &TestDb,
    migrator: &Migrator,
    up: &[Printed],
    others: usize,
    direction: Direction,
) {
    let there = db.count("migrations").await;
    let there = usize::try_from(there).unwrap();
    let wanted = match direction {
        Direction::Up => others,
        Direction::Down => others + 1,
    };
    if there > wanted {
        migrator.down(u32::try_from(wanted).unwrap()).await.unwrap();
    }
    for migration in up.iter().take(wanted).skip(there) {
        for statement in migration.statements.iter().chain([&migration.record]) {
            db.exec(statement).await;
        }
    }
}

/// Version, name and checksum of every migration.
async fn records(db: &TestDb) -> Vec<[String; 3]> {
    let sql = "SELECT version, name, checksum FROM dutiful_migrations ORDER BY version";
    let rows = db.rows(sql).await.into_iter();
    rows.map(|row| [0, 1, 2].map(|cell| row[cell].clone().unwrap()))
        .collect()
}

/// Leaves what a run leaves that is killed there.
async fn cut_off(
    db: &TestDb,
    direction: Direction,
    printed: &[Printed],
    records: &[[String; 3]],
    cut: Cut,
) {
    let recorded = cut.recorded;
    let begin = match direction {
        Direction::Up => {
            let [version, name, checksum] = &records[cut.migration];
            format!(
                "INSERT INTO dutiful_migrations
                     (version, name, checksum, applied_at, under_way, statements_done)
                 VALUES ({version}, '{name}', '{checksum}', NULL, 'up', {recorded})"
            )
        }
        Direction::Down => {
            let [version, ..] = &records[records.len() - 1 - cut.migration];
            format!(
                "UPDATE dutiful_migrations
                 SET applied_at = NULL, under_way = 'down', statements_done = {recorded}
                 WHERE version = {version}"
            )
        }
    };
    assert_eq!(db.exec(&begin).await, 1);
    for statement in &printed[cut.migration].statements[..cut.done] {
        db.exec(statement).await;
    }
    let past = db.now_plus(-1);
    let lock = format!(
        "UPDATE dutiful_migration_lock
         SET token = 'gone', holder = 'process 1 of nobody', expires_at = {past} WHERE id = 1"
    );
    assert_eq!(db.exec(&lock).await, 1);
}
