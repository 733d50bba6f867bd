//! Settings of servers that trade durability or space for speed, one at a time against the base run.

use anyhow::Result;

use super::notes::{Notes, figures};
use super::scenarios::{BASE, Scene};
use super::sizes::patience;
use crate::bench::base::{Base, Family};
use crate::db::Engine;

/// What such settings change most: waiting for a commit, and throughput.
const MEASURES: [&str; 2] = ["submit-one", "drain"];

/// A setting that is not the default.
struct Setting {
    family: Family,
    place: &'static str,
    name: &'static str,
    value: &'static str,
    /// Whether it goes with the database, and need not be set back.
    passes: bool,
}

/// MariaDB has no binary log unless it is asked for.
const SYNC_BINLOG: &str = "sync_binlog";

impl Setting {
    fn fits(&self, base: Base) -> bool {
        let needs_mysql = self.name == SYNC_BINLOG;
        self.family == base.family() && (!needs_mysql || base == Base::Server(Engine::Mysql))
    }
}

const fn of_postgres(place: &'static str, name: &'static str, value: &'static str) -> Setting {
    Setting {
        family: Family::Postgres,
        place,
        name,
        value,
        passes: true,
    }
}

const fn of_mysql(name: &'static str, value: &'static str) -> Setting {
    Setting {
        family: Family::Mysql,
        place: "server",
        name,
        value,
        passes: false,
    }
}

const ALL: [Setting; 5] = [
    of_postgres("server", "synchronous_commit", "off"),
    of_postgres("table", "fillfactor", "100"),
    of_postgres("table", "autovacuum_enabled", "false"),
    of_mysql("innodb_flush_log_at_trx_commit", "2"),
    of_mysql(SYNC_BINLOG, "0"),
];

pub(super) fn measure(scene: &Scene, notes: &mut Notes) -> Result<()> {
    let all = ALL.iter().enumerate();
    for (part, setting) in all.filter(|(_, setting)| setting.fits(scene.base)) {
        notes.part(part);
        for only in MEASURES {
            measure_one(scene, notes, setting, only)?;
        }
    }
    Ok(())
}

fn measure_one(scene: &Scene, notes: &mut Notes, setting: &Setting, only: &str) -> Result<()> {
    let url = scene.stage.tables(scene.base)?;
    let set = |value| {
        let words = ["set", setting.place, setting.name, value];
        scene.stage.limits(&url, &words, patience(0))
    };
    set(setting.value)?;
    let document = scene.bench(&url, scene.sizes.tasks, only, &["--on-existing"]);
    // Whatever came of it, the next scenario must find the server as it was.
    if !setting.passes {
        set("default")?;
    }
    let id = only.replace('-', "_");
    for mut figure in figures(&document?)? {
        if figure.id == id {
            figure.told = format!("{} = {}: {}", setting.name, setting.value, figure.told);
            notes.add(setting.name, figure, Some((BASE, &id)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_the_engine() {
        let names = |base: Base| -> Vec<&str> {
            let fitting = ALL.iter().filter(|setting| setting.fits(base));
            fitting.map(|setting| setting.name).collect()
        };
        assert_eq!(names(Base::Sqlite).len(), 0);
        assert_eq!(names(Base::Server(Engine::Postgres)).len(), 3);
        assert_eq!(names(Base::Server(Engine::Mysql)).len(), 2);
        assert!(!names(Base::Server(Engine::Mariadb)).contains(&SYNC_BINLOG));
    }
}
