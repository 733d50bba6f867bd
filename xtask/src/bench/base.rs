//! What is measured on: SQLite, or one of the servers of `cargo xtask db`.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::db::Engine;

/// A database of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Sqlite,
    Server(Engine),
}

/// What speaks one dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Sqlite,
    Mysql,
    Postgres,
}

/// Everything that can be named.
const ALL: [Base; 6] = [
    Base::Sqlite,
    Base::Server(Engine::Postgres),
    Base::Server(Engine::Mariadb),
    Base::Server(Engine::Mysql),
    Base::Server(Engine::Postgres18),
    Base::Server(Engine::Mariadb11),
];

impl Base {
    /// What is measured when nothing is named.
    pub(crate) const USUAL: [Base; 4] = [ALL[0], ALL[1], ALL[2], ALL[3]];

    pub(crate) fn name(self) -> String {
        match self {
            Base::Sqlite => "sqlite".to_owned(),
            Base::Server(engine) => engine.name(),
        }
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Base::Sqlite => Family::Sqlite,
            Base::Server(Engine::Mariadb | Engine::Mysql | Engine::Mariadb11 | Engine::Galera) => {
                Family::Mysql
            }
            Base::Server(_) => Family::Postgres,
        }
    }
}

impl ValueEnum for Base {
    fn value_variants<'a>() -> &'a [Base] {
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Base::Sqlite => Some(PossibleValue::new("sqlite")),
            Base::Server(engine) => engine.to_possible_value(),
        }
    }
}
